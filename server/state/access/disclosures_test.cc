// Rule V4: what is told to others than its own agency is recorded, and what is recorded was told.
#include <algorithm>
#include <random>
#include <set>
#include <tuple>

#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/access/topic.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

// One thing told to one reader: at, operation, whose, reader, class, object.
using Told = std::tuple<int64_t, std::string, std::string, std::string, int, std::string>;

absl::StatusOr<std::vector<v1::Disclosure>> List(const World& world, absl::string_view agency_id,
                                                 absl::string_view operation_id, uint32_t page_size = 0) {
  std::vector<v1::Disclosure> all;
  v1::ListDisclosuresRequest request;
  request.set_operation_id(std::string(operation_id));
  request.mutable_page()->set_page_size(page_size);
  while (true) {
    v1::ListDisclosuresResponse response;
    const absl::Status status = AskAs(world, agency_id, "AccessService/ListDisclosures", request, &response);
    if (!status.ok()) return status;
    all.insert(all.end(), response.disclosures().begin(), response.disclosures().end());
    if (response.next_page_token().empty()) return all;
    request.mutable_page()->set_page_token(response.next_page_token());
  }
}

std::multiset<Told> Flattened(const std::vector<v1::Disclosure>& disclosures) {
  std::multiset<Told> told;
  for (const v1::Disclosure& one : disclosures) {
    for (const std::string& reader : one.to_agency_ids()) {
      told.emplace(one.at().seconds(), one.operation_id(), one.from_agency_id(), reader, one.object_class(),
                   one.object_id());
    }
  }
  return told;
}

// Adds what the last event put on feeds of others than its own.
void AddDelivered(const World& world, const std::string& acting, std::multiset<Told>* told) {
  for (const AddressedNotice& addressed : world.last_applied().notices) {
    v1::Notice notice;
    ASSERT_TRUE(notice.ParseFromString(addressed.bytes));
    const Topic topic = TopicOf(notice, notice.operation_id().empty() ? "" : "lead");
    std::set<std::string> owners(topic.from_agency_ids.begin(), topic.from_agency_ids.end());
    if (owners.empty()) owners.insert(acting);
    for (const std::string& owner : owners) {
      for (const std::string& reader : world.state().audiences().Members(addressed.address.audience)) {
        if (reader == owner) continue;
        told->emplace(notice.at().seconds(), notice.operation_id(), owner, reader, topic.object_class, topic.object_id);
      }
    }
  }
}

// A random life of the operation; gives all that was told to others.
std::multiset<Told> Live(World* world, std::mt19937_64* random) {
  std::multiset<Told> told;
  const auto submit = [&](const char* agency_id, const v1::Submission& submission) {
    world->clock().Advance(absl::Seconds(1));
    world->Submit(agency_id, submission);
    AddDelivered(*world, agency_id, &told);
  };
  const char* const kReporters[] = {"ky-ago", "nd-bci"};
  const char* const kSites[] = {"ky-1", "nd-1"};
  uint64_t entries = 0;
  for (int step = 0; step < 150; ++step) {
    const size_t who = (*random)() % 2;
    const char* reporter = kReporters[who];
    switch ((*random)() % 11) {
      case 0:
        submit("lead", AmendPlan(world->PlanOf("lead").version(), v1::SECTION_CHANGE_MATERIAL,
                                 {MakeSection(who == 0 ? "a" : "b", EntryId((*random)() % 99), {v1::ROLE_PARTICIPANT},
                                              {}, {kReporters[(*random)() % 2]})}));
        break;
      case 1:
        submit("lead", SetParticipant("outsider", who == 0 ? v1::ROLE_VICTIM_SERVICES : v1::ROLE_PROSECUTOR, {}));
        break;
      case 2:
        submit("lead", RemoveParticipant("outsider"));
        break;
      case 3:
        submit(kRegistrar,
               SetStanding("nd-bci", who == 0 ? v1::AGENCY_STANDING_ACTIVE : v1::AGENCY_STANDING_SUSPENDED));
        break;
      case 4:
        submit("lead", PublishReadinessNotice(static_cast<uint32_t>(step)));
        break;
      case 5:
        submit(kPartner, ReportServiceCounts(static_cast<uint32_t>(step), 0));
        break;
      case 6:
        submit(reporter, RequestReferral());
        break;
      case 7:
        if (world->operation().FindParticipant(reporter) != nullptr) {
          submit(reporter, AcknowledgePlan(world->PlanOf(reporter)));
        }
        break;
      case 8:
        submit("lead", CorrectTally(EntryId((*random)() % (entries + 1) + 1), {}));
        break;
      default:
        submit(reporter,
               RecordTally(MakeEntry(EntryId(++entries), reporter, kSites[who], v1::TALLY_CATEGORY_CITATION, 1)));
    }
  }
  return told;
}

