#pragma once

#include "remotemedia/server/server.h"
#include "server/admission.h"
#include "server/pending.h"
#include "server/sctp_thread.h"
#include "server/shard.h"
#include "server/workers.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace remotemedia::server {

/// Why a session is not opened or changed: an HTTP status and what to tell.
struct Refused {
  int status = 500;
  std::string message;
  int retry_after_s = 0;
};

struct Accepted {
  std::string id;
  std::string answer;  ///< a session description
};

using Result = std::variant<Accepted, Refused>;
using Answered = std::function<void(Result)>;

struct NewSession {
  std::string id;
  std::string offer;
  std::string client;           ///< IP address
  std::string listens_to = {};  ///< id of another session, whose audio it plays
  std::function<void(const std::string& reason)> on_end = {};
};

struct SessionCounts {
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;  ///< a graph could not be made
  std::uint64_t ended = 0;
  std::uint64_t restarts = 0;  ///< of graphs, after failures
};

/// All sessions of a server: admits them, makes their graphs on workers' threads, and gives them to
/// the shard that has the fewest. Its methods are for the thread that answers HTTP; what they give
/// comes back on it.
class Sessions {
 public:
  static constexpr int kMaxListeners = 100;  ///< of one session

  /// `run_in_front` runs a task on that thread.
  Sessions(const ServerOptions& options, SessionSource running, SessionListener listener,
           std::function<void(std::function<void()>)> run_in_front);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  /// Opens the UDP ports. I/O error.
  void start();

  void open(NewSession session, Answered answered);
  /// A later offer of the same session.
  void renew(const std::string& id, std::string offer, Answered answered);
  /// False if there is none of this id.
  bool close(const std::string& id);
  bool end_with(const std::string& id, const std::string& reason);
  bool send(const std::string& id, const Value& message);
  void broadcast(const Value& message);
  [[nodiscard]] bool has(const std::string& id) const { return sessions_.contains(id); }
  [[nodiscard]] std::size_t count() const { return sessions_.size(); }
  [[nodiscard]] const SessionCounts& counts() const { return counts_; }
  /// What GET /connections shows of each.
  void describe(std::function<void(Value::Array)> done);
  /// Sums over the shards.
  void measure(std::function<void(std::vector<ShardStatistics>)> done);

  /// No session is opened any more.
  void drain() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }
  void close_all();
  /// Ends the shards' threads and waits for the workers. When the front's thread has ended.
  void stop();
  [[nodiscard]] std::vector<std::uint16_t> udp_ports() const;

 private:
  struct Entry {
    std::size_t shard = 0;
    std::string client;  ///< as limits count it
    std::string listens_to;
    std::function<void(const std::string&)> on_end;
    std::shared_ptr<Strand> strand;
    int send_rate = 0;
    bool installed = false;
    bool closed = false;  ///< before it was installed
  };
  using Prepared = std::variant<std::unique_ptr<Peer>, Refused>;

  std::uint64_t wait_for_answer(Answered answered);
  [[nodiscard]] std::optional<Refused> refuse(const NewSession& session);
  [[nodiscard]] std::size_t least_loaded() const;
  [[nodiscard]] std::vector<rtc::Address> candidates(const Shard& shard) const;
  [[nodiscard]] std::shared_ptr<const rtc::Identity> identity();
  [[nodiscard]] Shard::Events shard_events();
  Prepared prepare(const NewSession& session, Shard& shard, int rate_to_listen,
                   const std::shared_ptr<const rtc::Identity>& identity, std::string& answer);
  std::unique_ptr<PeerPipeline> make_pipeline(const std::string& id, Shard& shard);
  void restart(const std::string& id, std::unique_ptr<PeerPipeline> failed);
  void resume(const std::string& id, Shard& shard);
  void finish(std::unique_ptr<PeerPipeline> pipeline);
  /// Gives free memory back to the system if nothing of any session is left.
  void give_back_if_idle();
  void install(const std::string& id, Prepared prepared, std::string answer, std::uint64_t call);
  void forget(const std::string& id);
  void on_ended(const std::string& id, const std::string& reason,
                std::unique_ptr<PeerPipeline> pipeline);
  void tell(const std::string& id, std::function<void()> call);

  const ServerOptions& options_;
  SessionSource running_;
  SessionListener listener_;
  std::function<void(std::function<void()>)> run_in_front_;
  SctpThread sctp_;  // before the shards, whose sessions use it
  std::vector<std::unique_ptr<Shard>> shards_;
  Workers workers_;
  Strand endings_{workers_};       ///< of graphs that do not wait
  std::atomic<int> finishing_{0};  ///< graphs of sessions that are over
  std::map<std::string, Entry> sessions_;
  Tally per_address_;
  Tally listeners_;  ///< of sessions, by id
  std::vector<int> per_shard_;
  SessionCounts counts_;
  Pending<Result> answers_;
  Pending<Value::Array> descriptions_;
  Pending<ShardStatistics> measurements_;
  bool draining_ = false;
  std::shared_ptr<const rtc::Identity> identity_;
  Time identity_made_{};
};

}  // namespace remotemedia::server
