#include "server/sessions.h"

#include "remotemedia/base/blocks.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/log.h"
#include "server/clock.h"
#include "server/problem.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace remotemedia::server {
namespace {

/// Graphs that are being made at one time; more wait for nothing, they come again.
constexpr int kMostPrepared = 64;
constexpr Time kIdentityAge = std::chrono::hours(24 * 7);
/// How long the nodes of a session that is over may take to finish.
constexpr Time kFinish = std::chrono::seconds(5);

int status_of(rtc::RefusalKind kind) {
  switch (kind) {
    case rtc::RefusalKind::malformed:
      return 400;
    case rtc::RefusalKind::too_large:
      return 413;
    case rtc::RefusalKind::unsupported:
      return 422;
  }
  return 400;
}

Refused refused(const rtc::Refusal& refusal) { return {status_of(refusal.kind), refusal.reason}; }

Refused unknown(const std::string& id) { return {404, "there is no session " + id}; }

std::string words_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return kWithoutWords;
  }
}

/// Without it the process keeps what its most sessions at once have taken.
void give_back_free_memory() {
  free_kept_blocks();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

bool is_wildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

/// Where datagrams come in. Firefox has no loopback address for them: a server of this machine only
/// takes them at its other addresses, too. Only who got an answer over HTTP can make use of that.
std::string datagram_host(const std::string& host) {
  const auto address = rtc::parse_address(host, 0);
  if (address->v6) return host == "::1" ? "::" : host;
  return address->bytes[0] == 127 ? "0.0.0.0" : host;
}

}  // namespace

Sessions::Sessions(const ServerOptions& options, SessionSource running, SessionListener listener,
                   std::function<void(std::function<void()>)> run_in_front)
    : options_(options),
      running_(std::move(running)),
      listener_(std::move(listener)),
      run_in_front_(std::move(run_in_front)),
      workers_(kMostPrepared) {}

Sessions::~Sessions() { stop(); }

void Sessions::start() {
  int count = options_.shards;
  if (count == 0) count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int first = options_.udp_port != 0 ? options_.udp_port : options_.port;
  const int last_possible = 65'535 - (count - 1);
  if (first > last_possible) {
    remotemedia::refuse(
        "server: udp_port", first, "at most " + std::to_string(last_possible),
        "each of " + std::to_string(count) + " shards has a port, one after another");
  }
  for (int i = 0; i < count; ++i) {
    const int port = first == 0 ? 0 : first + i;
    const auto address =
        rtc::parse_address(datagram_host(options_.host), static_cast<std::uint16_t>(port));
    shards_.push_back(std::make_unique<Shard>(*address, shard_events()));
    per_shard_.push_back(0);
  }
  sctp_.start();
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->start(i, shards_.size());
}

Shard::Events Sessions::shard_events() {
  return {
      .ended =
          [this](const std::string& id, const std::string& reason,
                 std::unique_ptr<PeerPipeline> pipeline) {
            auto kept = std::make_shared<std::unique_ptr<PeerPipeline>>(std::move(pipeline));
            run_in_front_([this, id, reason, kept] { on_ended(id, reason, std::move(*kept)); });
          },
      .message =
          [this](const std::string& id, const Value& message) {
            if (!listener_.on_message) return;
            run_in_front_([this, id, message] {
              tell(id, [this, id, message] { listener_.on_message(id, message); });
            });
          },
      .restart =
          [this](const std::string& id, std::unique_ptr<PeerPipeline> failed) {
            auto kept = std::make_shared<std::unique_ptr<PeerPipeline>>(std::move(failed));
            run_in_front_([this, id, kept] { restart(id, std::move(*kept)); });
          },
  };
}

std::optional<Refused> Sessions::refuse(const NewSession& session) {
  if (draining_) return Refused{503, "the server is about to stop", 10};
  if (sessions_.contains(session.id)) return Refused{409, "there is a session of this id"};
  if (sessions_.size() >= static_cast<std::size_t>(options_.max_sessions)) {
    return Refused{503, "the server has as many sessions as it may", 5};
  }
  if (per_address_.of(limit_key(session.client)) >= options_.max_sessions_per_address) {
    return Refused{429, "this address has as many sessions as one may", 5};
  }
  if (!session.listens_to.empty()) {
    const auto source = sessions_.find(session.listens_to);
    if (source == sessions_.end()) return unknown(session.listens_to);
    if (!source->second.installed) return Refused{409, "that session is being opened", 1};
    if (listeners_.of(session.listens_to) >= kMaxListeners) {
      return Refused{503, "that session has as many listeners as it may", 5};
    }
  }
  return std::nullopt;
}

