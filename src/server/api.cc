#include "server/api.h"

#include "remotemedia/base/version.h"
#include "server/clock.h"
#include "server/json.h"
#include "server/prometheus_text.h"
#include "server/random_id.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace remotemedia::server {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kSdp = "application/sdp";
constexpr const char* kFragment = "application/trickle-ice-sdpfrag";

HttpResponse json(const Value& value, int status = 200) {
  return {.status = status, .content_type = kJson, .body = to_json(value) + "\n"};
}

HttpResponse not_allowed(const std::string& methods) {
  HttpResponse response = refusal(405, "expected one of " + methods);
  response.headers.emplace_back("Allow", methods);
  return response;
}

/// Of a request for /ws that asks for no WebSocket.
HttpResponse no_upgrade() {
  HttpResponse response = refusal(426,
                                  "this address takes a WebSocket only; a proxy in front of the "
                                  "server has to pass the headers Upgrade and Connection on");
  response.headers.emplace_back("Upgrade", "websocket");
  return response;
}

HttpResponse answer_to(const Refused& refused) {
  return refusal(refused.status, refused.message, refused.retry_after_s);
}

bool has_type(const HttpRequest& request, std::string_view type) {
  std::string_view given = request.header("content-type");
  given = given.substr(0, given.find(';'));
  while (given.ends_with(' ')) given.remove_suffix(1);
  return std::ranges::equal(given, type, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

/// What browsers ask before a page of another origin may send a request.
HttpResponse preflight() {
  HttpResponse response{.status = 204};
  response.headers = {{"Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE, OPTIONS"},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match"},
                      {"Access-Control-Max-Age", "600"},
                      {"Accept-Post", kSdp}};
  return response;
}

/// The rest of the path, if it begins so and has one more part.
std::string part_after(const std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return {};
  const std::string rest = path.substr(prefix.size());
  return rest.find('/') == std::string::npos ? rest : std::string();
}

bool opens_session(const HttpRequest& request) {
  return request.method == "POST" || request.method == "PATCH";
}

}  // namespace

Api::Api(const ServerOptions& options, Sessions& sessions, const Access& access, RequestRate& rate,
         const Connections& connections)
    : options_(options),
      sessions_(sessions),
      access_(access),
      rate_(rate),
      connections_(connections),
      files_(options.web_folder) {}

void Api::handle(const HttpRequest& request, const Respond& respond) {
  const Respond finish = [this, request, respond](HttpResponse response) {
    access_.allow(request, response);
    count(response.status);
    respond(std::move(response));
  };
  if (auto refused = access_.refuse_origin(request)) return finish(*std::move(refused));
  if (request.method == "OPTIONS") return finish(preflight());
  if (opens_session(request)) {
    const int wait = rate_.seconds_to_wait(limit_key(request.client), steady_now());
    if (wait > 0) return finish(refusal(429, "too many requests of this address", wait));
  }
  route(request, finish);
}

void Api::route(const HttpRequest& request, const Respond& respond) {
  const std::string& path = request.path;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (path == "/health") return reads ? health(respond) : respond(not_allowed("GET"));

  if (path == "/ws") return respond(reads ? no_upgrade() : not_allowed("GET"));

  const bool is_private = path == "/connections" || path == "/metrics" || path == "/api/offer" ||
                          path.starts_with("/whip") || path.starts_with("/whep");
  if (!is_private) return reads ? page(request, respond) : respond(not_allowed("GET"));
  if (auto refused = access_.refuse_token(request)) return respond(*std::move(refused));
  if (path == "/connections") return reads ? connections(respond) : respond(not_allowed("GET"));
  if (path == "/metrics") return reads ? metrics(respond) : respond(not_allowed("GET"));
  if (path == "/api/offer") return offer(request, respond);
  if (path == "/whip") return whip(request, "", respond);
  if (const std::string id = part_after(path, "/whip/"); !id.empty()) {
    return whip_resource(request, id, respond);
  }
  if (const std::string id = part_after(path, "/whep/resource/"); !id.empty()) {
    return whip_resource(request, id, respond);
  }
  if (const std::string id = part_after(path, "/whep/"); !id.empty()) {
    return whip(request, id, respond);
  }
  respond(refusal(404, path.starts_with("/whep")
                           ? "expected /whep/SESSION with the id of a session to listen to"
                           : "there is nothing at this address"));
}

void Api::health(const Respond& respond) const {
  respond(json(Object{{"status", sessions_.draining() ? "draining" : "healthy"},
                      {"active_connections", sessions_.count()},
                      {"websocket_connections", sockets},
                      {"max_connections", options_.max_sessions},
                      {"version", kVersion}},
               sessions_.draining() ? 503 : 200));
}

void Api::connections(const Respond& respond) {
  sessions_.describe([respond](Value::Array all) {
    const std::size_t total = all.size();
    respond(json(Object{{"connections", std::move(all)}, {"total", total}}));
  });
}

void Api::metrics(const Respond& respond) {
  sessions_.measure([this, respond](const std::vector<ShardStatistics>& shards) {
    respond({.status = 200,
             .content_type = "text/plain; version=0.0.4; charset=utf-8",
             .body = prometheus_text({.shards = shards,
                                      .counts = sessions_.counts(),
                                      .sessions = sessions_.count(),
                                      .sockets = sockets,
                                      .refused_connections = connections_.refused(),
                                      .statuses = statuses_})});
  });
}

/// As aiortc's examples and clients of theirs do it; with a `pc_id`, a later offer of that session.
void Api::offer(const HttpRequest& request, const Respond& respond) {
  if (request.method != "POST") return respond(not_allowed("POST"));
  if (!has_type(request, kJson)) return respond(refusal(415, "expected application/json"));
  const auto [body, problem] = parse_object(request.body);
  if (!problem.empty()) return respond(refusal(400, "the body: " + problem));
  const std::string sdp = body ? text_of(*body, "sdp") : "";
  if (sdp.empty() || text_of(*body, "type") != "offer") {
    return respond(refusal(400, R"(expected {"sdp": "v=0...", "type": "offer"})"));
  }
  const Answered answered = [respond](const Result& result) {
    if (const auto* refused = std::get_if<Refused>(&result)) return respond(answer_to(*refused));
    const auto& accepted = std::get<Accepted>(result);
    respond(json(Object{{"sdp", accepted.answer}, {"type", "answer"}, {"pc_id", accepted.id}}));
  };
  if (const std::string id = text_of(*body, "pc_id"); !id.empty()) {
    return sessions_.renew(id, sdp, [this, id, sdp, answered](const Result& result) {
      note_renewal(id, sdp, result);
      answered(result);
    });
  }
  sessions_.open({.id = random_uuid(), .offer = sdp, .client = request.client}, answered);
}

/// WHIP (RFC 9725) and, where there is a session to listen to, WHEP.
void Api::whip(const HttpRequest& request, const std::string& listens_to, const Respond& respond) {
  if (request.method != "POST") return respond(not_allowed("POST, OPTIONS"));
  if (!has_type(request, kSdp)) return respond(refusal(415, "expected application/sdp"));
  const std::string id = random_uuid();
  const std::string place = (listens_to.empty() ? "/whip/" : "/whep/resource/") + id;
  NewSession session{
      .id = id, .offer = request.body, .client = request.client, .listens_to = listens_to};
  session.on_end = [this, id](const std::string& /*reason*/) { whip_sessions_.erase(id); };
  whip_sessions_[id].offer = request.body;
  sessions_.open(std::move(session), [this, respond, place, id](const Result& result) {
    if (const auto* refused = std::get_if<Refused>(&result)) {
      whip_sessions_.erase(id);
      return respond(answer_to(*refused));
    }
    const std::string& answer = std::get<Accepted>(result).answer;
    HttpResponse response{.status = 201, .content_type = kSdp, .body = answer};
    const std::string tag = entity_tag(answer);
    if (WhipSession* opened = whip_session(id)) opened->tag = tag;
    response.headers = {{"Location", place}, {"ETag", tag}};
    respond(std::move(response));
  });
}

void Api::whip_resource(const HttpRequest& request, const std::string& id, const Respond& respond) {
  if (request.method == "DELETE") {
    if (!sessions_.close(id)) return respond(refusal(404, "there is no session " + id));
    return respond({.status = 200});
  }
  if (request.method == "PATCH") return whip_patch(request, id, respond);
  respond(not_allowed("PATCH, DELETE, OPTIONS"));
}

WhipSession* Api::whip_session(const std::string& id) {
  const auto found = whip_sessions_.find(id);
  return found == whip_sessions_.end() ? nullptr : &found->second;
}

/// Candidates are taken note of by doing nothing: ours are all in the answer, theirs are learned
/// from checks. New credentials restart ICE (RFC 9725, 4.3).
void Api::whip_patch(const HttpRequest& request, const std::string& id, const Respond& respond) {
  if (!has_type(request, kFragment)) {
    return respond(refusal(415, std::string("expected ") + kFragment));
  }
  const WhipSession* session = whip_session(id);
  if (session == nullptr) return respond(refusal(404, "there is no session " + id));
  const auto credentials = credentials_of(request.body);
  if (credentials) {
    if (const auto problem = problem_of(*credentials)) return respond(refusal(400, *problem));
  }
  const auto before = credentials_of(session->offer);
  const bool restarts = credentials && !(before && before->ufrag == credentials->ufrag);
  const std::string_view if_match = request.header("if-match");
  // Candidates may come without it: many clients have no tags, and nothing is done with late ones.
  if (restarts && if_match.empty()) {
    return respond(refusal(428, "a restart of ICE needs If-Match: *"));
  }
  if (!if_match.empty() && !matches(if_match, session->tag)) {
    return respond(refusal(412, "If-Match names another ICE session than " + session->tag));
  }
  if (!restarts) return respond({.status = 204});
  restart_ice(id, with_credentials(session->offer, *credentials), respond);
}

/// What PATCH compares with afterwards, whichever way the offer came.
void Api::note_renewal(const std::string& id, const std::string& offer, const Result& result) {
  const auto* accepted = std::get_if<Accepted>(&result);
  WhipSession* const renewed = accepted == nullptr ? nullptr : whip_session(id);
  if (renewed != nullptr) *renewed = {offer, entity_tag(accepted->answer)};
}

void Api::restart_ice(const std::string& id, const std::string& offer, const Respond& respond) {
  sessions_.renew(id, offer, [this, id, offer, respond](const Result& result) {
    note_renewal(id, offer, result);
    if (const auto* refused = std::get_if<Refused>(&result)) return respond(answer_to(*refused));
    const std::string& answer = std::get<Accepted>(result).answer;
    HttpResponse response{
        .status = 200, .content_type = kFragment, .body = answer_fragment(answer)};
    response.headers = {{"ETag", entity_tag(answer)}};
    respond(std::move(response));
  });
}

void Api::page(const HttpRequest& request, const Respond& respond) const {
  auto file = files_.find(request.path);
  if (!file) return respond(refusal(404, "there is nothing at this address"));
  HttpResponse response{.status = 200,
                        .content_type = std::move(file->content_type),
                        .body = std::move(file->content)};
  response.headers = {
      {"Cache-Control", "no-cache"},
      {"Content-Security-Policy",
       "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob: mediastream:; "
       "style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"},
      {"Permissions-Policy", "microphone=(self), speaker-selection=(self)"},
      {"Referrer-Policy", "no-referrer"}};
  respond(std::move(response));
}

}  // namespace remotemedia::server
