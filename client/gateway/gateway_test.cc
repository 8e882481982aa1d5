// The whole gateway over real TLS, in front of a broker that the test plays.
#include "client/gateway/gateway.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/gateway/config.h"
#include "client/gateway/session/cookie.h"
#include "client/gateway/testing/temporary_folder.h"
#include "client/gateway/testing/tls_client.h"
#include "client/lib/testing/fake_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kWhoAmI[] = "/muster.v1.AgencyService/WhoAmI";
constexpr char kJson[] = "Content-Type: application/json\r\n";

// The part of an answer's Set-Cookie that goes into Cookie.
std::string CookieLine(const std::string& answer) {
  const size_t at = answer.find(kCookieName);
  return at == std::string::npos ? "" : absl::StrCat("Cookie: ", answer.substr(at, answer.find(';', at) - at), "\r\n");
}

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    connection_->on_call = [](size_t, const std::string&, const google::protobuf::Message&,
                              google::protobuf::Message*) { return absl::OkStatus(); };
    config::v1::GatewayConfig config;
    config.set_state_dir("state");
    config.set_dashboard_dir("web");
    config.mutable_listen()->set_address("127.0.0.1:0");
    config.mutable_listen()->set_certificate_file(folder_.Write("server.pem", server_.certificate_pem));
    config.mutable_listen()->set_key_file(folder_.Write("server.key", server_.key_pem));
    config.mutable_listen()->mutable_certificate_login()->set_address("127.0.0.1:0");
    config.mutable_listen()->mutable_certificate_login()->set_ca_file(
        folder_.Write("ca.pem", authority_.certificate_pem));
    config.mutable_brokers()->add_addresses("unix:/nowhere");
    folder_.Write("web/index.html", "<title>the dashboard</title>");
    options_.config = *CompleteGatewayConfig(config, "test", folder_.path());
    options_.connect = [this](const config::v1::GatewayBrokersConfig&, const TlsContents&) { return connection_; };
    options_.upkeep_every = absl::Milliseconds(2);
    options_.password_cost = LeastCost();
  }

  void Start() {
    auto gateway = Gateway::Start(options_);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
    people_ = *People::Open(options_.config.state_dir(), SystemClock());
  }
  std::string Call(const std::string& path, const std::string& header_lines, const std::string& body = "{}") {
    TlsClient client(gateway_->port());
    return client.Request("POST", path, absl::StrCat(kJson, header_lines), body);
  }
  void Subscribe(const std::string& cookie, TlsClient* client) {
    const std::string body = EncodeMessage({Protocol::kConnectStream, Codec::kJson}, "{}");
    client->Write(absl::StrCat("POST /muster.v1.FeedService/Subscribe HTTP/1.1\r\nHost: localhost:", gateway_->port(),
                               "\r\nContent-Type: application/connect+json\r\n", cookie,
                               "Content-Length: ", body.size(), "\r\n\r\n", body));
  }
  static std::string Shown(int port) { return TlsClient(port).certificate_shown(); }
  // Returns when the gateway has looked at sessions and files once more, from beginning to end.
  void AwaitUpkeep() {
    const uint64_t seen = gateway_->upkeeps();
    while (gateway_->upkeeps() < seen + 2) absl::SleepFor(absl::Milliseconds(1));
  }
  // What the login listener says to a certificate.
  std::string LogIn(const TestCertificate* certificate) {
    TlsClient client(*gateway_->login_port(), {.certificate = certificate});
    return client.Request("GET", "/");
  }
  std::string Enroll(const std::string& name, v1::PersonRole role) {
    const std::string code = *people_->Invite(name, role);
    return CookieLine(Call("/muster.gateway.v1.SessionService/Enroll", "",
                           absl::StrCat(R"({"code":")", code, R"(","password":"four words to remember"})")));
  }

  TemporaryFolder folder_;
  const TestCertificate server_ = MakeTestCertificate({.dns_names = {"localhost"}});
  const TestCertificate authority_ = MakeTestCertificate({.common_name = "People", .is_ca = true});
  const std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  Gateway::Options options_;
  std::unique_ptr<People> people_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, TheDashboardIsServedToAnybodyAndCallsOnlyWithASession) {
  Start();
  TlsClient client(gateway_->port());
  EXPECT_THAT(client.Request("GET", "/"), HasSubstr("the dashboard"));
  EXPECT_THAT(Call(kWhoAmI, ""), StartsWith("HTTP/1.1 401 "));
  const std::string cookie = Enroll("j-smith", v1::PERSON_ROLE_VIEWER);
  EXPECT_THAT(Call(kWhoAmI, cookie), StartsWith("HTTP/1.1 200 "));
}

