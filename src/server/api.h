#pragma once

#include "server/access.h"
#include "server/http_message.h"
#include "server/sessions.h"
#include "server/web_files.h"
#include "server/whip.h"

#include <functional>
#include <map>
#include <string>

namespace remotemedia::server {

using Respond = std::function<void(HttpResponse)>;

/// What each address of the server answers. docs/server.md lists them. On one thread.
class Api {
 public:
  Api(const ServerOptions& options, Sessions& sessions, const Access& access, RequestRate& rate,
      const Connections& connections);

  void handle(const HttpRequest& request, const Respond& respond);

  /// Of open WebSockets, for GET /health.
  int sockets = 0;

 private:
  void route(const HttpRequest& request, const Respond& respond);
  void health(const Respond& respond) const;
  void connections(const Respond& respond);
  void metrics(const Respond& respond);
  void offer(const HttpRequest& request, const Respond& respond);
  void whip(const HttpRequest& request, const std::string& listens_to, const Respond& respond);
  void whip_resource(const HttpRequest& request, const std::string& id, const Respond& respond);
  void whip_patch(const HttpRequest& request, const std::string& id, const Respond& respond);
  void restart_ice(const std::string& id, const std::string& offer, const Respond& respond);
  void note_renewal(const std::string& id, const std::string& offer, const Result& result);
  WhipSession* whip_session(const std::string& id);
  void page(const HttpRequest& request, const Respond& respond) const;
  void count(int status) { ++statuses_[status]; }

  const ServerOptions& options_;
  Sessions& sessions_;
  const Access& access_;
  RequestRate& rate_;
  const Connections& connections_;
  WebFiles files_;
  std::map<std::string, WhipSession> whip_sessions_;  ///< by id, those of WHEP too
  std::map<int, std::uint64_t> statuses_;             ///< answers by status
};

}  // namespace remotemedia::server
