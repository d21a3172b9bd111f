#pragma once

#include "remotemedia/base/packet.h"

#include <cstdint>
#include <functional>
#include <string>

namespace remotemedia {

class Parameters;

/// What flows through a port, as far as it is known before the run. 0 and false mean "not known".
struct StreamFormat {
  PayloadKind kind = PayloadKind::none;  ///< none = any
  int rate = 0;
  int channels = 0;
  bool sample_format_known = false;
  SampleFormat sample_format = SampleFormat::f32;
};

/// Where a node sends its results. Given to each call; not to be kept.
class Emitter {
 public:
  virtual ~Emitter() = default;
  /// Sends a packet out of output port `port`. False once the session was cancelled: a node that
  /// emits in a loop then stops.
  virtual bool emit(Packet packet, std::uint16_t port = 0) = 0;
};

/// What a node learns before its first packet.
struct NodeContext {
  std::string node_id;
  std::string node_type;
  std::string session_id;
  const Parameters* parameters = nullptr;  ///< checked, defaults filled in; outlives the node
  StreamFormat input;                      ///< of input port 0, as far as it is known
};

/// One step of a graph. The only node interface: native and Python nodes alike.
///
/// The session calls initialize once, then process per packet in arrival order, flush once at the
/// end of the input, cleanup once whatever happened. All calls of a session come from one thread at
/// a time. Errors are exceptions; the session adds node id, type and stage.
class NodeExecutor {
 public:
  virtual ~NodeExecutor() = default;
  /// Takes the memory the node needs. [control]
  virtual void initialize(const NodeContext& context) { static_cast<void>(context); }
  /// 0..n results per packet through `out`. `packet.port` is the input port. A source node is
  /// called once, with an empty packet, and emits until its declared end. [session]
  virtual void process(Packet packet, Emitter& out) = 0;
  /// End of input: emits what is held back. [session]
  virtual void flush(Emitter& out) { static_cast<void>(out); }
  /// Frees what initialize took. [control]
  virtual void cleanup() noexcept {}
};

/// A node whose process call may wait for something, e.g. an answer from the network, without a
/// thread that waits with it. On a lane it is begun, and gone on with, instead of process, on
/// threads that it must not hold up; elsewhere process is called and waits.
class AwaitingNode : public NodeExecutor {
 public:
  /// Any thread may call it, once, also before the call that it was given to has returned.
  using Resume = std::function<void()>;

  /// Begins a process call. True if the call has ended; false if it waits: then `resume` gets
  /// called, also after a cancel and a stop, and go_on after that. Errors end the call. [session]
  virtual bool begin(Packet packet, Emitter& out, Resume resume) = 0;
  /// Goes on with the call that waited, as begin. [session]
  virtual bool go_on(Emitter& out, Resume resume) = 0;
  /// Whether this one is to be begun. Asked once, after initialize. [control]
  [[nodiscard]] virtual bool awaits() const = 0;
};

}  // namespace remotemedia