TEST(Disclosures, V4WhatIsListedIsWhatWasDeliveredToOthersNoMoreAndNoLess) {
  World world;
  SetUpOperation(&world);
  std::mt19937_64 random = SeededRandom();
  const size_t before = List(world, "auditor", kTestOperation).value().size();
  const std::multiset<Told> told = Live(&world, &random);
  ASSERT_GT(told.size(), 100);

  std::vector<v1::Disclosure> of_operation = List(world, "auditor", kTestOperation, 7).value();
  ASSERT_GT(of_operation.size(), before);
  of_operation.erase(of_operation.begin(), of_operation.begin() + static_cast<std::ptrdiff_t>(before));
  std::multiset<Told> expected;
  std::multiset<Told> expected_outside;
  for (const Told& one : told) (std::get<1>(one).empty() ? expected_outside : expected).insert(one);
  EXPECT_EQ(Flattened(of_operation), expected);
  for (const v1::Disclosure& one : of_operation) {
    EXPECT_FALSE(one.why().empty());
    EXPECT_EQ(one.mode(), v1::OPERATION_MODE_EXERCISE);
  }

  // Each owner lists its own, in the operation and outside.
  for (const char* owner : {"lead", "ky-ago"}) {
    std::multiset<Told> own;
    for (const Told& one : Flattened(List(world, "auditor", kTestOperation).value())) {
      if (std::get<2>(one) == owner) own.insert(one);
    }
    EXPECT_EQ(Flattened(List(world, owner, kTestOperation, 3).value()), own) << owner;
  }
  std::multiset<Told> outside;
  for (const Told& one : Flattened(List(world, "nd-bci", "").value())) {
    if (std::get<0>(one) >
        absl::ToUnixSeconds(absl::FromCivil(absl::CivilSecond(2021, 8, 27, 3, 0, 0), absl::UTCTimeZone()))) {
      outside.insert(one);
    }
  }
  EXPECT_EQ(outside, expected_outside);
}

TEST(Disclosures, V4ADisclosureSaysWhoWhomWhatWhyAndWhen) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("ky-ago", RecordTally(MakeEntry(EntryId(5), "ky-ago", "ky-1", v1::TALLY_CATEGORY_CITATION, 1)));
  const v1::Disclosure last = List(world, "ky-ago", kTestOperation).value().back();
  EXPECT_EQ(last.from_agency_id(), "ky-ago");
  EXPECT_THAT(last.to_agency_ids(), ElementsAre("auditor", "ky-prosecutor", "lead"));
  EXPECT_EQ(last.object_class(), v1::OBJECT_CLASS_TALLY_ENTRY);
  EXPECT_EQ(last.object_id(), EntryId(5));
  EXPECT_EQ(FromProto(last.at()), world.clock().Now());
  EXPECT_EQ(last.why(),
            "section 7: tally entries are told to the lead, auditors, the booking agency and prosecutors of the "
            "site's state");
}

TEST(Disclosures, RolesWithoutALogAreRefusedAsStrangersAre) {
  World world;
  SetUpOperation(&world);
  for (const char* agency_id : {"lead", "ky-ago", "watch-desk", "auditor"}) {
    EXPECT_TRUE(List(world, agency_id, kTestOperation).ok()) << agency_id;
  }
  for (const char* agency_id : {"ky-prosecutor", kPartner, "observer", "public-info", "outsider"}) {
    const absl::Status refused = List(world, agency_id, kTestOperation).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << agency_id;
    EXPECT_EQ(List(world, agency_id, "no-such-operation").status(), refused) << agency_id;
  }
}

TEST(Disclosures, P7WhatOthersDiscloseChangesNoByteOfAnOwnersList) {
  std::string pages[2];
  for (const bool with : {false, true}) {
    World world;
    SetUpOperation(&world);
    for (uint64_t i = 1; i <= 5; ++i) {
      if (with) {
        world.MustSubmit("nd-bci",
                         RecordTally(MakeEntry(EntryId(100 + i), "nd-bci", "nd-1", v1::TALLY_CATEGORY_CITATION, 1)));
      }
      world.MustSubmit("ky-ago", RecordTally(MakeEntry(EntryId(i), "ky-ago", "ky-1", v1::TALLY_CATEGORY_CITATION, 1)));
    }
    v1::ListDisclosuresRequest request;
    request.set_operation_id(kTestOperation);
    request.mutable_page()->set_page_size(2);
    do {
      v1::ListDisclosuresResponse response;
      ASSERT_TRUE(AskAs(world, "ky-ago", "AccessService/ListDisclosures", request, &response).ok());
      pages[with] += response.SerializeAsString();
      request.mutable_page()->set_page_token(response.next_page_token());
    } while (!request.page().page_token().empty());
  }
  EXPECT_EQ(pages[false], pages[true]);
  EXPECT_FALSE(pages[false].empty());
}

}  // namespace
}  // namespace muster
