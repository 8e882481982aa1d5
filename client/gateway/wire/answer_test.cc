#include "client/gateway/wire/answer.h"

#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/error_reason.h"
#include "common/rich_status.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using google::protobuf::Struct;
using testing::HasSubstr;

constexpr Framing kUnary = {Protocol::kConnectUnary, Codec::kJson};
constexpr Framing kStream = {Protocol::kConnectStream, Codec::kJson};
constexpr Framing kGrpcWeb = {Protocol::kGrpcWeb, Codec::kProto};

absl::Status Refused() {
  return Refusal(muster::v1::ERROR_REASON_STALE_PLAN_VERSION, "version 3 is out: read it", "P3");
}

Struct ParseJson(const std::string& json) {
  Struct parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  return parsed;
}

TEST(AnswerTest, AUnaryConnectAnswerIsTheBareMessage) {
  const WireAnswer answer = EncodeAnswer(kUnary, std::string("{}"), {{"muster-as-of", "2021-08-27T03:00:00Z"}});
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, "{}");
  ASSERT_EQ(answer.headers.size(), 1u);
  EXPECT_EQ(answer.headers[0].first, "muster-as-of");
}

TEST(AnswerTest, AConnectErrorCarriesCodeMessageAndTheReasonAsADetail) {
  const WireAnswer answer = EncodeAnswer({Protocol::kConnectUnary, Codec::kProto}, Refused());
  EXPECT_EQ(answer.http_status, 409);
  EXPECT_EQ(answer.content_type, "application/json");
  const Struct error = ParseJson(answer.body);
  EXPECT_EQ(error.fields().at("code").string_value(), "aborted");
  EXPECT_EQ(error.fields().at("message").string_value(), "version 3 is out: read it");
  const Struct& detail = error.fields().at("details").list_value().values(0).struct_value();
  EXPECT_EQ(detail.fields().at("type").string_value(), "google.rpc.ErrorInfo");
  const std::string& value = detail.fields().at("value").string_value();
  EXPECT_FALSE(absl::EndsWith(value, "="));
  std::string bytes;
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(absl::Base64Unescape(value, &bytes) && info.ParseFromString(bytes));
  EXPECT_EQ(info.reason(), "STALE_PLAN_VERSION");
}

TEST(AnswerTest, AnErrorWithoutAReasonIsGivenNone) {
  const absl::Status status = absl::UnauthenticatedError("wrong password");
  EXPECT_EQ(ConnectErrorJson(status), R"({"code":"unauthenticated","message":"wrong password"})");
  EXPECT_EQ(GrpcWebTrailers(status, {}), "grpc-status: 16\r\ngrpc-message: wrong password\r\n");
}

