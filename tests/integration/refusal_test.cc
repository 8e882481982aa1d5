// Who is not let in, and what they are told.
#include <csignal>

#include "common/clock.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"
#include "tests/integration/tls_probe.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr char kWhoAmI[] = "muster.v1.AgencyService/WhoAmI";

class Refusals : public IntegrationTest {
 protected:
  WireAnswer WhoAmI(const CertificateFiles& files) { return CallWire(ChannelWith(broker_, files), kWhoAmI, {""}); }

  // The refused certificate claims to be of an enrolled agency: nothing but the certificate is wrong.
  void Enrol(absl::string_view agency_id) { Accept(As(kLead), RegisterAgency(agency_id, "MO")); }

  void ExpectGoodOnesStillGetIn() { EXPECT_TRUE(WhoAmI(OperatorOf(kLead)).status.ok()); }
};

class RefusedByHandshake : public Refusals, public testing::WithParamInterface<const char*> {};

TEST_P(RefusedByHandshake, NoConnectionComesAbout) {
  Enrol("mo-kcpd");
  const WireAnswer answer = WhoAmI(BadCertificate(GetParam()));
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable) << answer.status;
  EXPECT_FALSE(AttemptTls(broker_.address(), {.certificate = BadCertificate(GetParam()), .offer = nullptr}).admitted);
  ExpectGoodOnesStillGetIn();
}

INSTANTIATE_TEST_SUITE_P(Certificate, RefusedByHandshake, testing::Values("expired", "foreign"),
                         [](const auto& tested) { return std::string(tested.param); });

class RefusedByIdentity : public Refusals, public testing::WithParamInterface<const char*> {};

TEST_P(RefusedByIdentity, IsUnauthenticatedWithTheReason) {
  Enrol("mo-kcpd");
  Enrol("ky-bgpd");
  const WireAnswer answer = WhoAmI(BadCertificate(GetParam()));
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnauthenticated) << answer.status;
  EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_CERTIFICATE_UNUSABLE) << answer.status;
  EXPECT_THAT(std::string(answer.status.message()), HasSubstr("certificate"));
  // Streams and gRPC's own services stand behind the same guard.
  const std::shared_ptr<grpc::Channel> channel = ChannelWith(broker_, BadCertificate(GetParam()));
  for (const char* rpc : {"muster.v1.FeedService/Subscribe", "muster.v1.SubmissionService/StreamSubmit",
                          "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"}) {
    EXPECT_EQ(CallWire(channel, rpc, {""}).status.code(), absl::StatusCode::kUnauthenticated) << rpc;
  }
  ExpectGoodOnesStillGetIn();
}

INSTANTIATE_TEST_SUITE_P(Certificate, RefusedByIdentity,
                         testing::Values("two-uris", "no-uri", "other-domain", "broker-role"), [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(Refusals, ARevokedCertificateIsUnauthenticatedWithTheReason) {
  Enrol("ky-bgpd");
  const CertificateFiles lost = BadCertificate("to-be-revoked");
  EXPECT_TRUE(WhoAmI(lost).status.ok()) << "it is good until it is revoked";
  Accept(As(kLead), RevokeCertificate("ky-bgpd", FingerprintOf(lost)));
  const WireAnswer answer = WhoAmI(lost);
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnauthenticated) << answer.status;
  EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_CERTIFICATE_REVOKED) << answer.status;
  EXPECT_TRUE(WhoAmI(OperatorOf("ky-bgpd")).status.ok()) << "the agency's other certificate is good";
}

TEST_F(Refusals, WithoutACertificateNoConnectionComesAbout) {
  const WireAnswer answer = CallWire(ChannelWithoutCertificate(broker_), kWhoAmI, {""});
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable) << answer.status;
  EXPECT_FALSE(AttemptTls(broker_.address(), {}).admitted);
  ExpectGoodOnesStillGetIn();
}

