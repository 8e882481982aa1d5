// An HttpsServer on loopback that says what it was asked. Test code only.
#ifndef MUSTER_CLIENT_GATEWAY_TESTING_HTTPS_FIXTURE_H_
#define MUSTER_CLIENT_GATEWAY_TESTING_HTTPS_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/gateway/http/https_server.h"
#include "client/gateway/http/tls_context.h"
#include "client/gateway/testing/tls_client.h"
#include "gtest/gtest.h"

namespace muster::gateway {

// Longer than a test may take: whoever waits so long has failed.
inline constexpr absl::Duration kForEver = absl::Hours(1);

// Says what it was asked.
inline HttpAnswer Echo(const HttpRequest& request) {
  HttpAnswer answer;
  answer.headers = {{"Content-Type", "text/plain"}};
  answer.body = absl::StrCat(request.method, " ", request.path, " from ", request.peer, ": ", request.body);
  if (request.certificate.has_value()) {
    absl::StrAppend(&answer.body, " certificate ", request.certificate->verify_error == 0 ? "good" : "bad");
  }
  return answer;
}

class HttpsServerTest : public testing::Test {
 protected:
  ~HttpsServerTest() override { StopAll(); }

  // With these authorities it asks for certificates.
  void Serve(HttpHandler handler, HttpsLimits limits = {}, const std::string& ca_pem = "") {
    auto server = HttpsServer::Listen("127.0.0.1:0", limits);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->UseTls(Tls(certificate_, ca_pem));
    server_->Start(std::move(handler), [](const HttpRequest& head) { return head.path == "/long" ? 100'000u : 1000u; },
                   {&pages_, &calls_, &streams_});
  }
  static UniqueSslContext Tls(const TestCertificate& shown, const std::string& ca_pem = "") {
    const TlsContents contents = {shown.certificate_pem, shown.key_pem, ca_pem};
    auto context = MakeTlsContext(contents, {});
    EXPECT_TRUE(context.ok()) << context.status();
    if (!ca_pem.empty()) {
      EXPECT_TRUE(AskForCertificates(contents, {}, context->get()).ok());
    }
    return *std::move(context);
  }
  void StopAll() {
    if (server_ != nullptr) server_->Stop(absl::Seconds(20));
    pages_.Stop();
    calls_.Stop();
    streams_.Stop();
  }
  int port() const { return server_->port(); }

  const TestCertificate certificate_ = MakeTestCertificate({.dns_names = {"localhost"}});
  std::unique_ptr<HttpsServer> server_;
  WorkerPool pages_{"page", 2, 100};
  WorkerPool calls_{"call", 4, 100};
  WorkerPool streams_{"stream", 4, 0};
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_TESTING_HTTPS_FIXTURE_H_
