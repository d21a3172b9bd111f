#pragma once

#include "remotemedia/base/packet.h"

#include <cstdint>
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

}  // namespace remotemedia