TEST_F(Refusals, WithoutTlsNoConnectionComesAbout) {
  const WireAnswer answer = CallWire(PlaintextChannel(broker_), kWhoAmI, {""});
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable) << answer.status;
  ExpectGoodOnesStillGetIn();
}

TEST_F(Refusals, NoSessionTicketIsEverIssued) {
  const TlsAttempt first = AttemptTls(broker_.address(), {.certificate = OperatorOf(kLead), .offer = nullptr});
  ASSERT_TRUE(first.admitted) << "this client can get in at all";
  EXPECT_EQ(first.tickets, 0);
}

TEST_F(Refusals, AnOfferedSessionWithoutACertificateDoesNotGetIn) {
  const TlsAttempt first = AttemptTls(broker_.address(), {.certificate = OperatorOf(kLead), .offer = nullptr});
  ASSERT_TRUE(first.admitted);
  ASSERT_NE(first.session, nullptr);
  const TlsAttempt second = AttemptTls(broker_.address(), {.certificate = {}, .offer = first.session});
  EXPECT_FALSE(second.resumed);
  EXPECT_FALSE(second.admitted);
  // With its certificate shown again the same offer is harmless.
  const TlsAttempt third = AttemptTls(broker_.address(), {.certificate = OperatorOf(kLead), .offer = first.session});
  EXPECT_FALSE(third.resumed);
  EXPECT_TRUE(third.admitted);
}

// gRPC lets TLS 1.2 in whatever the configuration says (it sets the version itself), with its own two ways to resume.
TEST_F(Refusals, NorDoesOneOfTls12) {
  const CertificateFiles lead = OperatorOf(kLead);
  const TlsAttempt first =
      AttemptTls(broker_.address(), {.certificate = lead, .offer = nullptr, .version = TLS1_2_VERSION});
  EXPECT_EQ(first.tickets, 0);
  const TlsAttempt second =
      AttemptTls(broker_.address(), {.certificate = {}, .offer = first.session, .version = TLS1_2_VERSION});
  EXPECT_FALSE(second.resumed);
  EXPECT_FALSE(second.admitted);
  EXPECT_FALSE(
      AttemptTls(broker_.address(), {.certificate = lead, .offer = first.session, .version = TLS1_2_VERSION}).resumed);
  EXPECT_FALSE(
      AttemptTls(broker_.address(), {.certificate = {}, .offer = nullptr, .version = TLS1_2_VERSION}).admitted);
  ExpectGoodOnesStillGetIn();
}

TEST_F(Refusals, ACertificateThatExpiresWhileConnectedIsRefusedAtTheNextCallAndItsStreamsEnd) {
  Enrol("mo-kcpd");
  const CertificateFiles brief =
      IssueCertificate(broker_.folder(), "spiffe://muster.example/agency/mo-kcpd/night-shift", absl::Seconds(8));
  const std::shared_ptr<grpc::Channel> channel = ChannelWith(broker_, brief);
  ASSERT_TRUE(CallWire(channel, kWhoAmI, {""}).status.ok());
  const std::shared_ptr<Connection> connection = broker_.Connect(brief);
  WatchedFeed feed(connection);
  WatchedSubmit submit(connection);
  ASSERT_TRUE(feed.WaitUntilOpen());
  ASSERT_TRUE(submit.WaitUntilOpen());

  for (const absl::Status& end : {feed.WaitForEnd(), submit.WaitForEnd()}) {
    EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated) << end;
    EXPECT_EQ(ReasonOf(end), v1::ERROR_REASON_CERTIFICATE_EXPIRED) << end;
  }
  ASSERT_EQ(channel->GetState(false), GRPC_CHANNEL_READY) << "the connection of before must still stand";
  const WireAnswer answer = CallWire(channel, kWhoAmI, {""});
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnauthenticated) << answer.status;
  EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_CERTIFICATE_EXPIRED) << answer.status;
  EXPECT_FALSE(AttemptTls(broker_.address(), {.certificate = brief, .offer = nullptr}).admitted);
  ExpectGoodOnesStillGetIn();
}

}  // namespace
}  // namespace muster
