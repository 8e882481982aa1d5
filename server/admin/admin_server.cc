#include "server/admin/admin_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "server/admin/bounded_http_server.h"

namespace muster {
namespace {

struct HostAndPort {
  std::string host;
  int port = 0;
};

bool IsLoopback(const std::string& host) {
  in_addr v4 = {};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6 = {};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::StatusOr<HostAndPort> ParseLoopback(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostAndPort result;
  if (colon == std::string::npos || !absl::SimpleAtoi(absl::string_view(address).substr(colon + 1), &result.port) ||
      result.port < 0 || result.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("admin.address is \"", address, "\"; use host:port, such as 127.0.0.1:9464"));
  }
  absl::string_view host = absl::string_view(address).substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  // Not looked up: a name server does not decide where we listen.
  result.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  const bool is_v6 = result.host.find(':') != std::string::npos;
  if (!IsLoopback(result.host) || is_v6 != bracketed) {
    return absl::InvalidArgumentError(
        absl::StrCat("admin.address is \"", address,
                     "\", which is not a loopback address; the admin port is plain HTTP "
                     "without authentication, so use 127.0.0.1, [::1] or localhost and forward from there"));
  }
  return result;
}

void Answer(const absl::Status& status, httplib::Response* response) {
  response->status = status.ok() ? 200 : 503;
  response->set_content(status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n"), "text/plain; charset=utf-8");
}

}  // namespace

class AdminServer::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    // Before the library reads a body, which it would even decompress.
    http_.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      if (request.method == "GET" || request.method == "HEAD") return httplib::Server::HandlerResponse::Unhandled;
      response.status = 405;
      response.set_header("Allow", "GET, HEAD");
      return httplib::Server::HandlerResponse::Handled;
    });
    http_.Get("/livez",
              [this](const httplib::Request&, httplib::Response& response) { Answer(options_.live(), &response); });
    http_.Get("/readyz",
              [this](const httplib::Request&, httplib::Response& response) { Answer(options_.ready(), &response); });
    http_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(FormatMetrics(options_.metrics()), "text/plain; version=0.0.4; charset=utf-8");
    });
    http_.Get("/cluster", [this](const httplib::Request&, httplib::Response& response) {
      if (options_.cluster) {
        response.set_content(options_.cluster(), "application/json");
        return;
      }
      response.status = 404;
      response.set_content("this broker is alone; its configuration has no [cluster]\n", "text/plain; charset=utf-8");
    });
  }

  absl::Status Start() {
    MUSTER_ASSIGN_OR_RETURN(const HostAndPort where, ParseLoopback(options_.address));
    port_ = where.port;
    if (where.port == 0) {
      port_ = http_.bind_to_any_port(where.host);
    } else if (!http_.bind_to_port(where.host, where.port)) {
      port_ = -1;
    }
    if (port_ <= 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on admin.address ", options_.address,
                                                 "; another process may hold the port: choose another, or stop it"));
    }
    thread_ = std::thread([this] { http_.listen_after_bind(); });
    http_.WaitUntilServing();
    return absl::OkStatus();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    http_.Interrupt();
    thread_.join();
  }

  int port() const { return port_; }

 private:
  const Options options_;
  BoundedHttpServer http_;
  int port_ = 0;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() { Stop(); }

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  MUSTER_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

int AdminServer::port() const { return impl_->port(); }
void AdminServer::Stop() { impl_->Stop(); }

}  // namespace muster
