#include "common/error_reason.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/field_violation.h"
#include "common/rich_status.h"
#include "google/protobuf/descriptor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<v1::ErrorReason> EveryReason() {
  std::vector<v1::ErrorReason> reasons;
  const google::protobuf::EnumDescriptor* type = v1::ErrorReason_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) reasons.push_back(static_cast<v1::ErrorReason>(type->value(i)->number()));
  }
  return reasons;
}

TEST(ErrorReason, EveryReasonHasACodeOfItsOwn) {
  for (const v1::ErrorReason reason : EveryReason()) {
    EXPECT_NE(CodeFor(reason), absl::StatusCode::kUnknown) << ReasonName(reason);
    EXPECT_NE(CodeFor(reason), absl::StatusCode::kOk) << ReasonName(reason);
  }
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_UNSPECIFIED), absl::StatusCode::kUnknown);
  EXPECT_EQ(CodeFor(static_cast<v1::ErrorReason>(9999)), absl::StatusCode::kUnknown);
}

TEST(ErrorReason, CodesAreThoseThatTheProtoStates) {
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_MALFORMED), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_CERTIFICATE_REVOKED), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_AGENCY_UNKNOWN), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_NOT_FOUND), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_WRONG_PHASE), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_STALE_PLAN_VERSION), absl::StatusCode::kAborted);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_SUBMISSION_ID_REUSED), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_QUEUE_FULL), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_FATE_UNKNOWN), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_HISTORY_TRIMMED), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_CURSOR_NOT_OURS), absl::StatusCode::kDataLoss);
}

TEST(ErrorReason, RefusalCarriesReasonMessageAndRule) {
  const absl::Status status = Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION, "version 2 is current; read it", "P3");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "version 2 is current; read it");
  const v1::Rejected rejected = RejectedOf(status);
  EXPECT_EQ(rejected.reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(rejected.message(), "version 2 is current; read it");
  EXPECT_EQ(rejected.rule(), "P3");
  EXPECT_EQ(ToStatus(rejected), status);
}

TEST(ErrorReason, StatusWithoutReasonGetsTheOneItsCodeSuggests) {
  const v1::Rejected rejected = RejectedOf(absl::UnavailableError("connection lost"));
  EXPECT_EQ(rejected.reason(), v1::ERROR_REASON_FATE_UNKNOWN);
  EXPECT_EQ(rejected.message(), "connection lost");
  EXPECT_EQ(RejectedOf(absl::InternalError("bug")).reason(), v1::ERROR_REASON_UNSPECIFIED);
  absl::Status garbage = absl::NotFoundError("gone");
  garbage.SetPayload(kRejectedTypeUrl, absl::Cord("\xff\xff\xff"));
  EXPECT_EQ(RejectedOf(garbage).reason(), v1::ERROR_REASON_NOT_FOUND);
}

TEST(ErrorReason, NamesLeadBackToTheirReasons) {
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_STALE_PLAN_VERSION), "STALE_PLAN_VERSION");
  EXPECT_EQ(ReasonName(static_cast<v1::ErrorReason>(9999)), "UNSPECIFIED");
  for (const v1::ErrorReason reason : EveryReason()) EXPECT_EQ(ReasonFromName(ReasonName(reason)), reason);
  EXPECT_EQ(ReasonFromName("NO_SUCH_REASON"), v1::ERROR_REASON_UNSPECIFIED);
}

absl::Status ThereAndBack(const absl::Status& status) {
  return FromRichStatus(static_cast<int>(status.code()), StatusMessage(status), ToRichStatusBytes(status));
}

TEST(RichStatus, EveryRefusalSurvivesTheWayToTheClient) {
  for (const v1::ErrorReason reason : EveryReason()) {
    const absl::Status back = ThereAndBack(Refusal(reason, "why and what to do", "T4"));
    EXPECT_EQ(back.code(), CodeFor(reason));
    EXPECT_EQ(back.message(), "why and what to do");
    EXPECT_EQ(RejectedOf(back).reason(), reason);
    EXPECT_EQ(RejectedOf(back).message(), "why and what to do");
    EXPECT_EQ(RejectedOf(back).rule(), "T4");
  }
}

