// Bytes that no well-behaved client sends: a clear error, nothing stored, and the broker lives.
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/field_violation.h"
#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"
#include "tests/integration/tls_probe.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kSubmit[] = "muster.v1.SubmissionService/Submit";
constexpr char kStreamSubmit[] = "muster.v1.SubmissionService/StreamSubmit";
constexpr size_t kMessageBytesMax = 65536;

class BadInput : public IntegrationTest {
 protected:
  BadInput() : IntegrationTest({.limits = absl::StrCat("message_bytes_max = ", kMessageBytesMax)}) {}

  void SetUp() override {
    google::protobuf::SetLogHandler(nullptr);  // This process encodes text that is not UTF-8 on purpose.
    IntegrationTest::SetUp();
    if (HasFatalFailure()) return;
    SetUpExercise();
    // What FillValid calls every operation, so that nothing below is refused for want of a role.
    Accept(As(kLead), CreateOperation({MakeSite("mo-ago", "MO")}, "mo-ago"));
    channel_ = ChannelWith(broker_, OperatorOf(kLead));
    before_ = broker_.VerifiedEvents().value_or(0);
    ASSERT_GT(before_, 0u);
  }

  // Nothing was stored, the broker lives, and it serves.
  void TearDown() override {
    if (HasFatalFailure()) return;
    EXPECT_TRUE(broker_.Running()) << broker_.Log();
    EXPECT_EQ(broker_.Metric("muster_last_sequence"), static_cast<double>(before_));
    EXPECT_EQ(broker_.VerifiedEvents().value_or(0), before_);
    Accept(As(kKentucky), KentuckyTally(999));
    EXPECT_EQ(broker_.VerifiedEvents().value_or(0), before_ + 1) << "the count above must be able to see an event";
    EXPECT_FALSE(absl::StrContains(broker_.Log(), "libprotobuf")) << "bad input must not be able to fill the log";
  }

  void ExpectMalformed(const ServedRpc& rpc, const std::string& request, absl::string_view what) {
    const WireAnswer answer = CallWire(channel_, rpc.name, {request}, {.responses_max = 1});
    if (rpc.method == nullptr) return;  // gRPC's own: that the broker lives is all that is asked.
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument)
        << rpc.name << ", " << what << ": " << answer.status;
    EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_MALFORMED) << rpc.name << ", " << what;
    EXPECT_TRUE(answer.responses.empty()) << rpc.name << ", " << what;
  }

  // Refused by Submit with a violation that names `place`, and by StreamSubmit with a refusal of its own.
  void ExpectRefused(const v1::Submission& submission, const std::string& place, bool parses = true) {
    v1::SubmitRequest request;
    *request.mutable_submission() = submission;
    const WireAnswer answer = CallWire(channel_, kSubmit, {request.SerializeAsString()});
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument) << place << ": " << answer.status;
    EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_MALFORMED) << place;
    if (!parses) return;
    const std::vector<FieldViolation> violations = ViolationsOf(answer.status);
    EXPECT_TRUE(std::any_of(
        violations.begin(), violations.end(),
        [&](const FieldViolation& violation) { return violation.field == absl::StrCat("submission.", place); }))
        << place << ": " << answer.status;
    for (const char byte : answer.status.message()) EXPECT_FALSE(absl::ascii_iscntrl(byte) && byte != '\n') << place;
  }

  std::shared_ptr<grpc::Channel> channel_;
  uint64_t before_ = 0;
};

TEST_F(BadInput, BytesThatAreNoMessageAreRefusedByEveryRpc) {
  std::mt19937_64 random = SeededRandom();
  for (const ServedRpc& rpc : ServedRpcs(channel_)) {
    ExpectMalformed(rpc, "\xff\xff\xff\xff", "an endless varint");
    ExpectMalformed(rpc, "\x0a\x7f", "a length beyond the end");
    std::string noise(200, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    noise[0] = 0x07;  // No such wire type: noise that cannot happen to be a message.
    ExpectMalformed(rpc, noise, "noise");
    if (const std::string valid = ValidRequestFor(rpc); valid.size() > 1) {
      ExpectMalformed(rpc, valid.substr(0, valid.size() - 1), "a message cut short");
    }
    ExpectMalformed(rpc, std::string(20000, '\x0b'), "groups nested 20,000 deep");
  }
}

TEST_F(BadInput, FieldsThatNobodyKnowsAreRefusedByEveryRpc) {
  for (const ServedRpc& rpc : ServedRpcs(channel_)) {
    if (rpc.method == nullptr) continue;
    const std::string unknown_field("\xc0\xbb\x01\x01", 4);  // Field 3000, varint 1.
    const WireAnswer answer =
        CallWire(channel_, rpc.name, {ValidRequestFor(rpc) + unknown_field}, {.responses_max = 2});
    // Reads ask for the role first.
    const bool refused = answer.status.code() == absl::StatusCode::kInvalidArgument ||
                         answer.status.code() == absl::StatusCode::kPermissionDenied;
    EXPECT_TRUE(refused) << rpc.name << ": " << answer.status;
    if (absl::IsInvalidArgument(answer.status)) {
      EXPECT_TRUE(absl::StrContains(answer.status.message(), "3000")) << rpc.name << ": " << answer.status;
    }
  }
}

TEST_F(BadInput, AMessageOverTheLimitIsRefusedByEveryRpc) {
  const std::string huge(kMessageBytesMax + 1, '\0');
  for (const ServedRpc& rpc : ServedRpcs(channel_)) {
    const WireAnswer answer = CallWire(channel_, rpc.name, {huge}, {.responses_max = 1});
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kResourceExhausted) << rpc.name << ": " << answer.status;
  }
}