std::size_t Sessions::least_loaded() const {
  return static_cast<std::size_t>(std::ranges::min_element(per_shard_) - per_shard_.begin());
}

std::vector<rtc::Address> Sessions::candidates(const Shard& shard) const {
  std::vector<std::string> addresses = options_.announced_addresses;
  const std::string host = datagram_host(options_.host);
  if (addresses.empty() && is_wildcard(host)) addresses = interface_addresses(host == "::");
  if (addresses.empty()) addresses = {options_.host};
  std::vector<rtc::Address> found;
  for (const std::string& address : addresses) {
    if (auto parsed = rtc::parse_address(address, shard.port())) found.push_back(*parsed);
  }
  return found;
}

std::shared_ptr<const rtc::Identity> Sessions::identity() {
  const Time now = steady_now();
  if (identity_ == nullptr || now - identity_made_ > kIdentityAge) {
    identity_ = rtc::Identity::generate(unix_ms() / 1000);
    identity_made_ = now;
  }
  return identity_;
}

std::uint64_t Sessions::wait_for_answer(Answered answered) {
  return answers_.begin(1, [answered = std::move(answered)](const std::vector<Result>& results) {
    answered(results.front());
  });
}

void Sessions::open(NewSession session, Answered answered) {
  if (auto refused = refuse(session)) {
    ++counts_.refused;
    return answered(*std::move(refused));
  }
  const std::size_t index = least_loaded();
  Shard& shard = *shards_[index];
  int rate_to_listen = 0;
  if (!session.listens_to.empty()) rate_to_listen = sessions_.at(session.listens_to).send_rate;
  const std::string id = session.id;
  Entry entry{.shard = index,
              .client = limit_key(session.client),
              .listens_to = session.listens_to,
              .on_end = std::exchange(session.on_end, {}),
              .strand = std::make_shared<Strand>(workers_)};
  const std::uint64_t call = wait_for_answer(std::move(answered));
  const auto task = [this, session = std::move(session), &shard, rate_to_listen,
                     identity = identity(), call] {
    std::string answer;
    auto prepared =
        std::make_shared<Prepared>(prepare(session, shard, rate_to_listen, identity, answer));
    run_in_front_([this, id = session.id, prepared, answer, call] {
      install(id, std::move(*prepared), answer, call);
    });
  };
  if (!workers_.try_run_briefly(task)) {
    ++counts_.refused;
    return answers_.add(call, Refused{503, "too many sessions are being opened at this moment", 1});
  }
  per_address_.add(entry.client);
  if (!entry.listens_to.empty()) listeners_.add(entry.listens_to);
  ++per_shard_[index];
  sessions_.emplace(id, std::move(entry));
}

std::unique_ptr<PeerPipeline> Sessions::make_pipeline(const std::string& id, Shard& shard) {
  return std::make_unique<PeerPipeline>(running_, id, [&shard, id] {
    shard.post([&shard, id] { shard.with(id, [](Peer& peer, Time now) { peer.collect(now); }); });
  });
}

/// On a worker's thread.
Sessions::Prepared Sessions::prepare(const NewSession& session, Shard& shard, int rate_to_listen,
                                     const std::shared_ptr<const rtc::Identity>& identity,
                                     std::string& answer) {
  try {
    PeerOptions peer{.id = session.id,
                     .client = session.client,
                     .endpoint = {},
                     .barge_in = options_.barge_in,
                     .on_failure = options_.on_failure,
                     .metrics_interval = options_.metrics_interval,
                     .max_age = options_.max_session_age};
    rtc::EndpointOptions& endpoint = peer.endpoint;
    endpoint.candidates = candidates(shard);
    endpoint.bitrate = options_.bitrate;
    endpoint.complexity = options_.complexity;
    endpoint.connect_timeout = options_.connect_timeout;
    endpoint.grace = options_.grace;
    endpoint.send_queue = std::chrono::seconds(60);
    endpoint.sctp = sctp_.worker();
    std::unique_ptr<PeerPipeline> pipeline;
    if (rate_to_listen == 0) {
      pipeline = make_pipeline(session.id, shard);
      const Graph& graph = pipeline->graph();
      const int wanted = input_rate(graph);
      endpoint.receive_rate = options_.receive_rate != 0 ? options_.receive_rate : wanted;
      endpoint.send_rate =
          options_.send_rate != 0 ? options_.send_rate : output_rate(graph, endpoint.receive_rate);
    } else {
      endpoint.send_rate = rate_to_listen;
    }
    const Time now = steady_now();
    auto made = std::make_unique<Peer>(std::move(peer), identity, std::move(pipeline), now);
    auto answered = made->accept_offer(session.offer, now);
    if (const auto* refusal = std::get_if<rtc::Refusal>(&answered)) return refused(*refusal);
    answer = std::move(std::get<std::string>(answered));
    return made;
  } catch (...) {
    // What it was may name files and code of this machine, which are none of a stranger's business.
    log(LogLevel::error,
        "session " + session.id + " was not opened: " + words_of(std::current_exception()));
    return Refused{500,
                   "session " + session.id + " could not be opened: the server's log tells why"};
  }
}