TEST(RichStatus, BytesAreGoogleRpcStatusWithErrorInfoOfOurDomain) {
  google::rpc::Status rich;
  ASSERT_TRUE(rich.ParseFromString(ToRichStatusBytes(Refusal(v1::ERROR_REASON_NOT_PERMITTED, "no", "P7"))));
  EXPECT_EQ(rich.code(), 7);
  EXPECT_EQ(rich.message(), "no");
  ASSERT_EQ(rich.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(rich.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "NOT_PERMITTED");
  EXPECT_EQ(info.domain(), "muster");
  EXPECT_EQ(info.metadata().at("rule"), "P7");
}

TEST(RichStatus, FieldViolationsSurviveTheWayToTheClient) {
  const absl::Status back = ThereAndBack(MalformedStatus({{"plan.title", "is empty, it is required"}, {"b", "c"}}));
  EXPECT_EQ(back.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(back.message(), "plan.title: is empty, it is required; b: c");
  const std::vector<FieldViolation> violations = ViolationsOf(back);
  ASSERT_THAT(violations, SizeIs(2));
  EXPECT_EQ(violations[0].field, "plan.title");
  EXPECT_EQ(violations[0].description, "is empty, it is required");
}

TEST(RichStatus, OnlyWhatMayBeTriedAgainSaysWhen) {
  EXPECT_EQ(RetryDelayOf(ThereAndBack(Refusal(v1::ERROR_REASON_DRAINING, "d"))), absl::Seconds(1));
  EXPECT_EQ(RetryDelayOf(ThereAndBack(Refusal(v1::ERROR_REASON_QUEUE_FULL, "q"))), absl::Seconds(1));
  EXPECT_EQ(RetryDelayOf(ThereAndBack(Refusal(v1::ERROR_REASON_NOT_PERMITTED, "n"))), std::nullopt);
}

TEST(RichStatus, TrailersStayBelowWhatGrpcAccepts) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 50; ++i) violations.push_back({absl::StrCat("field", i), std::string(300, 'x')});
  absl::Status status = MalformedStatus(violations);
  EXPECT_LE(ToRichStatusBytes(status).size(), 4096u);
  EXPECT_FALSE(ViolationsOf(ThereAndBack(status)).empty());
  status = Refusal(v1::ERROR_REASON_MALFORMED, std::string(100000, 'y'));
  EXPECT_LE(ToRichStatusBytes(status).size(), 4096u);
}

TEST(RichStatus, LongMessageIsCutBetweenCharacters) {
  std::string message = "x";
  for (int i = 0; i < 2000; ++i) message += "\xc3\xa9";
  const std::string cut = StatusMessage(absl::InternalError(message));
  EXPECT_LE(cut.size(), kStatusMessageBytesMax);
  EXPECT_THAT(cut, AllOf(EndsWith("\xc3\xa9 ..."), Not(HasSubstr("\xc3 "))));
}

TEST(RichStatus, OkStaysOkAndGarbageDetailsAreIgnored) {
  EXPECT_THAT(ToRichStatusBytes(absl::OkStatus()), IsEmpty());
  EXPECT_TRUE(FromRichStatus(0, "", "").ok());
  const absl::Status status = FromRichStatus(5, "gone", "\xff\xfe garbage");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RejectedOf(status).message(), "gone");
  EXPECT_EQ(FromRichStatus(99, "odd", "").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(FromRichStatus(-1, "odd", "").code(), absl::StatusCode::kUnknown);
}

TEST(RichStatus, ErrorInfoOfAnotherDomainIsNotOurs) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  info.set_reason("NOT_PERMITTED");
  info.set_domain("example.com");
  rich.add_details()->PackFrom(info);
  EXPECT_EQ(RejectedOf(FromRichStatus(5, "m", rich.SerializeAsString())).reason(), v1::ERROR_REASON_NOT_FOUND);
}

}  // namespace
}  // namespace muster
