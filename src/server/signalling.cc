#include "server/signalling.h"

#include "server/clock.h"
#include "server/json.h"
#include "server/random_id.h"

#include <utility>

namespace remotemedia::server {

Signalling::Signalling(Sessions& sessions, RequestRate& requests, std::string client,
                       std::function<void(std::string)> send, std::function<void()> hang_up)
    : sessions_(sessions),
      requests_(requests),
      client_(std::move(client)),
      id_(random_uuid()),
      send_(std::move(send)),
      hang_up_(std::move(hang_up)),
      waits_since_(steady_now()) {}

void Signalling::refuse(const std::string& message, int code, int retry_after_s) {
  Object text{{"type", "error"}, {"message", message}, {"code", code}};
  if (retry_after_s > 0) text.set("retry_after_s", retry_after_s);
  send_(to_json(text));
}

void Signalling::on_text(std::string_view text) {
  if (rate_.seconds_to_wait("", steady_now()) > 0) return refuse("too many messages", 429, 1);
  const auto [message, problem] = parse_object(text);
  if (!problem.empty()) return refuse("a message: " + problem);
  if (!message) return refuse("a message is no JSON object");
  const std::string type = text_of(*message, "type");
  if (type == "offer") return on_offer(text_of(*message, "sdp"));
  // The server is ICE-lite: it learns where the page is from its checks.
  if (type == "ice-candidate") return;
  if (type == "close") {
    on_close();
    return hang_up_();
  }
  refuse("the message has the type '" + type.substr(0, 40) +
         "', expected offer, ice-candidate or close");
}

void Signalling::on_offer(std::string sdp) {
  if (sdp.empty()) return refuse("the offer has no sdp");
  const int wait = requests_.seconds_to_wait(limit_key(client_), steady_now());
  if (wait > 0) return refuse("too many requests of this address", 429, wait);
  const Answered answered = [self = shared_from_this()](const Result& result) {
    self->on_answered(result);
  };
  if (opened_) return sessions_.renew(id_, std::move(sdp), answered);
  opened_ = true;
  sessions_.open({.id = id_,
                  .offer = std::move(sdp),
                  .client = client_,
                  .on_end =
                      [self = weak_from_this()](const std::string& reason) {
                        if (const auto open = self.lock()) open->end(reason);
                      }},
                 answered);
}

void Signalling::on_answered(const Result& result) {
  if (const auto* refused = std::get_if<Refused>(&result)) {
    opened_ = sessions_.has(id_);
    waits_since_ = steady_now();
    return refuse(refused->message, refused->status, refused->retry_after_s);
  }
  const auto& accepted = std::get<Accepted>(result);
  if (closed_) {
    sessions_.close(accepted.id);
    return;
  }
  send_(to_json(Object{{"type", "answer"}, {"sdp", accepted.answer}, {"session_id", accepted.id}}));
}

std::optional<Time> Signalling::waits_since() const {
  return opened_ ? std::nullopt : std::optional(waits_since_);
}

void Signalling::end(const std::string& reason) {
  if (std::exchange(closed_, true)) return;
  send_(to_json(Object{{"type", "closed"}, {"reason", reason}}));
  hang_up_();
}

void Signalling::on_close() {
  if (std::exchange(closed_, true)) return;
  if (opened_) sessions_.close(id_);
}

}  // namespace remotemedia::server