/// What the failed one holds is free before the next one is made.
void Sessions::restart(const std::string& id, std::unique_ptr<PeerPipeline> failed) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return finish(std::move(failed));
  ++counts_.restarts;
  auto kept = std::make_shared<std::unique_ptr<PeerPipeline>>(std::move(failed));
  workers_.run([this, id, kept, &shard = *shards_[found->second.shard]] {
    (*kept)->finish(kFinish);
    kept->reset();
    resume(id, shard);
  });
}

/// On a worker's thread.
void Sessions::resume(const std::string& id, Shard& shard) {
  try {
    auto made = std::make_shared<std::unique_ptr<PeerPipeline>>(make_pipeline(id, shard));
    shard.post([this, id, made, &shard] {
      shard.with(id, [&](Peer& peer, Time now) { peer.resume(std::move(*made), now); });
      if (*made) finish(std::move(*made));  // the session has ended meanwhile
    });
  } catch (...) {
    shard.post([id, words = words_of(std::current_exception()), &shard] {
      shard.with(id, [&](Peer& peer, Time now) { peer.end_with(words, now); });
    });
  }
}

/// On any thread: it takes as long as the nodes take. Where they do not wait, one after another: a
/// thread for each of many sessions that end together would cost more than it does.
void Sessions::finish(std::unique_ptr<PeerPipeline> pipeline) {
  ++finishing_;
  const bool may_wait = pipeline->may_wait();
  auto kept = std::make_shared<std::unique_ptr<PeerPipeline>>(std::move(pipeline));
  const auto end = [this, kept] {
    (*kept)->finish(kFinish);
    kept->reset();
    run_in_front_([this] {
      --finishing_;
      give_back_if_idle();
    });
  };
  if (may_wait || !endings_.post(end)) workers_.run(end);
}

void Sessions::install(const std::string& id, Prepared prepared, std::string answer,
                       std::uint64_t call) {
  const auto found = sessions_.find(id);
  if (const auto* refused = std::get_if<Refused>(&prepared)) {
    ++(refused->status == 500 ? counts_.failed : counts_.refused);
    forget(id);
    return answers_.add(call, *refused);
  }
  auto peer =
      std::make_shared<std::unique_ptr<Peer>>(std::move(std::get<std::unique_ptr<Peer>>(prepared)));
  Entry& entry = found->second;
  entry.installed = true;
  entry.send_rate = (*peer)->send_rate();
  Shard& shard = *shards_[entry.shard];
  ++counts_.opened;
  shard.post([&shard, peer] { shard.add(std::move(*peer)); });
  if (const auto source = sessions_.find(entry.listens_to); source != sessions_.end()) {
    Shard& theirs = *shards_[source->second.shard];
    // From shard to shard: they live as long as all that runs on them.
    const auto play = [&shard, id](const SharedSamples& samples) {
      shard.post([&shard, id, samples] {
        shard.with(id, [&](Peer& listener, Time now) { listener.play(*samples, now); });
      });
    };
    const auto cancel_audio = [&shard, id] {
      shard.post([&shard, id] {
        shard.with(id, [](Peer& listener, Time /*now*/) { listener.cancel_audio(); });
      });
    };
    theirs.post([&theirs, to = entry.listens_to, id, play, cancel_audio] {
      theirs.with(to, [&](Peer& heard, Time) { heard.add_listener({id, play, cancel_audio}); });
    });
  }
  if (listener_.on_start) tell(id, [this, id] { listener_.on_start(id); });
  const bool closed = entry.closed;
  answers_.add(call, Accepted{id, std::move(answer)});
  if (closed) close(id);
}

void Sessions::renew(const std::string& id, std::string offer, Answered answered) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return answered(unknown(id));
  if (!found->second.installed) return answered(Refused{409, "the session is being opened", 1});
  Shard& shard = *shards_[found->second.shard];
  const std::uint64_t call = wait_for_answer(std::move(answered));
  shard.post([this, &shard, id, offer = std::move(offer), call] {
    Result result = unknown(id);
    shard.with(id, [&](Peer& peer, Time now) {
      auto answer = peer.accept_offer(offer, now);
      if (const auto* refusal = std::get_if<rtc::Refusal>(&answer)) {
        result = refused(*refusal);
      } else {
        result = Accepted{id, std::get<std::string>(std::move(answer))};
      }
    });
    run_in_front_([this, call, result] { answers_.add(call, result); });
  });
}

