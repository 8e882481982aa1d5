// What commands do with outcomes that are saved here and answers that are copies, and the outbox.
#include <fstream>
#include <string>
#include <vector>

#include "client/cli/answer_age.h"
#include "client/cli/outbox_view.h"
#include "client/cli/testing/fake_broker.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using agent::v1::OutboxItem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kOp[] = "united-front-2021";
constexpr char kId[] = "0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f";

v1::Outcome SavedHere(uint64_t number = 17) {
  v1::Outcome outcome;
  outcome.set_submission_id(kId);
  outcome.mutable_saved_here()->set_outbox_number(number);
  outcome.mutable_saved_here()->mutable_saved_at()->set_seconds(1630000000);
  return outcome;
}

// A daemon off line: it saves every submission of these RPCs, and nobody has set anything but an H-hour.
FakeBroker OffLine() {
  FakeBroker daemon;
  daemon.ActAsDaemon();
  v1::AcknowledgePlanResponse acknowledged;
  *acknowledged.mutable_outcome() = SavedHere();
  daemon.Answers("PlanService/AcknowledgePlan", acknowledged);
  v1::CallHoldResponse hold;
  *hold.mutable_outcome() = SavedHere();
  daemon.Answers("ReadinessService/CallHold", hold);
  v1::ApproveGoResponse go;
  *go.mutable_outcome() = SavedHere();
  daemon.Answers("ReadinessService/ApproveGo", go);
  v1::EnterActivityResponse entered;
  *entered.mutable_outcome() = SavedHere();
  daemon.Answers("DeconflictionService/EnterActivity", entered);
  v1::SubmitResponse submitted;
  *submitted.mutable_outcome() = SavedHere();
  daemon.Answers("SubmissionService/Submit", submitted);
  v1::GetReadinessBoardResponse board;
  board.mutable_board()->mutable_h_hour()->set_epoch(1);
  daemon.Answers("ReadinessService/GetReadinessBoard", board);
  return daemon;
}

OutboxItem Item(uint64_t number, agent::v1::DeliveryState state) {
  OutboxItem item;
  item.set_number(number);
  item.set_submission_id(kId);
  item.set_kind("record_tally");
  item.set_operation_id(kOp);
  item.set_state(state);
  *item.mutable_saved_at() = ToProto(SystemClock()->Now() - absl::Minutes(12));
  return item;
}

OutboxItem Accepted(uint64_t number) {
  OutboxItem item = Item(number, agent::v1::DELIVERY_STATE_ACCEPTED);
  item.mutable_outcome()->mutable_accepted()->set_plan_version(3);
  item.mutable_outcome()->set_cursor("\x0a\x1b");
  return item;
}

OutboxItem Rejected(uint64_t number) {
  OutboxItem item = Item(number, agent::v1::DELIVERY_STATE_REJECTED);
  v1::Rejected* rejected = item.mutable_outcome()->mutable_rejected();
  rejected->set_reason(v1::ERROR_REASON_STALE_PLAN_VERSION);
  rejected->set_message("version 4 is current");
  rejected->set_rule("P3");
  return item;
}

void Awaited(FakeBroker& daemon, const OutboxItem& item) {
  agent::v1::AwaitOutboxItemResponse response;
  *response.mutable_item() = item;
  daemon.Answers("AgentService/AwaitOutboxItem", response);
}

const std::vector<std::string> kAcknowledge = {"plan",
                                               "acknowledge",
                                               kOp,
                                               "--plan-version",
                                               "3",
                                               "--sha256",
                                               "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"};

std::vector<std::string> With(std::vector<std::string> words, const std::string& more) {
  words.push_back(more);
  return words;
}

// ---- Saved here

TEST(SavedHere, EndsWithSevenAndSaysSo) {
  FakeBroker daemon = OffLine();
  const Ended ended = daemon.Run(kAcknowledge);
  EXPECT_EQ(ended.code, 7) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("decision +saved here"));
  EXPECT_THAT(ended.out, HasSubstr("saved here (outbox number 17)"));
  EXPECT_THAT(ended.out, HasSubstr("muster outbox show 17"));
}

TEST(SavedHere, JsonHasTheDecisionAndTheNumber) {
  FakeBroker daemon = OffLine();
  const Ended ended = daemon.Run(With(With(kAcknowledge, "-o"), "json"));
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.out, HasSubstr("\"decision\":\"saved here\""));
  EXPECT_THAT(ended.out, HasSubstr("\"outbox_number\":\"17\""));
}

