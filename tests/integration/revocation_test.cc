// What a revocation and a suspension do to connections that stand.
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

class Revocation : public IntegrationTest {
 protected:
  void SetUp() override {
    IntegrationTest::SetUp();
    if (HasFatalFailure()) return;
    Accept(As(kLead), RegisterAgency("ky-bgpd", "KY"));
  }

  static void ExpectReason(const absl::Status& status, absl::StatusCode code, v1::ErrorReason reason) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ReasonOf(status), reason) << status;
  }

  // Refused at the next call on this very connection.
  static void ExpectRefused(const std::shared_ptr<Connection>& connection, absl::StatusCode code,
                            v1::ErrorReason reason) {
    ExpectReason(Client(connection).WhoAmI().status(), code, reason);
  }

  const CertificateFiles lost_ = BadCertificate("to-be-revoked");
};

TEST_F(Revocation, EndsThatCertificatesStreamsAndCallsAndNoOthers) {
  const std::shared_ptr<Connection> laptop = broker_.Connect(lost_);
  WatchedFeed feed(laptop);
  WatchedSubmit submit(laptop);
  WatchedFeed colleague(As("ky-bgpd").connection());
  WatchedSubmit colleague_submit(As("ky-bgpd").connection());
  for (bool open :
       {feed.WaitUntilOpen(), submit.WaitUntilOpen(), colleague.WaitUntilOpen(), colleague_submit.WaitUntilOpen()}) {
    ASSERT_TRUE(open);
  }
  // Any post of the agency may do it.
  Accept(As("ky-bgpd"), RevokeCertificate("ky-bgpd", FingerprintOf(lost_)));

  ExpectRefused(laptop, absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REVOKED);
  ExpectReason(feed.WaitForEnd(), absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REVOKED);
  ExpectReason(submit.WaitForEnd(), absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REVOKED);
  EXPECT_TRUE(As("ky-bgpd").WhoAmI().ok());
  EXPECT_FALSE(colleague.ended());
  EXPECT_FALSE(colleague_submit.ended());
}

TEST_F(Revocation, StillHoldsAfterARestart) {
  Accept(As(kLead), RevokeCertificate("ky-bgpd", FingerprintOf(lost_)));
  Disconnect();
  broker_.Kill();
  ASSERT_TRUE(Start());
  ExpectRefused(broker_.Connect(lost_), absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REVOKED);
  EXPECT_TRUE(As("ky-bgpd").WhoAmI().ok());

  // And when the state comes from a snapshot.
  Disconnect();
  ASSERT_EQ(broker_.Stop().value_or(-1), 0);
  ASSERT_TRUE(Start());
  ExpectRefused(broker_.Connect(lost_), absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REVOKED);
}

TEST_F(Revocation, SuspensionEndsEveryStreamOfTheAgencyUntilItIsReinstated) {
  const std::shared_ptr<Connection> other_post = broker_.Connect(lost_);
  WatchedFeed feed(As("ky-bgpd").connection());
  WatchedFeed other_feed(other_post);
  WatchedSubmit submit(other_post);
  WatchedFeed bystander(As(kLead).connection());
  for (bool open :
       {feed.WaitUntilOpen(), other_feed.WaitUntilOpen(), submit.WaitUntilOpen(), bystander.WaitUntilOpen()}) {
    ASSERT_TRUE(open);
  }
  Accept(As(kLead), SetStanding("ky-bgpd", v1::AGENCY_STANDING_SUSPENDED));

  for (const absl::Status& end : {feed.WaitForEnd(), other_feed.WaitForEnd(), submit.WaitForEnd()}) {
    ExpectReason(end, absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_AGENCY_SUSPENDED);
  }
  ExpectRefused(other_post, absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_AGENCY_SUSPENDED);
  EXPECT_FALSE(bystander.ended());

  Accept(As(kLead), SetStanding("ky-bgpd", v1::AGENCY_STANDING_ACTIVE));
  EXPECT_TRUE(As("ky-bgpd").WhoAmI().ok());
  WatchedFeed again(As("ky-bgpd").connection());
  EXPECT_TRUE(again.WaitUntilOpen());
}

TEST_F(Revocation, ASuspensionHoldsAfterARestart) {
  Accept(As(kLead), SetStanding("ky-bgpd", v1::AGENCY_STANDING_SUSPENDED));
  Disconnect();
  broker_.Kill();
  ASSERT_TRUE(Start());
  ExpectRefused(As("ky-bgpd").connection(), absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_AGENCY_SUSPENDED);
}

}  // namespace
}  // namespace muster