bool Sessions::close(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  found->second.closed = true;
  if (!found->second.installed) return true;
  Shard& shard = *shards_[found->second.shard];
  shard.post([&shard, id] { shard.with(id, [](Peer& peer, Time now) { peer.close(now); }); });
  return true;
}

bool Sessions::end_with(const std::string& id, const std::string& reason) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  Shard& shard = *shards_[found->second.shard];
  shard.post([&shard, id, reason] {
    shard.with(id, [&](Peer& peer, Time now) { peer.end_with(reason, now); });
  });
  return true;
}

bool Sessions::send(const std::string& id, const Value& message) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  Shard& shard = *shards_[found->second.shard];
  shard.post([&shard, id, message] {
    shard.with(id, [&](Peer& peer, Time now) { peer.send(message, now); });
  });
  return true;
}

void Sessions::broadcast(const Value& message) {
  for (const auto& shard : shards_) {
    shard->post([&shard = *shard, message] {
      shard.for_each([&](Peer& peer, Time now) { peer.send(message, now); });
    });
  }
}

void Sessions::close_all() {
  for (const auto& [id, entry] : sessions_) close(id);
}

void Sessions::describe(std::function<void(Value::Array)> done) {
  const std::uint64_t call = descriptions_.begin(
      shards_.size(), [done = std::move(done)](std::vector<Value::Array> parts) {
        Value::Array all;
        for (Value::Array& part : parts) std::ranges::move(part, std::back_inserter(all));
        done(std::move(all));
      });
  for (const auto& shard : shards_) {
    shard->post([this, &shard = *shard, call] {
      Value::Array part;
      shard.for_each([&](Peer& peer, Time now) { part.push_back(peer.describe(now)); });
      run_in_front_([this, call, part] { descriptions_.add(call, part); });
    });
  }
}

void Sessions::measure(std::function<void(std::vector<ShardStatistics>)> done) {
  const std::uint64_t call = measurements_.begin(shards_.size(), std::move(done));
  for (const auto& shard : shards_) {
    shard->post([this, &shard = *shard, call] {
      run_in_front_([this, call, part = shard.statistics()] { measurements_.add(call, part); });
    });
  }
}

void Sessions::forget(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  per_address_.remove(found->second.client);
  if (!found->second.listens_to.empty()) listeners_.remove(found->second.listens_to);
  --per_shard_[found->second.shard];
  sessions_.erase(found);
  give_back_if_idle();
}

/// After the shards have done all that they had to: on them the last peers go, and what their
/// threads keep is spread over the memory of all sessions that were.
void Sessions::give_back_if_idle() {
  if (!sessions_.empty() || finishing_ > 0) return;
  if (listener_.on_idle) listener_.on_idle();
  const auto left = std::make_shared<std::atomic<std::size_t>>(shards_.size());
  for (const auto& shard : shards_) {
    shard->post([this, left] {
      free_kept_blocks();
      if (--*left == 0) workers_.run(give_back_free_memory);
    });
  }
}

void Sessions::on_ended(const std::string& id, const std::string& reason,
                        std::unique_ptr<PeerPipeline> pipeline) {
  ++counts_.ended;
  if (pipeline) finish(std::move(pipeline));
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  std::vector<std::string> listeners;
  for (const auto& [other, entry] : sessions_) {
    if (entry.listens_to == id) listeners.push_back(other);
  }
  for (const std::string& listener : listeners) close(listener);
  if (const auto source = sessions_.find(found->second.listens_to); source != sessions_.end()) {
    Shard& theirs = *shards_[source->second.shard];
    theirs.post([&theirs, to = source->first, id] {
      theirs.with(to, [&](Peer& heard, Time) { heard.remove_listener(id); });
    });
  }
  if (listener_.on_end) tell(id, [this, id, reason] { listener_.on_end(id, reason); });
  const auto on_end = std::move(found->second.on_end);
  forget(id);
  if (on_end) on_end(reason);
}

void Sessions::tell(const std::string& id, std::function<void()> call) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end() && !found->second.strand->post(std::move(call))) {
    log(LogLevel::warning, "session " + id + ": its listener is too slow, a message was dropped");
  }
}

void Sessions::stop() {
  for (const auto& shard : shards_) shard->stop();
  sctp_.stop();
  workers_.wait(Time::max());
  answers_.clear();
  descriptions_.clear();
  measurements_.clear();
}

std::vector<std::uint16_t> Sessions::udp_ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& shard : shards_) ports.push_back(shard->port());
  return ports;
}

}  // namespace remotemedia::server