TEST(SavedHere, AHoldThatNobodyKnowsOfSaysThatFirst) {
  FakeBroker daemon = OffLine();
  const Ended ended = daemon.Run({"hold", "call", kOp, "--reason", "r"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.out, StartsWith("*** HOLD HAS REACHED NOBODY YET ***"));
}

TEST(SavedHere, AnApprovalOfGoIsNotWaitingForASecondPersonYet) {
  FakeBroker daemon = OffLine();
  const Ended ended = daemon.Run({"go", "approve", kOp, "--plan-version", "3"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.out, StartsWith("*** YOUR APPROVAL OF GO HAS REACHED NOBODY YET ***"));
}

TEST(SavedHere, C6AnActivityThatNobodyComparedIsNeitherClearNorIndeterminate) {
  FakeBroker daemon = OffLine();
  const Ended ended =
      daemon.Run({"activity", "enter", "--kind", "raid", "--start", "2021-08-26T22:00:00Z", "--for", "1h", "--at",
                  "38.25,-85.75", "--verified", "--contact", "Sgt. Roe", "--phone", "+15025550100"});
  EXPECT_EQ(ended.code, 7) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("NOT COMPARED WITH ANYTHING YET: saved here (outbox number 17)"));
}

TEST(SavedHere, ASubmissionFromAFileIsCountedAsSuchToo) {
  const std::string path = testing::TempDir() + "/saved-here-submission.toml";
  std::ofstream(path) << "[call_abort]\noperation_id = \"" << kOp << "\"\nepoch = 1\nreason = \"leaked\"\n";
  FakeBroker daemon = OffLine();
  EXPECT_EQ(daemon.Run({"submit", path}).code, 7);
}

TEST(SavedHere, WaitEndsAsTheDecisionDoes) {
  FakeBroker daemon = OffLine();
  Awaited(daemon, Accepted(17));
  const Ended accepted = daemon.Run(With(kAcknowledge, "--wait"));
  EXPECT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_THAT(accepted.out, testing::ContainsRegex("decision +accepted"));
  EXPECT_EQ(daemon.Got<agent::v1::AwaitOutboxItemRequest>("AgentService/AwaitOutboxItem").item().number(), 17u);

  Awaited(daemon, Rejected(17));
  const Ended rejected = daemon.Run(With(kAcknowledge, "--wait=10m"));
  EXPECT_EQ(rejected.code, 6) << "as when the broker rejects it at once";
  EXPECT_THAT(rejected.err, HasSubstr("STALE_PLAN_VERSION (rule P3)"));

  OutboxItem dropped = Item(17, agent::v1::DELIVERY_STATE_DROPPED);
  dropped.set_drop_reason("entered twice");
  Awaited(daemon, dropped);
  const Ended gone = daemon.Run(With(kAcknowledge, "--wait"));
  EXPECT_EQ(gone.code, 6);
  EXPECT_THAT(gone.err, HasSubstr("entered twice"));
}

TEST(SavedHere, WaitThatRunsOutEndsWithSeven) {
  FakeBroker daemon = OffLine();
  daemon.Refuses("AgentService/AwaitOutboxItem", absl::DeadlineExceededError("not yet"));
  const Ended ended = daemon.Run(With(kAcknowledge, "--wait=10ms"));
  EXPECT_EQ(ended.code, 7) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("no decision in that time"));
}

TEST(SavedHere, AMistypedWaitIsToldBeforeAnythingIsSent) {
  FakeBroker daemon = OffLine();
  EXPECT_EQ(daemon.Run(With(kAcknowledge, "--wait=soon")).code, 2);
  EXPECT_TRUE(daemon.calls().empty());
}

// ---- Files of entries

std::string Entries() {
  const std::string path = testing::TempDir() + "saved-here-entries.csv";
  std::ofstream(path) << "entry_id,site_id,category,count,primary_agency_id,status,source\n"
                      << kId << ",ky-1,arrest-buyer,4,ky-ksp,confirmed,booking log\n"
                      << "0197f3e1-7a3c-7bbb-8d3f-9a0b1c2d3e4f,ky-1,arrest-buyer,2,ky-ksp,confirmed,booking log\n";
  return path;
}

TEST(Import, WhatIsSavedHereIsCountedApartAndEndsWithSeven) {
  FakeBroker daemon = OffLine();
  daemon.SavesStreams();
  const Ended ended = daemon.Run({"tally", "import", kOp, Entries()});
  EXPECT_EQ(ended.code, 7) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("entries 2, accepted 0, repeats 0, saved here 2, rejected 0, without answer 0\n"));
  EXPECT_THAT(daemon.Run({"tally", "import", kOp, Entries(), "-o", "json"}).out, HasSubstr("\"saved_here\":2"));
}

