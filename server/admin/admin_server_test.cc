#include "server/admin/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A bare TCP client, so that what the server accepts is not what a library is willing to send.
class Client {
 public:
  explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  // False once the server has closed the connection.
  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Everything until the server closes.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(socket_, buffer, sizeof(buffer), 0)) > 0;) {
      all.append(buffer, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  int socket_;
  bool connected_ = false;
};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServer::Options OptionsAt(const std::string& address) {
    return {.address = address,
            .live = [this] { return live_ok_ ? absl::OkStatus() : absl::InternalError("the sequencer has stopped"); },
            .ready = [this] { return ready_ok_ ? absl::OkStatus() : absl::UnavailableError("draining"); },
            .metrics =
                [] {
                  return std::vector<MetricSample>{{.name = "muster_commits_total",
                                                    .help = "Commits.",
                                                    .type = MetricSample::Type::kCounter,
                                                    .value = 3}};
                }};
  }
  std::unique_ptr<AdminServer> Start() {
    auto server = AdminServer::Start(OptionsAt("127.0.0.1:0"));
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }
  static std::string Ask(int port, absl::string_view request) {
    Client client(port);
    client.Send(request);
    return client.ReadAll();
  }
  static std::string Get(int port, absl::string_view path) {
    return Ask(port, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }

  std::atomic<bool> live_ok_ = true;
  std::atomic<bool> ready_ok_ = true;
};

TEST_F(AdminServerTest, LivezFollowsItsCallback) {
  const std::unique_ptr<AdminServer> server = Start();
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
  live_ok_ = false;
  const std::string answer = Get(server->port(), "/livez");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("the sequencer has stopped"));
  EXPECT_THAT(Get(server->port(), "/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, ReadyzGivesTheReason) {
  const std::unique_ptr<AdminServer> server = Start();
  EXPECT_THAT(Get(server->port(), "/readyz"), StartsWith("HTTP/1.1 200"));
  ready_ok_ = false;
  const std::string answer = Get(server->port(), "/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\ndraining\n"));
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, MetricsAreServedAsPrometheusText) {
  const std::unique_ptr<AdminServer> server = Start();
  const std::string answer = Get(server->port(), "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("# TYPE muster_commits_total counter\nmuster_commits_total 3"));
}

TEST_F(AdminServerTest, ClusterIsServedAsItsCallbackSays) {
  AdminServer::Options options = OptionsAt("127.0.0.1:0");
  options.cluster = [] { return std::string("{\"brokerId\":\"broker-2\"}"); };
  const auto server = AdminServer::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string answer = Get((*server)->port(), "/cluster");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n{\"brokerId\":\"broker-2\"}"));
}

TEST_F(AdminServerTest, ABrokerThatIsAloneSaysThatItHasNoCluster) {
  const std::unique_ptr<AdminServer> server = Start();
  const std::string answer = Get(server->port(), "/cluster");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(answer, HasSubstr("its configuration has no [cluster]"));
}

TEST_F(AdminServerTest, HeadHasNoBody) {
  const std::unique_ptr<AdminServer> server = Start();
  const std::string answer = Ask(server->port(), "HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, OtherPathsAndMethodsAreRefused) {
  const std::unique_ptr<AdminServer> server = Start();
  EXPECT_THAT(Get(server->port(), "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get(server->port(), "/livezx"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get(server->port(), "/../etc/passwd"), StartsWith("HTTP/1.1 404"));
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string answer =
        Ask(server->port(), absl::StrCat(method, " /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405")) << method;
  }
}

TEST_F(AdminServerTest, ByteRangesAreIgnored) {
  const std::unique_ptr<AdminServer> server = Start();
  std::string ranges = "bytes=0-";
  for (int i = 0; i < 2'000; ++i) absl::StrAppend(&ranges, ",0-");
  const std::string answer =
      Ask(server->port(), absl::StrCat("GET /metrics HTTP/1.1\r\nHost: localhost\r\nRange: ", ranges, "\r\n\r\n"));
  EXPECT_LT(answer.size(), 2'000u);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, ARequestWithTooManyHeadersIsCutAndTheServerLives) {
  const std::unique_ptr<AdminServer> server = Start();
  {
    Client client(server->port());
    client.Send("GET /livez HTTP/1.1\r\n");
    // The server stops reading after 16 KiB; this ends when it has closed.
    bool open = true;
    for (int i = 0; open && i < 1'000'000; ++i) open = client.Send(absl::StrCat("X-", i, ": y\r\n"));
    EXPECT_FALSE(open);
  }
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, GarbageIsAnsweredOrCutAndTheServerLives) {
  const std::unique_ptr<AdminServer> server = Start();
  std::vector<std::string> all = {"\r\n\r\n", "GET\r\n\r\n", "GET /livez HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"};
  all.push_back(absl::StrCat(std::string(200, '\0'), "\r\n\r\n"));
  all.push_back(absl::StrCat("GET /", std::string(15'000, 'a'), " HTTP/1.1\r\n\r\n"));
  for (const std::string& garbage : all) {
    EXPECT_THAT(Ask(server->port(), garbage), Not(StartsWith("HTTP/1.1 200")));
  }
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, AClientThatSaysNothingIsCutAfterFiveSeconds) {
  const std::unique_ptr<AdminServer> server = Start();
  Client silent(server->port());
  silent.Send("GET /livez HT");
  const auto begin = std::chrono::steady_clock::now();
  silent.ReadAll();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::seconds(4));
  EXPECT_LT(took, std::chrono::seconds(30));
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, StopDoesNotWaitForIdleClients) {
  const std::unique_ptr<AdminServer> server = Start();
  Client idle(server->port());
  idle.Send("GET /livez HTTP/1.1\r\n");
  // Connections are taken in order: once this is answered, one thread is with the idle one.
  EXPECT_THAT(Get(server->port(), "/livez"), StartsWith("HTTP/1.1 200"));
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(std::make_unique<Client>(server->port()));
  const auto begin = std::chrono::steady_clock::now();
  server->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_FALSE(Client(server->port()).connected());
  server->Stop();
}

TEST_F(AdminServerTest, StartAndStopAtOnceNeitherHangsNorLeaks) {
  for (int i = 0; i < 50; ++i) ASSERT_NE(Start(), nullptr);
}

TEST_F(AdminServerTest, APortThatIsTakenIsRefused) {
  const std::unique_ptr<AdminServer> server = Start();
  const absl::Status second = AdminServer::Start(OptionsAt(absl::StrCat("127.0.0.1:", server->port()))).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr(absl::StrCat(server->port())));
}

TEST_F(AdminServerTest, LoopbackAddressesAreAccepted) {
  for (const char* address : {"127.0.0.1:0", "127.1.2.3:0", "localhost:0"}) {
    EXPECT_TRUE(AdminServer::Start(OptionsAt(address)).ok()) << address;
  }
}

TEST_F(AdminServerTest, WhatIsNotLoopbackIsRefused) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0", ":0", "128.0.0.1:0", "::1:0",
                              "[127.0.0.1]:0", "127.0.0.1.example.org:0", "[::ffff:192.0.2.1]:0"}) {
    const absl::Status status = AdminServer::Start(OptionsAt(address)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("not a loopback address")) << address;
  }
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"}) {
    const absl::Status status = AdminServer::Start(OptionsAt(address)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("host:port")) << address;
  }
}

TEST(FormatMetricsTest, SamplesOfOneNameShareOneHeader) {
  const std::string text = FormatMetrics({
      {.name = "muster_rejections_total",
       .help = "Rejected.",
       .type = MetricSample::Type::kCounter,
       .value = 2,
       .labels = {{"reason", "WRONG_PHASE"}}},
      {.name = "muster_queue", .help = "Waiting.", .value = 7},
      {.name = "muster_rejections_total",
       .help = "Rejected.",
       .type = MetricSample::Type::kCounter,
       .value = 5,
       .labels = {{"reason", "a\"b\\c\nd"}}},
  });
  EXPECT_EQ(text,
            "# HELP muster_rejections_total Rejected.\n# TYPE muster_rejections_total counter\n"
            "muster_rejections_total{reason=\"WRONG_PHASE\"} 2\n"
            "muster_rejections_total{reason=\"a\\\"b\\\\c\\nd\"} 5\n"
            "# HELP muster_queue Waiting.\n# TYPE muster_queue gauge\nmuster_queue 7\n");
}

TEST(FormatMetricsTest, AHistogramIsCumulativeAndEndsInInfinity) {
  const std::string text = FormatMetrics({{.name = "muster_commit_seconds",
                                           .help = "Commit.",
                                           .type = MetricSample::Type::kHistogram,
                                           .histogram = {.upper_bounds = {0.5, 1}, .counts = {3, 0, 4}, .sum = 9.25}}});
  EXPECT_THAT(text, HasSubstr("# TYPE muster_commit_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("muster_commit_seconds_count 7\n"));
  EXPECT_THAT(text, HasSubstr("muster_commit_seconds_sum 9.25\n"));
  EXPECT_THAT(text, HasSubstr("muster_commit_seconds_bucket{le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("muster_commit_seconds_bucket{le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("muster_commit_seconds_bucket{le=\"+Inf\"} 7\n"));
}

}  // namespace
}  // namespace muster
