#include "remotemedia/graph/session.h"

#include "graph/session_engine.h"

#include <utility>

namespace remotemedia {

Session::Session(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink)
    : engine_(std::make_shared<Engine>(std::move(graph), std::move(options), std::move(sink))) {
  engine_->initialize();
}

Session::~Session() {
  if (!engine_->is_left_behind()) engine_->close(std::nullopt);
}

void Session::push(Packet packet) { engine_->push(std::move(packet)); }

bool Session::try_push(Packet& packet) {
  if (!engine_->has_room()) return false;
  engine_->push(std::move(packet));
  return true;
}

bool Session::has_room() const { return engine_->has_room(); }
void Session::run_sources() { engine_->run_sources(); }
void Session::flush() { engine_->flush(); }
void Session::finish() { engine_->finish(); }
void Session::begin_finish(std::function<void()> ready) { engine_->begin_finish(std::move(ready)); }
void Session::cancel() noexcept { engine_->cancel(); }
void Session::stop() noexcept { engine_->stop(); }
bool Session::close(std::optional<Time> timeout) noexcept { return engine_->close(timeout); }
const Graph& Session::graph() const { return engine_->graph(); }
Metrics Session::metrics() const { return engine_->metrics(); }

}  // namespace remotemedia
