#include "bindings/python_node.h"

#include "bindings/arrays.h"
#include "bindings/errors.h"
#include "bindings/late_import.h"
#include "bindings/packets.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/error.h"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport context_type("remotemedia._packet", "NodeContext");
LateImport is_transient_in_python("remotemedia.exceptions", "is_transient");

/// A Python exception of a node. It says what it is about without its traceback: who knows Python
/// finds that in the exception, others have no use for it.
class RaisedByNode : public nb::python_error {
 public:
  explicit RaisedByNode(const nb::python_error& error)
      : nb::python_error(error), words_(words_of(error)) {}
  [[nodiscard]] const char* what() const noexcept override { return words_.c_str(); }

 private:
  std::string words_;
};

/// One whose cause may pass.
class TransientPythonError final : public RaisedByNode, public Transient {
 public:
  using RaisedByNode::RaisedByNode;
};

/// What an executor calls once its call can go on.
class Resume {
 public:
  explicit Resume(AwaitingNode::Resume resume) : resume_(std::move(resume)) {}
  void operator()() {
    std::exchange(resume_, [] {})();
  }

 private:
  AwaitingNode::Resume resume_;
};

nb::object python_resume(AwaitingNode::Resume resume) {
  return nb::cast(Resume(std::move(resume)), nb::rv_policy::move);
}

thread_local const std::shared_ptr<PythonSide>* making_for = nullptr;

/// Runs Python code of a node; what is no Exception passes the session unnamed, where it may, and
/// what may pass by itself is marked so.
template <typename Call>
void run_python(const PythonSide& side, Call call) {
  const GilAcquire gil;
  try {
    call();
  } catch (nb::python_error& error) {
    if (side.lets_pass && !error.matches(PyExc_Exception)) {
      throw PassingException{std::move(error)};
    }
    if (nb::cast<bool>(is_transient_in_python(error.value()))) throw TransientPythonError(error);
    throw RaisedByNode(error);
  }
}

}  // namespace

PythonSide::~PythonSide() {
  for (nb::object* kept : {&sink, &loop, &on_failure, &sink_error}) let_go(kept->release().ptr());
}

int PythonSide::traverse(visitproc visit, void* arg) const {
  Py_VISIT(sink.ptr());
  Py_VISIT(loop.ptr());
  Py_VISIT(on_failure.ptr());
  Py_VISIT(sink_error.ptr());
  for (const PythonNode* node : nodes) {
    if (const int result = node->traverse(visit, arg); result != 0) return result;
  }
  return 0;
}

void PythonSide::clear() {
  sink.reset();
  loop.reset();
  on_failure.reset();
  sink_error.reset();
  for (PythonNode* node : nodes) {
    if (!node->belongs_to_lane()) node->executor_.reset();
  }
}

MakingNodes::MakingNodes(const std::shared_ptr<PythonSide>& side)
    : outer_(std::exchange(making_for, &side)) {}

MakingNodes::~MakingNodes() { making_for = outer_; }

bool Emit::operator()(nb::handle packet, std::uint16_t port) {
  if (call_ == nullptr || thread_ != std::this_thread::get_id()) {
    refuse("emit", "called outside of its call", "a call during process or flush, on their thread",
           "return results to the call that makes them");
  }
  Packet given = to_packet(packet);
  if (const AudioBuffer* audio = given.audio()) {
    charge_new_array(*audio, call_->given_, call_->account_);
  }
  try {
    const GilRelease unlocked;
    return call_->out_.emit(std::move(given), port);
  } catch (...) {
    raise_failure();
  }
}

void Emit::raise_failure() const {
  nb::object exception = side_.sink_error;
  if (!exception.is_valid()) exception = to_exception(std::current_exception());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

PythonNode::PythonNode(nb::handle factory) : side_(*making_for) {
  run_python(*side_, [&] {
    if (!factory.is_valid()) refuse("the graph", "cleared", "alive");
    executor_.keep(factory());
    emit_.keep(nb::cast(Emit(*side_), nb::rv_policy::move));
    side_->nodes.push_back(this);
  });
}

PythonNode::~PythonNode() {
  const PythonAccess python;
  std::erase(side_->nodes, this);
  executor_.reset();
  emit_.reset();
}

void PythonNode::initialize(const NodeContext& context) {
  run_python(*side_, [&] {
    executor_.get().attr("initialize")(context_type(to_python(std::string_view(context.node_id)),
                                                    to_python(std::string_view(context.node_type)),
                                                    to_python(std::string_view(context.session_id)),
                                                    side_->loop));
    awaits_ = nb::cast<bool>(nb::getattr(executor_.get(), "awaits", nb::bool_(false)));
  });
}

void PythonNode::process(Packet packet, Emitter& out) {
  run_python(*side_, [&] {
    const Emit::Call call(*nb::inst_ptr<Emit>(emit_.get()), out, packet.audio());
    executor_.get().attr("process")(to_python(packet), emit_.get());
  });
}

bool PythonNode::begin(Packet packet, Emitter& out, Resume resume) {
  bool has_ended = true;
  run_python(*side_, [&] {
    const Emit::Call call(*nb::inst_ptr<Emit>(emit_.get()), out, packet.audio());
    has_ended = nb::cast<bool>(executor_.get().attr("begin")(to_python(packet), emit_.get(),
                                                             python_resume(std::move(resume))));
  });
  return has_ended;
}

bool PythonNode::go_on(Emitter& out, Resume resume) {
  bool has_ended = true;
  run_python(*side_, [&] {
    const Emit::Call call(*nb::inst_ptr<Emit>(emit_.get()), out, nullptr);
    has_ended = nb::cast<bool>(
        executor_.get().attr("go_on")(emit_.get(), python_resume(std::move(resume))));
  });
  return has_ended;
}

void PythonNode::flush(Emitter& out) {
  run_python(*side_, [&] {
    const Emit::Call call(*nb::inst_ptr<Emit>(emit_.get()), out, nullptr);
    executor_.get().attr("flush")(emit_.get());
  });
}

void PythonNode::cleanup() noexcept {
  const PythonAccess python;
  if (!python || !executor_.get().is_valid()) return;
  const nb::error_scope keep_current;
  try {
    executor_.get().attr("cleanup")();
  } catch (nb::python_error& error) {
    // A session cleans up also while it reports another error: this one must not replace it.
    error.discard_as_unraisable(executor_.get());
  }
  is_clean_ = true;
}

int PythonNode::traverse(visitproc visit, void* arg) const {
  if (belongs_to_lane()) return 0;  // a reference that the collector does not know keeps it
  Py_VISIT(executor_.get().ptr());
  Py_VISIT(emit_.get().ptr());
  return 0;
}

void bind_emit(nb::module_& m) {
  using nb::literals::operator""_a;
  nb::class_<Emit>(m, "_Emit", nb::is_final(), "Sends a packet out of an output port.")
      .def("__call__", &Emit::operator(), "packet"_a, "port"_a = 0);
  nb::class_<Resume>(m, "_Resume", nb::is_final(), "Makes a session go on with a call.")
      .def("__call__", &Resume::operator());
}

}  // namespace remotemedia::bindings