TEST(AnswerTest, EveryCodeHasItsConnectNameAndHttpStatus) {
  const struct {
    absl::StatusCode code;
    const char* name;
    int http_status;
  } rows[] = {
      {absl::StatusCode::kCancelled, "canceled", 499},
      {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
      {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
      {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
      {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
      {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
      {absl::StatusCode::kUnavailable, "unavailable", 503},
      {absl::StatusCode::kUnimplemented, "unimplemented", 501},
      {static_cast<absl::StatusCode>(99), "unknown", 500},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ConnectCodeName(row.code), row.name);
    EXPECT_EQ(HttpStatusOf(row.code), row.http_status);
  }
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kOk), 200);
}

TEST(AnswerTest, AConnectStreamAlwaysHasStatus200AndEndsWithItsError) {
  const WireAnswer answer = EncodeAnswer(kStream, Refused());
  EXPECT_EQ(answer.http_status, 200);
  ASSERT_GT(answer.body.size(), 5u);
  EXPECT_EQ(static_cast<uint8_t>(answer.body[0]), kConnectEndFlag);
  const Struct end = ParseJson(answer.body.substr(5));
  EXPECT_EQ(end.fields().at("error").struct_value().fields().at("code").string_value(), "aborted");
}

TEST(AnswerTest, AConnectStreamThatEndsWellSaysNothing) {
  EXPECT_EQ(EncodeEnd(kStream, absl::OkStatus()), EncodeEnvelope(kStream, kConnectEndFlag, "{}"));
}

TEST(AnswerTest, AGrpcWebAnswerIsTheMessageThenTheTrailers) {
  const WireAnswer answer = EncodeAnswer(kGrpcWeb, std::string("abc"), {{"muster-superseded", "1"}});
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_EQ(answer.body, EncodeMessage(kGrpcWeb, "abc") + EncodeEnvelope(kGrpcWeb, kGrpcWebTrailersFlag,
                                                                         "grpc-status: 0\r\nmuster-superseded: 1\r\n"));
}

TEST(AnswerTest, TrailersCannotBeForgedByAMessage) {
  const std::string trailers = GrpcWebTrailers(absl::InternalError("a%b\r\ngrpc-status: 0 \xc3\xa9"), {});
  EXPECT_THAT(trailers, HasSubstr("grpc-message: a%25b%0D%0Agrpc-status: 0 %C3%A9\r\n"));
}

TEST(AnswerTest, GrpcWebTrailersCarryTheWholeStatus) {
  const std::string trailers = GrpcWebTrailers(Refused(), {});
  const size_t begin = trailers.find("grpc-status-details-bin: ") + 25;
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(trailers.substr(begin, trailers.find("\r\n", begin) - begin), &bytes));
  const absl::Status back = FromRichStatus(10, "", bytes);
  EXPECT_EQ(RejectedOf(back).reason(), muster::v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(RejectedOf(back).rule(), "P3");
}

TEST(AnswerTest, WhenToTryAgainIsToldAloneWhereThereIsNoReason) {
  const absl::Status locked = WithRetryDelay(absl::ResourceExhaustedError("locked"), absl::Seconds(899.5));
  const Struct error = ParseJson(ConnectErrorJson(locked));
  const auto& details = error.fields().at("details").list_value();
  ASSERT_EQ(details.values_size(), 1);
  EXPECT_EQ(details.values(0).struct_value().fields().at("type").string_value(), "google.rpc.RetryInfo");
  const std::string trailers = GrpcWebTrailers(locked, {});
  const size_t begin = trailers.find("grpc-status-details-bin: ") + 25;
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(trailers.substr(begin, trailers.find("\r\n", begin) - begin), &bytes));
  const absl::Status back = FromRichStatus(8, "", bytes);
  EXPECT_EQ(RetryDelayOf(back), absl::Minutes(15));
  EXPECT_FALSE(back.GetPayload(kRejectedTypeUrl).has_value());
  EXPECT_FALSE(absl::StrContains(ConnectErrorJson(absl::ResourceExhaustedError("busy")), "details"));
}

TEST(AnswerTest, JsonTextIsEscapedWhateverItsBytes) {
  EXPECT_EQ(JsonString("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\u000a\\u0001\"");
  EXPECT_EQ(JsonString("\xff"
                       "x\xe2\x80\xa8y"),
            "\"\\ufffdx\\u2028y\"");
}

TEST(TimeoutTest, BothHeadersAreReadAsTheirProtocolsSay) {
  EXPECT_EQ(*ParseConnectTimeout("1500"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseGrpcTimeout("2H"), absl::Hours(2));
  EXPECT_EQ(*ParseGrpcTimeout("99999999m"), absl::Milliseconds(99'999'999));
  EXPECT_EQ(*ParseGrpcTimeout("5u"), absl::Microseconds(5));
}

TEST(TimeoutTest, NoHeaderIsNoLimit) {
  EXPECT_EQ(*ParseConnectTimeout(""), absl::InfiniteDuration());
  EXPECT_EQ(*ParseGrpcTimeout(""), absl::InfiniteDuration());
}

TEST(TimeoutTest, AnythingElseIsRefused) {
  for (const char* text : {"-1", "+1", " 1", "1.5", "x", "12345678901"})
    EXPECT_FALSE(ParseConnectTimeout(text).ok()) << text;
  for (const char* text : {"1", "S", "-1S", "123456789S", "1s", "1 S"})
    EXPECT_FALSE(ParseGrpcTimeout(text).ok()) << text;
}

}  // namespace
}  // namespace muster::gateway