TEST_F(BadInput, ControlCharactersAndBadUtf8InAnyStringOfAnySubmissionAreRefused) {
  size_t strings = 0;
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    submission.clear_outbox_number();
    for (const StringPlace& place : StringsOf(&submission)) {
      place.set(place.value + "\x1b[2J");
      ExpectRefused(submission, place.path);
      place.set(place.value + "\xc3\x28");
      ExpectRefused(submission, place.path, /*parses=*/false);
      place.set(place.value);
      ++strings;
    }
  }
  EXPECT_GT(strings, 60u);
}

// Sets every enum at every depth of `message`, one after the other, to a number that no build knows.
void ForEachUnknownEnum(const std::string& path, Message* message,
                        const std::function<void(const std::string&)>& then) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    const int items = field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < items; ++i) {
      const std::string item = field->is_repeated() ? absl::StrCat(name, "[", i, "]") : name;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ForEachUnknownEnum(item,
                           field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, i)
                                                : reflection->MutableMessage(message, field),
                           then);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM && field->is_repeated()) {
        const int before = reflection->GetRepeatedEnumValue(*message, field, i);
        reflection->SetRepeatedEnumValue(message, field, i, 4711);
        then(item);
        reflection->SetRepeatedEnumValue(message, field, i, before);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        const int before = reflection->GetEnumValue(*message, field);
        reflection->SetEnumValue(message, field, 4711);
        then(item);
        reflection->SetEnumValue(message, field, before);
      }
    }
  }
}

TEST_F(BadInput, UnknownEnumValuesInAnySubmissionAreRefused) {
  size_t enums = 0;
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    submission.clear_outbox_number();
    ForEachUnknownEnum("", &submission, [&](const std::string& place) {
      ExpectRefused(submission, place);
      ++enums;
    });
  }
  EXPECT_GT(enums, 10u);
}

TEST_F(BadInput, OnAStreamEachBadSubmissionGetsItsOwnRefusalAndTheStreamGoesOn) {
  v1::StreamSubmitRequest request;
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    submission.clear_outbox_number();
    submission.set_submission_id("not an id");
    *request.add_submissions() = submission;
  }
  request.add_submissions()->set_submission_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");  // Without a body.
  const WireAnswer answer =
      CallWire(channel_, kStreamSubmit, {request.SerializeAsString(), request.SerializeAsString()});
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  int results = 0;
  for (const std::string& bytes : answer.responses) {
    v1::StreamSubmitResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    for (const v1::SubmissionAnswer& result : response.results()) {
      ++results;
      const auto code = static_cast<absl::StatusCode>(result.refusal().code());
      EXPECT_TRUE(code == absl::StatusCode::kInvalidArgument || code == absl::StatusCode::kPermissionDenied)
          << result.ShortDebugString();
    }
  }
  EXPECT_EQ(results, 2 * request.submissions_size());
}

TEST_F(BadInput, AStreamMessageWithoutOrWithTooManySubmissionsEndsTheStreamClearly) {
  v1::StreamSubmitRequest many;
  for (int i = 0; i < 1025; ++i) many.add_submissions();
  for (const std::string& request : {std::string(), many.SerializeAsString()}) {
    const WireAnswer answer = CallWire(channel_, kStreamSubmit, {request});
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument) << answer.status;
    EXPECT_TRUE(absl::StrContains(answer.status.message(), "1024")) << answer.status;
  }
}

TEST_F(BadInput, RubbishOnThePortHarmsNobody) {
  std::mt19937_64 random = SeededRandom();
  std::string noise(4096, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  const std::string client_hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  // SETTINGS of a length that its type does not allow; HEADERS whose HPACK block is cut short.
  const std::string bad_settings("\x00\x00\x05\x04\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05", 14);
  const std::string bad_headers("\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff", 13);
  SendRaw(broker_.address(), "");
  SendRaw(broker_.address(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  SendRaw(broker_.address(), noise);
  SendRaw(broker_.address(), client_hello + noise);
  const CertificateFiles insider = OperatorOf(kKentucky);
  SendInsideTls(broker_.address(), insider, "GET / HTTP/1.1\r\n\r\n");
  SendInsideTls(broker_.address(), insider, noise);
  SendInsideTls(broker_.address(), insider, preface + noise);
  SendInsideTls(broker_.address(), insider, preface + bad_settings);
  SendInsideTls(broker_.address(), insider, preface + std::string(9, '\0').replace(3, 1, "\x04") + bad_headers);
}

}  // namespace
}  // namespace muster
