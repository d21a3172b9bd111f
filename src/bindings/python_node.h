#pragma once

#include "bindings/python_access.h"
#include "remotemedia/base/memory_account.h"
#include "remotemedia/graph/node.h"

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace remotemedia::bindings {

class PythonNode;

/// What the Python side of one session consists of; shared by the session, its sink and its Python
/// nodes. Touched with the GIL only, but the last to let go of it may be a lane's thread.
/// Everything Python in here is visited by the garbage collector, so that a sink or a node may
/// refer back to the session.
struct PythonSide {
  PythonSide() = default;
  PythonSide(const PythonSide&) = delete;
  PythonSide& operator=(const PythonSide&) = delete;
  ~PythonSide();

  nanobind::object sink;
  nanobind::object loop;
  /// Called with the error of a node on a lane; or None.
  nanobind::object on_failure;
  /// What the sink raised in the current call, for the Python nodes on the way back.
  nanobind::object sink_error;
  std::vector<PythonNode*> nodes;
  /// The session has been closed, maybe during a call on a lane, which then cleans up the nodes.
  bool is_closed = false;
  /// Whether what is no Exception passes a session unnamed, to whoever waits for a call. Nobody
  /// waits for those of a server: it is a node's failure there.
  bool lets_pass = true;

  int traverse(visitproc visit, void* arg) const;
  void clear();
};

/// While it lives, Python nodes made on this thread belong to `side`: a graph is shared by sessions
/// and makes the nodes of each without knowing it.
class MakingNodes {
 public:
  explicit MakingNodes(const std::shared_ptr<PythonSide>& side);
  ~MakingNodes();
  MakingNodes(const MakingNodes&) = delete;
  MakingNodes& operator=(const MakingNodes&) = delete;

 private:
  const std::shared_ptr<PythonSide>* outer_;
};

/// The `emit` that a Python executor gets. Works during the call it is given to, on that call's
/// thread; a call from elsewhere is a configuration error.
class Emit {
 public:
  explicit Emit(const PythonSide& side) : side_(side) {}
  bool operator()(nanobind::handle packet, std::uint16_t port);

  /// Opens it for one call.
  class Call {
   public:
    /// `given` is the audio of the call's packet; null if it has none.
    Call(Emit& emit, Emitter& out, const AudioBuffer* given)
        : emit_(emit), out_(out), given_(given), account_(MemoryAccount::current()) {
      emit_.call_ = this;
      emit_.thread_ = std::this_thread::get_id();
    }
    ~Call() { emit_.call_ = nullptr; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    friend class Emit;

    Emit& emit_;
    Emitter& out_;
    const AudioBuffer* given_;
    std::shared_ptr<MemoryAccount> account_;
    MemoryAccount::Scope unmeasured_;  ///< what Python code takes counts once it is emitted
  };

 private:
  [[noreturn]] void raise_failure() const;

  const PythonSide& side_;      ///< looked at during a call only
  const Call* call_ = nullptr;  ///< that is open
  std::thread::id thread_;
};

/// A Python executor (remotemedia._packet.Executor) as a node. Its exceptions pass as they are; the
/// session adds the node's name. Takes the GIL for each call. It awaits if the executor does
/// (remotemedia._packet.AwaitingExecutor).
class PythonNode final : public AwaitingNode {
 public:
  /// Calls `factory()`, which gives the executor.
  explicit PythonNode(nanobind::handle factory);
  ~PythonNode() override;
  PythonNode(const PythonNode&) = delete;
  PythonNode& operator=(const PythonNode&) = delete;

  void initialize(const NodeContext& context) override;
  void process(Packet packet, Emitter& out) override;
  bool begin(Packet packet, Emitter& out, Resume resume) override;
  bool go_on(Emitter& out, Resume resume) override;
  [[nodiscard]] bool awaits() const override { return awaits_; }
  void flush(Emitter& out) override;
  void cleanup() noexcept override;

  int traverse(visitproc visit, void* arg) const;

 private:
  friend struct PythonSide;

  /// Whether a lane still has to clean it up, also when Python has let go of its session.
  [[nodiscard]] bool belongs_to_lane() const { return side_->is_closed && !is_clean_; }

  std::shared_ptr<PythonSide> side_;
  KeptObject executor_;
  KeptObject emit_;
  bool awaits_ = false;
  bool is_clean_ = false;
};

/// The classes that executors meet, for the module.
void bind_emit(nanobind::module_& m);

}  // namespace remotemedia::bindings
