// The checks of the way to a broker, against listeners on this machine. Nothing here leaves it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/lib/doctor/doctor.h"
#include "client/lib/doctor/reach.h"
#include "client/lib/doctor/testing/fake_broker.h"
#include "common/error_reason.h"

namespace muster::doctor {
namespace {

using agent::v1::FINDING_LEVEL_FAILING;
using agent::v1::FINDING_LEVEL_OK;
using agent::v1::FINDING_LEVEL_SKIPPED;
using agent::v1::FINDING_LEVEL_WARNING;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A socket that listens on 127.0.0.1 and never answers.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_.fd(), 8), 0);
    EXPECT_EQ(getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  const std::string& port() const { return port_; }

 private:
  Socket socket_;
  std::string port_;
};

// A port on which nothing listens.
std::string RefusedPort() { return SilentPort().port(); }

class LinkTest : public ::testing::Test {
 protected:
  LinkTest()
      : authority_(MakeTestCertificate({.common_name = "Our Authority", .is_ca = true})),
        other_authority_(MakeTestCertificate({.common_name = "Other Authority", .is_ca = true})),
        broker_(MakeTestCertificate({.common_name = "broker", .dns_names = {"localhost"}, .issuer = &authority_})),
        client_(MakeTestCertificate(
            {.common_name = "us", .uris = {"spiffe://muster.example/agency/mo-ago/cp"}, .issuer = &authority_})) {}

  LinkToCheck To(const std::string& host_port) const {
    LinkToCheck link;
    link.brokers = {host_port};
    link.tls =
        TlsContents{.certificate = client_.certificate_pem, .key = client_.key_pem, .ca = authority_.certificate_pem};
    link.timeout = absl::Seconds(3);
    return link;
  }

  static FakeBroker::WhoAmI Welcome(absl::Duration broker_ahead = absl::ZeroDuration()) {
    return [broker_ahead]() -> absl::StatusOr<v1::WhoAmIResponse> {
      v1::WhoAmIResponse us;
      us.mutable_principal()->set_agency_id("mo-ago");
      us.mutable_principal()->set_post("cp");
      us.mutable_agency()->set_standing(v1::AGENCY_STANDING_ACTIVE);
      *us.mutable_broker_time() = ToProto(SystemClock()->Now() + broker_ahead);
      return us;
    };
  }

  std::vector<Finding> Check(const LinkToCheck& link) const {
    std::vector<Finding> findings = CheckLink(link, *SystemClock());
    // Whatever the trouble: the person is told what to do, and why something was not looked at.
    for (const Finding& finding : findings) {
      const bool troubled = finding.level() == FINDING_LEVEL_FAILING || finding.level() == FINDING_LEVEL_WARNING;
      EXPECT_EQ(troubled, !finding.remedy().empty()) << finding.DebugString();
      EXPECT_FALSE(finding.detail().empty()) << finding.DebugString();
    }
    return findings;
  }

  // The finding of `check` about a broker.
  static Finding Of(const std::vector<Finding>& findings, const std::string& check) {
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.check() == check && !finding.broker().empty();
    });
    return found == findings.end() ? Finding() : *found;
  }
  static Finding OfOurs(const std::vector<Finding>& findings, const std::string& check) {
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.check() == check && finding.broker().empty();
    });
    return found == findings.end() ? Finding() : *found;
  }

  const TestCertificate authority_;
  const TestCertificate other_authority_;
  const TestCertificate broker_;
  const TestCertificate client_;
};