TEST(Import, WaitCountsWhatWasDecided) {
  FakeBroker daemon = OffLine();
  daemon.SavesStreams();
  daemon.Handles("AgentService/AwaitOutboxItem", [](const auto& request, auto* response) {
    const uint64_t number = static_cast<const agent::v1::AwaitOutboxItemRequest&>(request).item().number();
    *static_cast<agent::v1::AwaitOutboxItemResponse*>(response)->mutable_item() =
        number == 1 ? Accepted(number) : Rejected(number);
    return absl::OkStatus();
  });
  const Ended ended = daemon.Run({"tally", "import", kOp, Entries(), "--wait"});
  EXPECT_EQ(ended.code, 6) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("entries 2, accepted 1, repeats 0, saved here 0, rejected 1, without answer 0\n"));
}

// ---- Copies

Freshness TwelveMinutesOld(bool superseded = false) {
  return {.as_of = SystemClock()->Now() - absl::Minutes(12), .superseded = superseded};
}

TEST(Copies, ATableSaysOnceAndLoudlyHowOldItIs) {
  FakeBroker daemon;
  daemon.ActAsDaemon();
  daemon.AnswersWithCopies(TwelveMinutesOld(/*superseded=*/true));
  const Ended ended = daemon.Run({"tally", "totals", kOp});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.err, StartsWith("OFF LINE: this is what was known at "));
  EXPECT_THAT(ended.err, HasSubstr(", 12 minutes ago; newer deliveries have arrived since\n"));
  EXPECT_EQ(ended.err.find("OFF LINE"), ended.err.rfind("OFF LINE"));
  EXPECT_THAT(daemon.Run({"tally", "totals", kOp, "-o", "csv"}).err, StartsWith("OFF LINE"));
}

TEST(Copies, JsonSaysSoInTheObject) {
  FakeBroker daemon;
  daemon.ActAsDaemon();
  daemon.AnswersWithCopies(TwelveMinutesOld());
  const Ended ended = daemon.Run({"tally", "totals", kOp, "-o", "json"});
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, testing::ContainsRegex("\"as_of\":\"20[^\"]*Z\",\"stale\":true}"));
  EXPECT_THAT(ended.out, Not(HasSubstr("superseded")));
}

TEST(Copies, ABrokersAnswerSaysNothingOfThat) {
  FakeBroker broker;
  EXPECT_THAT(broker.Run({"tally", "totals", kOp, "-o", "json"}).out, Not(HasSubstr("stale")));
  EXPECT_EQ(broker.Run({"tally", "totals", kOp}).err, "");
}

TEST(Copies, TheBannerOfAChangeMakesItsAnswerNoCopy) {
  FakeBroker daemon = OffLine();
  daemon.AnswersWithCopies(TwelveMinutesOld());
  EXPECT_THAT(daemon.Run(kAcknowledge).err, Not(HasSubstr("OFF LINE")));
}

TEST(Copies, TheOldestCopyWins) {
  AnswerAge age;
  EXPECT_FALSE(age.worst().has_value());
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  age.Note({.as_of = now - absl::Minutes(1), .superseded = true});
  age.Note({.as_of = now - absl::Hours(3), .superseded = false});
  EXPECT_EQ(CopyLine(*age.worst(), now, absl::UTCTimeZone()),
            "OFF LINE: this is what was known at 14:46:40 UTC, 3 hours ago; newer deliveries have arrived since");
}

TEST(Copies, AnotherDaySaysWhichAndAnUnknownAgeIsNoAge) {
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  EXPECT_EQ(CopyLine({.as_of = now - absl::Hours(80)}, now, absl::UTCTimeZone()),
            "OFF LINE: this is what was known at 2021-08-23 09:46:40 UTC, 3 days ago");
  EXPECT_EQ(CopyLine({.as_of = absl::InfinitePast()}, now, absl::UTCTimeZone()),
            "OFF LINE: this is a copy, and it is not known how old it is");
}

// ---- Outbox

