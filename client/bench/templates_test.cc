#include "client/bench/templates.h"

#include <string>

#include "client/bench/stage.h"
#include "common/uuid.h"
#include "common/validation.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

Stage TestStage() { return {"mo-ago", "bench-1", v1::OPERATION_MODE_EXERCISE, "bench-site", "MO"}; }

// What is sent for `submission_id` and `entry_id`, parsed; checks that it is the encoding of what it says.
v1::Submission Sent(const SubmissionTemplate& shape, const std::string& submission_id, const std::string& entry_id,
                    const Numbering* numbering) {
  std::string bytes;
  shape.Append(submission_id.data(), entry_id.data(), numbering, &bytes);
  v1::StreamSubmitRequest request;
  EXPECT_TRUE(request.ParseFromString(bytes));
  EXPECT_EQ(request.SerializeAsString(), bytes);
  EXPECT_EQ(request.submissions_size(), 1);
  return request.submissions_size() == 1 ? request.submissions(0) : v1::Submission();
}

TEST(TemplatesTest, ACopyIsTheExampleWithOtherIds) {
  const IdMaker ids(kNow);
  const v1::Submission example = TallyEntryOf(TestStage(), ids.Make(0), 256);
  const auto shape = SubmissionTemplate::Make(example, ids.Make(0));
  ASSERT_TRUE(shape.ok()) << shape.status();
  v1::Submission wanted = example;
  wanted.set_submission_id(ids.Make(17));
  wanted.mutable_record_tally()->mutable_entry()->set_entry_id(ids.Make(0xffff'ffff'ffff));
  const v1::Submission sent = Sent(**shape, ids.Make(17), ids.Make(0xffff'ffff'ffff), nullptr);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sent, wanted)) << sent.DebugString();
}

TEST(TemplatesTest, ANumberedCopyHasItsPlaceInTheOutboxHoweverManyDigitsThatTakes) {
  const IdMaker ids(kNow);
  const v1::Submission example = TallyEntryOf(TestStage(), ids.Make(0), 256);
  const auto shape = SubmissionTemplate::Make(example, ids.Make(0));
  ASSERT_TRUE(shape.ok()) << shape.status();
  const std::string outbox_id = NewUuidV7(kNow);
  for (const uint64_t number : {uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{300'000}, ~uint64_t{0}}) {
    const Numbering numbering = {outbox_id, number, number - 1};
    const v1::Submission sent = Sent(**shape, ids.Make(1), ids.Make(2), &numbering);
    EXPECT_EQ(sent.outbox_number().outbox_id(), outbox_id);
    EXPECT_EQ(sent.outbox_number().number(), number);
    EXPECT_EQ(sent.outbox_number().confirmed_through(), number - 1);
    EXPECT_EQ(sent.record_tally().entry().entry_id(), ids.Make(2));
  }
}

TEST(TemplatesTest, TheExampleIsOfTheSizeAskedForAndValid) {
  for (const size_t size : {200, 256, 1000}) {
    const IdMaker ids(kNow);
    const v1::Submission example = TallyEntryOf(TestStage(), ids.Make(0), size);
    EXPECT_NEAR(static_cast<double>(example.ByteSizeLong()), static_cast<double>(size), 4.0);
    EXPECT_TRUE(Violations(example).empty());
  }
}

TEST(TemplatesTest, AnIdThatDoesNotStandInTheExampleOnceIsRefused) {
  const IdMaker ids(kNow);
  v1::Submission example = TallyEntryOf(TestStage(), ids.Make(0), 256);
  EXPECT_FALSE(SubmissionTemplate::Make(example, ids.Make(1)).ok());
  example.mutable_record_tally()->mutable_entry()->set_note(ids.Make(0));
  EXPECT_FALSE(SubmissionTemplate::Make(example, ids.Make(0)).ok());
}

TEST(IdMakerTest, IdsAreUuidsOfTheirTimeThatTellTheirNumber) {
  IdMaker ids(kNow);
  for (const uint64_t number : {uint64_t{0}, uint64_t{42}, (uint64_t{1} << 48) - 1}) {
    const std::string id = ids.Make(number);
    EXPECT_TRUE(IsUuidV7(id)) << id;
    EXPECT_EQ(UuidV7Time(id).value(), kNow);
    EXPECT_EQ(ids.NumberOf(id), number);
  }
  ids.SetTime(kNow + absl::Hours(1'000'000));
  EXPECT_EQ(UuidV7Time(ids.Make(7)).value(), kNow + absl::Hours(1'000'000));
  EXPECT_EQ(ids.NumberOf(ids.Make(7)), 7u);
}

TEST(IdMakerTest, AnotherMakersIdsAreNotTaken) {
  const IdMaker ids(kNow);
  const IdMaker others(kNow);
  EXPECT_EQ(ids.NumberOf(others.Make(7)), std::nullopt);
  EXPECT_EQ(ids.NumberOf(""), std::nullopt);
  std::string broken = ids.Make(7);
  broken.back() = 'g';
  EXPECT_EQ(ids.NumberOf(broken), std::nullopt);
}

}  // namespace
}  // namespace muster::bench