TEST_F(LinkTest, GoodBrokerIsFineInEveryCheck) {
  const FakeBroker broker(broker_, authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  for (const char* check : {"name", "tcp", "tls", "chain", "expiry", "clock", "revocation"}) {
    EXPECT_EQ(Of(findings, check).level(), FINDING_LEVEL_OK) << check << Of(findings, check).DebugString();
  }
  EXPECT_THAT(Of(findings, "revocation").detail(), HasSubstr("mo-ago/cp"));
}

TEST_F(LinkTest, ChainSaysWhoSignedWhom) {
  const FakeBroker broker(broker_, authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_THAT(Of(findings, "chain").detail(), HasSubstr("CN=broker, signed by CN=Our Authority"));
  EXPECT_THAT(OfOurs(findings, "chain").detail(), HasSubstr("CN=us, signed by CN=Our Authority"));
}

TEST_F(LinkTest, ServerNameIsExpectedInsteadOfTheHost) {
  const TestCertificate named =
      MakeTestCertificate({.common_name = "b", .dns_names = {"broker.example"}, .issuer = &authority_});
  const FakeBroker broker(named, authority_.certificate_pem, Welcome());
  LinkToCheck link = To("localhost:" + broker.port());
  link.server_name = "broker.example";
  EXPECT_EQ(Of(Check(link), "revocation").level(), FINDING_LEVEL_OK);
}

TEST_F(LinkTest, NameWithoutAnAddressFailsAndTheRestIsSkipped) {
  // No name server is asked about a name with an empty label.
  const std::vector<Finding> findings = Check(To("no..name:7443"));
  EXPECT_EQ(Of(findings, "name").level(), FINDING_LEVEL_FAILING);
  for (const char* check : {"tcp", "tls", "chain", "expiry", "clock", "revocation"}) {
    EXPECT_EQ(Of(findings, check).level(), FINDING_LEVEL_SKIPPED) << check;
  }
}

TEST_F(LinkTest, AddressWithoutAPortFails) {
  EXPECT_EQ(Of(Check(To("localhost")), "name").level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(Of(Check(To("::1")), "name").level(), FINDING_LEVEL_FAILING);
}

TEST_F(LinkTest, RefusedPortNamesTheCommandThatStartsTheBroker) {
  const std::vector<Finding> findings = Check(To("127.0.0.1:" + RefusedPort()));
  EXPECT_EQ(Of(findings, "tcp").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "tcp").detail(), HasSubstr("refused"));
  EXPECT_THAT(Of(findings, "tcp").remedy(), HasSubstr("systemctl start musterd"));
  EXPECT_EQ(Of(findings, "tls").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, SilentPortFailsTheHandshake) {
  const SilentPort silent;
  LinkToCheck link = To("127.0.0.1:" + silent.port());
  link.timeout = absl::Milliseconds(200);
  const std::vector<Finding> findings = Check(link);
  EXPECT_EQ(Of(findings, "tcp").level(), FINDING_LEVEL_OK);
  EXPECT_EQ(Of(findings, "tls").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "tls").detail(), HasSubstr("said nothing"));
  EXPECT_EQ(Of(findings, "chain").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, BrokerCertificateForAnotherNameFails) {
  const TestCertificate elsewhere =
      MakeTestCertificate({.common_name = "b", .dns_names = {"broker.example"}, .issuer = &authority_});
  const FakeBroker broker(elsewhere, authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_EQ(Of(findings, "chain").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "chain").detail(), HasSubstr("made out to broker.example, not to localhost"));
  EXPECT_EQ(Of(findings, "revocation").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, BrokerOfAnotherAuthorityFails) {
  const TestCertificate stranger =
      MakeTestCertificate({.common_name = "b", .dns_names = {"localhost"}, .issuer = &other_authority_});
  const FakeBroker broker(stranger, authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_EQ(Of(findings, "chain").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "chain").detail(), HasSubstr("signed by CN=Other Authority"));
  EXPECT_EQ(Of(findings, "clock").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, OurCertificateThatTheBrokerDoesNotAcceptFailsTheHandshake) {
  const FakeBroker broker(broker_, other_authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_EQ(Of(findings, "tls").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "tls").remedy(), HasSubstr("muster agent enroll NEW-BUNDLE"));
  EXPECT_EQ(Of(findings, "revocation").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, ExpiredBrokerCertificateFailsItsExpiry) {
  const TestCertificate old = MakeTestCertificate({.common_name = "b",
                                                   .dns_names = {"localhost"},
                                                   .not_after = absl::FromUnixSeconds(1'700'000'000),
                                                   .issuer = &authority_});
  const FakeBroker broker(old, authority_.certificate_pem, Welcome());
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_EQ(Of(findings, "expiry").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "expiry").detail(), HasSubstr("expired on 2023-11-14"));
}

TEST_F(LinkTest, OurExpiredCertificateFailsItsExpiry) {
  LinkToCheck link = To("127.0.0.1:" + RefusedPort());
  const TestCertificate old = MakeTestCertificate(
      {.common_name = "us", .not_after = absl::FromUnixSeconds(1'700'000'000), .issuer = &authority_});
  link.tls->certificate = old.certificate_pem;
  link.tls->key = old.key_pem;
  EXPECT_EQ(OfOurs(Check(link), "expiry").level(), FINDING_LEVEL_FAILING);
}

TEST_F(LinkTest, OurCertificateOfAnotherAuthorityIsAWarning) {
  LinkToCheck link = To("127.0.0.1:" + RefusedPort());
  link.tls->ca = other_authority_.certificate_pem;
  EXPECT_EQ(OfOurs(Check(link), "chain").level(), FINDING_LEVEL_WARNING);
}

TEST_F(LinkTest, ClockOfTheBrokerIsCompared) {
  const FakeBroker broker(broker_, authority_.certificate_pem, Welcome(absl::Minutes(5)));
  const Finding clock = Of(Check(To("localhost:" + broker.port())), "clock");
  EXPECT_EQ(clock.level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(clock.detail(), AnyOf(HasSubstr("5m"), HasSubstr("4m59")));
  EXPECT_THAT(clock.detail(), HasSubstr("behind the broker's"));
  EXPECT_THAT(clock.remedy(), HasSubstr("timedatectl"));
}

TEST_F(LinkTest, RevokedCertificateIsNamedAsSuch) {
  const FakeBroker broker(broker_, authority_.certificate_pem, []() -> absl::StatusOr<v1::WhoAmIResponse> {
    return Refusal(v1::ERROR_REASON_CERTIFICATE_REVOKED, "the certificate is revoked");
  });
  const std::vector<Finding> findings = Check(To("localhost:" + broker.port()));
  EXPECT_EQ(Of(findings, "revocation").level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(Of(findings, "revocation").detail(), HasSubstr("revoked"));
  EXPECT_EQ(Of(findings, "clock").level(), FINDING_LEVEL_SKIPPED);
}

TEST_F(LinkTest, SuspendedAgencyIsToldWhoCanHelp) {
  const FakeBroker broker(broker_, authority_.certificate_pem, []() -> absl::StatusOr<v1::WhoAmIResponse> {
    return Refusal(v1::ERROR_REASON_AGENCY_SUSPENDED, "the agency is suspended");
  });
  EXPECT_THAT(Of(Check(To("localhost:" + broker.port())), "revocation").remedy(), HasSubstr("registrar"));
}

TEST_F(LinkTest, EveryBrokerIsCheckedWhateverTheFirstSays) {
  const FakeBroker broker(broker_, authority_.certificate_pem, Welcome());
  LinkToCheck link = To("127.0.0.1:" + RefusedPort());
  link.brokers.push_back("localhost:" + broker.port());
  const std::vector<Finding> findings = Check(link);
  EXPECT_EQ(Of(findings, "tcp").level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(findings.back().broker(), link.brokers[1]);
  EXPECT_EQ(findings.back().level(), FINDING_LEVEL_OK);
}

TEST_F(LinkTest, WithoutACertificateTheWayIsStillLookedAt) {
  LinkToCheck link = To("127.0.0.1:" + RefusedPort());
  link.tls.reset();
  const std::vector<Finding> findings = Check(link);
  EXPECT_EQ(OfOurs(findings, "chain").level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(Of(findings, "tcp").level(), FINDING_LEVEL_FAILING);
}

TEST_F(LinkTest, CertificateThatIsNoneFails) {
  LinkToCheck link = To("127.0.0.1:" + RefusedPort());
  link.tls = TlsContents{.certificate = "garbage", .key = "garbage", .ca = "garbage"};
  EXPECT_EQ(OfOurs(Check(link), "chain").level(), FINDING_LEVEL_FAILING);
}

TEST_F(LinkTest, NoBrokerAtAllFails) {
  LinkToCheck link = To("");
  link.brokers.clear();
  EXPECT_EQ(OfOurs(Check(link), "name").level(), FINDING_LEVEL_FAILING);
}

}  // namespace
}  // namespace muster::doctor