TEST(Outbox, StatesAreTheSameWordsEverywhere) {
  EXPECT_EQ(StateText(Item(1, agent::v1::DELIVERY_STATE_SAVED_HERE)), "saved here");
  OutboxItem accepted = Accepted(2);
  EXPECT_EQ(StateText(accepted), "accepted");
  accepted.mutable_seen()->set_seen(3);
  accepted.mutable_seen()->set_of(7);
  EXPECT_EQ(StateText(accepted), "accepted, seen by 3 of 7");
  EXPECT_EQ(StateText(Rejected(3)), "rejected (STALE_PLAN_VERSION)");
  OutboxItem refused = Item(4, agent::v1::DELIVERY_STATE_REJECTED);
  refused.mutable_refusal()->set_reason(v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(StateText(refused), "rejected (NOT_PERMITTED)");
  refused.mutable_outcome()->mutable_rejected()->set_reason(v1::ERROR_REASON_WITHDRAWN);
  EXPECT_EQ(StateText(refused), "rejected (NOT_PERMITTED)") << "withdrawing only settled it";
  OutboxItem dropped = Item(5, agent::v1::DELIVERY_STATE_DROPPED);
  dropped.set_drop_reason("entered twice");
  EXPECT_EQ(StateText(dropped), "dropped (entered twice)");
}

TEST(Outbox, LsShowsWhereEachItemStandsAndHowOldItIs) {
  FakeBroker daemon = OffLine();
  agent::v1::ListOutboxResponse outbox;
  *outbox.add_items() = Item(17, agent::v1::DELIVERY_STATE_SAVED_HERE);
  *outbox.add_items() = Rejected(18);
  daemon.Answers("AgentService/ListOutbox", outbox);
  const Ended ended = daemon.Run({"outbox", "ls", "--state", "saved-here,rejected"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("17 +saved here +record tally +united-front-2021 .*12 minutes ago"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("18 +rejected \\(STALE_PLAN_VERSION\\).*version 4 is current"));
  EXPECT_THAT(daemon.Got<agent::v1::ListOutboxRequest>("AgentService/ListOutbox").states(),
              testing::ElementsAre(agent::v1::DELIVERY_STATE_SAVED_HERE, agent::v1::DELIVERY_STATE_REJECTED));
}

TEST(Outbox, NestedCursorsAreHexadecimalInJson) {
  FakeBroker daemon = OffLine();
  agent::v1::GetOutboxItemResponse response;
  *response.mutable_item() = Accepted(2);
  daemon.Answers("AgentService/GetOutboxItem", response);
  EXPECT_THAT(daemon.Run({"outbox", "show", "2", "-o", "json"}).out, HasSubstr("\"cursor\":\"0a1b\""));
}

TEST(Outbox, AnItemIsNamedByNumberOrById) {
  FakeBroker daemon = OffLine();
  daemon.Run({"outbox", "show", "17"});
  EXPECT_EQ(daemon.Got<agent::v1::GetOutboxItemRequest>("AgentService/GetOutboxItem").item().number(), 17u);
  daemon.Run({"outbox", "show", kId});
  EXPECT_EQ(daemon.Got<agent::v1::GetOutboxItemRequest>("AgentService/GetOutboxItem").item().submission_id(), kId);
}

TEST(Outbox, ADropThatIsNotSettledIsNotADrop) {
  FakeBroker daemon = OffLine();
  agent::v1::DropOutboxItemResponse response;
  *response.mutable_item() = Item(17, agent::v1::DELIVERY_STATE_SAVED_HERE);
  daemon.Answers("AgentService/DropOutboxItem", response);
  const Ended waiting = daemon.Run({"outbox", "drop", "17", "--reason", "entered twice"});
  EXPECT_EQ(waiting.code, 7);
  EXPECT_THAT(waiting.out, StartsWith("NOT DROPPED YET"));
  EXPECT_EQ(daemon.Got<agent::v1::DropOutboxItemRequest>("AgentService/DropOutboxItem").reason(), "entered twice");

  Awaited(daemon, Accepted(17));
  const Ended late = daemon.Run({"outbox", "drop", "17", "--reason", "r", "--wait"});
  EXPECT_EQ(late.code, 6) << "what the broker had accepted stands";
  EXPECT_THAT(late.out, StartsWith("TOO LATE"));

  response.mutable_item()->set_state(agent::v1::DELIVERY_STATE_DROPPED);
  daemon.Answers("AgentService/DropOutboxItem", response);
  EXPECT_EQ(daemon.Run({"outbox", "drop", "17", "--reason", "r"}).code, 0);
}

TEST(Outbox, RetrySaysUnderWhichNumberItGoesNow) {
  FakeBroker daemon = OffLine();
  agent::v1::RetryOutboxItemResponse response;
  *response.mutable_item() = Item(18, agent::v1::DELIVERY_STATE_SAVED_HERE);
  response.mutable_item()->set_submission_id("0197f3e1-7a3c-7bbb-8d3f-9a0b1c2d3e4f");
  daemon.Answers("AgentService/RetryOutboxItem", response);
  const Ended ended = daemon.Run({"outbox", "retry", "17"});
  EXPECT_EQ(ended.code, 7);
  EXPECT_THAT(ended.out, StartsWith("outbox number 18 sends the same again"));
}

TEST(Outbox, OfABrokerIsAWrongQuestion) {
  FakeBroker broker;
  const Ended ended = broker.Run({"outbox", "ls"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--agent"));
  EXPECT_TRUE(broker.calls().empty());
}

}  // namespace
}  // namespace muster::cli
