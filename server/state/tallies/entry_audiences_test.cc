// Who reads an entry is remembered from one to the next: these tests hold what is remembered against asking anew.
#include "server/state/tallies/entry_audiences.h"

#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/state/access/visibility.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

// Every participant that may see the entry and is active, asked one by one. Sorted.
std::vector<std::string> ReadersAskedAnew(const World& world, const std::string& entry_id) {
  const v1::TallyEntryRecord& record = *world.operation().ledger().Find(entry_id);
  std::vector<std::string> readers;
  for (const auto& [agency_id, participant] : world.operation().participants()) {
    const v1::AgencyRecord* agency = world.state().roster().Find(agency_id);
    if (agency->standing() == v1::AGENCY_STANDING_ACTIVE &&
        SeesEntry(world.state(), world.operation(), participant, record)) {
      readers.push_back(agency_id);
    }
  }
  return readers;
}

uint64_t Seed() {
  const char* text = std::getenv("MUSTER_TEST_SEED");
  uint64_t seed = 0;
  return text != nullptr && absl::SimpleAtoi(text, &seed) ? seed : std::random_device()();
}

// One random step other than an entry: something that may change who reads entries, or may not.
void ChangeSomething(World* world, std::mt19937_64* random) {
  const std::vector<std::string> agencies = {"ky-ago", "nd-bci", "observer", "ky-prosecutor", "auditor", "outsider"};
  const std::string& who = agencies[(*random)() % agencies.size()];
  const std::vector<v1::Role> roles = {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR, v1::ROLE_AUDITOR, v1::ROLE_OBSERVER};
  const bool suspend = (*random)() % 2 == 0;
  switch ((*random)() % 6) {
    case 0:
      world->Submit("lead", SetParticipant(who, roles[(*random)() % roles.size()], {"ky-1", "nd-1"}));
      break;
    case 1:
      world->Submit("lead", RemoveParticipant(who));
      break;
    case 2:
      world->Submit(kRegistrar, SetStanding(who, suspend ? v1::AGENCY_STANDING_SUSPENDED : v1::AGENCY_STANDING_ACTIVE));
      break;
    case 3:
      world->Submit(kRegistrar, RegisterAgency(who, suspend ? "KY" : "ND"));
      break;
    case 4:
      world->Submit("lead", AddSite(MakeSite(absl::StrCat("site-", (*random)() % 50), "KY")));
      break;
    default:
      world->Submit(kRegistrar,
                    SetStanding("lead", suspend ? v1::AGENCY_STANDING_SUSPENDED : v1::AGENCY_STANDING_ACTIVE));
  }
}

TEST(EntryAudiences, WhatIsRememberedIsWhatAskingAnewSaysWhateverHappens) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(absl::StrCat("MUSTER_TEST_SEED=", seed));
  std::mt19937_64 random(seed);
  size_t told = 0;
  for (int life = 0; life < 8; ++life) {
    World world;
    SetUpOperation(&world);
    const std::vector<std::string> reporters = {"ky-ago", "nd-bci", "lead"};
    const std::vector<std::string> sites = {"ky-1", "nd-1", "mo-1"};
    for (uint64_t step = 0; step < 300; ++step) {
      if (random() % 3 == 0) {
        ChangeSomething(&world, &random);
        continue;
      }
      const std::string& reporter = reporters[random() % reporters.size()];
      const std::string& booked_by = reporters[random() % reporters.size()];
      const v1::TallyEntry entry =
          MakeEntry(EntryId(step), booked_by, sites[random() % sites.size()], v1::TALLY_CATEGORY_ARREST_BUYER, 1);
      if (!world.Submit(reporter, RecordTally(entry)).has_accepted()) continue;
      const std::vector<std::string> readers = ReadersAskedAnew(world, entry.entry_id());
      const std::vector<AddressedNotice>& notices = world.last_applied().notices;
      ASSERT_EQ(notices.size(), readers.empty() ? 0 : 1);
      if (readers.empty()) continue;
      EXPECT_EQ(world.state().audiences().Members(notices[0].address.audience), readers) << "step " << step;
      ++told;
    }
  }
  EXPECT_GT(told, 100);
}

TEST(EntryAudiences, TheNoticeOfAnEntryIsItsRecordAndLeavesItInTheLedger) {
  World world;
  SetUpOperation(&world);
  for (uint64_t id = 1; id <= 2; ++id) {  // Learnt, and remembered.
    world.MustSubmit("ky-ago",
                     RecordTally(MakeEntry(EntryId(id), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3)));
    v1::Notice notice;
    ASSERT_TRUE(notice.ParseFromString(world.last_applied().notices.at(0).bytes));
    const v1::TallyEntryRecord& record = *world.operation().ledger().Find(EntryId(id));
    EXPECT_EQ(notice.tally_entry().SerializeAsString(), record.SerializeAsString());
    EXPECT_EQ(record.entry().count(), 3);
    EXPECT_EQ(notice.operation_id(), kTestOperation);
  }
}

TEST(TallyLedger, RecordsShareAReporterOnlyWhenItIsTheSame) {
  EXPECT_EQ(v1::Principal::descriptor()->field_count(), 3) << "TallyLedger::ReportedBy compares each of its fields";
  World world;
  SetUpOperation(&world);
  const std::vector<v1::Principal> reporters = {PrincipalOf("ky-ago"), PrincipalOf("ky-ago"),
                                                PrincipalOf("ky-ago", "field"), PrincipalOf("lead"),
                                                PrincipalOf("ky-ago")};
  for (uint64_t i = 0; i < reporters.size(); ++i) {
    v1::Submission submission =
        RecordTally(MakeEntry(EntryId(i), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1));
    submission.set_submission_id(EntryId(100 + i));
    ASSERT_TRUE(world.SubmitAs(reporters[i], submission).has_accepted());
  }
  State restored;
  restored.FromImage(world.state().ToImage());
  for (const State* state : {&std::as_const(world).state(), static_cast<const State*>(&restored)}) {
    const TallyLedger& ledger = state->FindOperation(kTestOperation)->ledger();
    for (uint64_t i = 0; i < reporters.size(); ++i) {
      EXPECT_EQ(ledger.Find(EntryId(i))->reported_by().SerializeAsString(), reporters[i].SerializeAsString()) << i;
    }
  }
}

TEST(EntryAudiences, MoreThanIsKeptIsForgottenAndStaysRight) {
  EntryAudiences audiences;
  audiences.AsOf(1, 1);
  for (uint32_t i = 0; i < EntryAudiences::kMax + 10; ++i) {
    const std::string site = absl::StrCat("site-", i);
    audiences.Learn({"a", "b", site}, i);
    EXPECT_EQ(audiences.Find({"a", "b", site}), i);
  }
  EXPECT_FALSE(audiences.Find({"a", "b", "site-0"}).has_value());
  EXPECT_FALSE(audiences.Find({"b", "a", absl::StrCat("site-", EntryAudiences::kMax + 9)}).has_value());
  audiences.AsOf(1, 1);
  EXPECT_TRUE(audiences.Find({"a", "b", absl::StrCat("site-", EntryAudiences::kMax + 9)}).has_value());
  audiences.AsOf(2, 1);
  EXPECT_FALSE(audiences.Find({"a", "b", absl::StrCat("site-", EntryAudiences::kMax + 9)}).has_value());
}

}  // namespace
}  // namespace muster