TEST_F(GatewayTest, ACertificateOpensASessionOnTheMainListener) {
  const TestCertificate card = MakeTestCertificate({.common_name = "J Smith", .issuer = &authority_});
  Start();
  ASSERT_TRUE(
      people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, *CertificateSha256(card.certificate_pem, "card"))
          .ok());
  const std::string answer = LogIn(&card);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 303 "));
  EXPECT_THAT(answer, HasSubstr(absl::StrCat("Location: https://localhost:", gateway_->port(), "/\r\n")));
  EXPECT_THAT(Call(kWhoAmI, CookieLine(answer)), StartsWith("HTTP/1.1 200 "));
}

TEST_F(GatewayTest, NoCertificateThatIsWrongInAnyWaySignsIn) {
  const TestCertificate forger = MakeTestCertificate({.common_name = "People", .is_ca = true});
  const TestCertificate expired =
      MakeTestCertificate({.not_after = absl::FromUnixSeconds(1'600'000'001), .issuer = &authority_});
  const TestCertificate not_yet =
      MakeTestCertificate({.not_before = absl::FromUnixSeconds(3'900'000'000), .issuer = &authority_});
  const TestCertificate forged = MakeTestCertificate({.issuer = &forger});
  const TestCertificate forged_and_expired =
      MakeTestCertificate({.not_after = absl::FromUnixSeconds(1'600'000'001), .issuer = &forger});
  const TestCertificate own = MakeTestCertificate({});
  Start();
  const struct {
    const TestCertificate* certificate;
    const char* page;
  } cases[] = {{nullptr, "No certificate"},
               {&expired, "Certificate expired"},
               {&not_yet, "Certificate expired"},
               {&forged, "Certificate not accepted"},
               {&forged_and_expired, "Certificate not accepted"},
               {&own, "Certificate not accepted"}};
  for (const auto& wrong : cases) {
    if (wrong.certificate != nullptr) {  // Even where somebody has invited it.
      const std::string sha256 = *CertificateSha256(wrong.certificate->certificate_pem, "wrong");
      ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_OPERATOR, sha256).ok());
    }
    const std::string answer = LogIn(wrong.certificate);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(answer, HasSubstr(wrong.page));
    EXPECT_EQ(CookieLine(answer), "");
  }
}

TEST_F(GatewayTest, RemovingAPersonBesideTheGatewayEndsTheirStream) {
  connection_->feeds.push_back({.messages = {}, .end = absl::OkStatus(), .stays_open = true});
  Start();
  const std::string cookie = Enroll("j-smith", v1::PERSON_ROLE_VIEWER);
  TlsClient client(gateway_->port());
  Subscribe(cookie, &client);
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("the session has ended"));
  EXPECT_THAT(Call(kWhoAmI, cookie), StartsWith("HTTP/1.1 401 "));
}

TEST_F(GatewayTest, StoppingEndsOpenStreamsAndSaysSo) {
  connection_->feeds.push_back({.messages = {{}}, .end = absl::OkStatus(), .stays_open = true});
  Start();
  const std::string cookie = Enroll("j-smith", v1::PERSON_ROLE_VIEWER);
  TlsClient client(gateway_->port());
  Subscribe(cookie, &client);
  (void)client.ReadUntil("{}");
  gateway_->Stop(absl::Seconds(20));
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("the gateway is stopping"));
}

TEST_F(GatewayTest, ARenewedCertificateIsShownToLaterConnectionsAndOpenStreamsGoOn) {
  connection_->feeds.push_back({.messages = {{}}, .end = absl::OkStatus(), .stays_open = true});
  Start();
  const std::string cookie = Enroll("j-smith", v1::PERSON_ROLE_VIEWER);
  TlsClient stream(gateway_->port());
  Subscribe(cookie, &stream);
  (void)stream.ReadUntil("{}");
  const TestCertificate next = MakeTestCertificate({.dns_names = {"localhost"}});
  folder_.Write("server.pem", next.certificate_pem);
  // The certificate alone, and half of the key, are no reason to show anything else.
  folder_.Write("server.key", next.key_pem.substr(0, next.key_pem.size() / 2));
  AwaitUpkeep();
  EXPECT_EQ(Shown(gateway_->port()), server_.certificate_pem);
  folder_.Write("server.key", next.key_pem);
  while (Shown(gateway_->port()) != next.certificate_pem) AwaitUpkeep();
  EXPECT_EQ(Shown(*gateway_->login_port()), next.certificate_pem);
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_THAT(stream.ReadToEnd(), HasSubstr("the session has ended")) << "the stream was there until now";
}

TEST_F(GatewayTest, AnExpiredCertificateDoesNotReplaceOneThatIsValid) {
  Start();
  const TestCertificate expired = MakeTestCertificate({.not_after = absl::FromUnixSeconds(1'600'000'001)});
  folder_.Write("server.pem", expired.certificate_pem);
  folder_.Write("server.key", expired.key_pem);
  AwaitUpkeep();
  EXPECT_EQ(Shown(gateway_->port()), server_.certificate_pem);
}

TEST_F(GatewayTest, PeoplesAuthoritiesAreReadAnew) {
  const TestCertificate next = MakeTestCertificate({.common_name = "People 2", .is_ca = true});
  const TestCertificate card = MakeTestCertificate({.issuer = &next});
  Start();
  const std::string sha256 = *CertificateSha256(card.certificate_pem, "card");
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, sha256).ok());
  EXPECT_THAT(LogIn(&card), HasSubstr("Certificate not accepted"));
  folder_.Write("ca.pem", authority_.certificate_pem + next.certificate_pem);
  while (!absl::StartsWith(LogIn(&card), "HTTP/1.1 303 ")) AwaitUpkeep();
}

TEST_F(GatewayTest, TheOfficesRenewedCertificateIsUsedForLaterCallsAndOpenStreamsGoOn) {
  connection_->feeds.push_back({.messages = {{}}, .end = absl::OkStatus(), .stays_open = true});
  const TestCertificate office = MakeTestCertificate({});
  config::v1::GatewayBrokersConfig* const brokers = options_.config.mutable_brokers();
  brokers->set_addresses(0, "broker.example:7443");
  brokers->set_certificate_file(folder_.Write("office.pem", office.certificate_pem));
  brokers->set_key_file(folder_.Write("office.key", office.key_pem));
  brokers->set_ca_file(folder_.Write("brokers.pem", authority_.certificate_pem));
  const auto later = std::make_shared<FakeConnection>();
  later->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return absl::NotFoundError("this is the later connection");
  };
  const TestCertificate next = MakeTestCertificate({});
  options_.connect = [&](const config::v1::GatewayBrokersConfig& named,
                         const TlsContents& contents) -> absl::StatusOr<std::shared_ptr<Connection>> {
    const absl::StatusOr<std::shared_ptr<Connection>> real = ConnectAs(named, contents);  // Which checks them.
    if (!real.ok()) return real.status();
    return contents.certificate == next.certificate_pem ? later : connection_;
  };
  Start();
  const std::string cookie = Enroll("j-smith", v1::PERSON_ROLE_VIEWER);
  TlsClient stream(gateway_->port());
  Subscribe(cookie, &stream);
  (void)stream.ReadUntil("{}");
  folder_.Write("office.pem", next.certificate_pem);
  AwaitUpkeep();
  EXPECT_THAT(Call(kWhoAmI, cookie), StartsWith("HTTP/1.1 200 ")) << "the old pair stays in force";
  folder_.Write("office.key", next.key_pem);
  while (!absl::StrContains(Call(kWhoAmI, cookie), "the later connection")) AwaitUpkeep();
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_THAT(stream.ReadToEnd(), HasSubstr("the session has ended")) << "the stream was there until now";
}

TEST_F(GatewayTest, WithoutTheApplicationAPageSaysSo) {
  options_.config.set_dashboard_dir("/nonexistent");
  Start();
  EXPECT_FALSE(gateway_->has_application());
  TlsClient client(gateway_->port());
  EXPECT_THAT(client.Request("GET", "/"), HasSubstr("Dashboard not installed"));
}

TEST_F(GatewayTest, FilesThatAreWrongStopTheStartAndAreNamed) {
  options_.config.mutable_listen()->mutable_certificate_login()->set_ca_file(folder_.Write("empty.pem", ""));
  const absl::Status status = Gateway::Start(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("empty.pem"));
}

}  // namespace
}  // namespace muster::gateway
