#include "server/broker/reader_groups.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

TEST(ReaderGroupsTest, AgenciesShareAGroupExactlyWhenTheyBelongToTheSameAudiences) {
  std::mt19937 random(TestSeed());
  ReaderGroups groups;
  std::map<std::string, std::set<AudienceId>> belongs;
  for (int i = 0; i < 12; ++i) groups.FindOrAdd(belongs.try_emplace(absl::StrCat("agency-", i)).first->first);
  for (AudienceId id = 0; id < 40; ++id) {
    // Few kinds of agency, so that many stay alike for long.
    const uint64_t kinds = 1 + random() % 15;
    std::vector<std::string> members;
    int number = 0;
    for (auto& [agency_id, audiences] : belongs) {
      const bool joins = (kinds >> (number++ % 4) & 1) != 0 || (id > 30 && random() % 8 == 0);
      if (!joins) continue;
      members.push_back(agency_id);
      audiences.insert(id);
    }
    groups.Learn(id, members);
    for (const auto& [agency_id, audiences] : belongs) {
      const ReaderGroup* const group = groups.Find(agency_id)->group.get();
      const std::vector<AudienceId> held = group->memberships->ToVector();
      ASSERT_EQ(std::set<AudienceId>(held.begin(), held.end()), audiences) << agency_id;
      for (const auto& [other_id, others] : belongs) {
        ASSERT_EQ(groups.Find(other_id)->group.get() == group, others == audiences) << agency_id << " " << other_id;
      }
    }
  }
}

TEST(ReaderGroupsTest, AGroupThatJoinsAnAudienceIsAnotherVersion) {
  ReaderGroups groups;
  groups.Learn(0, {"a", "b"});
  const uint64_t before = groups.Find("a")->group->version;
  groups.Learn(1, {"c"});
  EXPECT_EQ(groups.Find("a")->group->version, before);
  groups.Learn(2, {"a", "b"});
  EXPECT_NE(groups.Find("a")->group->version, before);
}

TEST(ReaderGroupsTest, MembershipsThatSomebodyHoldsDoNotChange) {
  ReaderGroups groups;
  groups.Learn(0, {"a"});
  const std::shared_ptr<const AudienceSet> held = groups.Find("a")->group->memberships;
  groups.Learn(1, {"a"});
  EXPECT_FALSE(Receives(*held, 1));
  EXPECT_TRUE(Receives(*groups.Find("a")->group->memberships, 1));
}

}  // namespace
}  // namespace muster
