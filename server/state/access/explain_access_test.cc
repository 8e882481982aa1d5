// ExplainAccess: the matrix in words, and nothing that the asker may not know (rule P7).
#include "server/state/access/explain_access.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/access/access_matrix.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Explain : public ::testing::Test {
 protected:
  Explain() {
    SetUpOperation(&world_);
    world_.MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_MATERIAL,
                                        {MakeSection("sting", "An officer.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"}),
                                         MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
    world_.MustSubmit("ky-ago",
                      RecordTally(MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3)));
    v1::Site hidden = MakeSite("mo-9", "MO");
    hidden.add_excluded_agency_ids("ky-ago");
    world_.MustSubmit("lead", AddSite(hidden));
  }

  absl::StatusOr<v1::ExplainAccessResponse> Ask(absl::string_view asker, absl::string_view about,
                                                absl::string_view object,
                                                absl::string_view operation_id = kTestOperation) const {
    v1::ExplainAccessRequest request;
    request.set_operation_id(std::string(operation_id));
    request.set_agency_id(std::string(about));
    request.set_object(std::string(object));
    v1::ExplainAccessResponse response;
    const absl::Status status = AskAs(world_, asker, "AccessService/ExplainAccess", request, &response);
    if (!status.ok()) return status;
    return response;
  }
  v1::AccessDecision First(absl::string_view asker, absl::string_view about, absl::string_view object) const {
    const auto response = Ask(asker, about, object);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() && response->decisions_size() > 0 ? response->decisions(0) : v1::AccessDecision();
  }

  World world_;
};

TEST_F(Explain, EveryClassOfARoleIsTheWholeColumnOfTheMatrix) {
  for (const auto& [agency_id, participant] : world_.operation().participants()) {
    const auto response = Ask(agency_id, "", "");
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->agency_id(), agency_id);
    EXPECT_EQ(response->role(), participant.role());
    EXPECT_EQ(response->mode(), v1::OPERATION_MODE_EXERCISE);
    ASSERT_EQ(static_cast<size_t>(response->decisions_size()), AccessMatrix().size());
    for (size_t i = 0; i < AccessMatrix().size(); ++i) {
      const AccessRow& row = AccessMatrix()[i];
      const v1::AccessDecision& decision = response->decisions(static_cast<int>(i));
      EXPECT_EQ(decision.form(), EffectiveOf(row, participant.role()).form);
      EXPECT_EQ(decision.may_write(), EffectiveOf(row, participant.role()).may_write);
      EXPECT_EQ(decision.why(), SentenceOf(row, participant.role()));
      EXPECT_EQ(First(agency_id, "", row.name).SerializeAsString(), decision.SerializeAsString());
    }
  }
}

TEST_F(Explain, TheLeadAndTheAuditorAskAboutAnyParticipantAndOthersAboutThemselves) {
  for (const char* asker : {"lead", "auditor"}) EXPECT_TRUE(Ask(asker, "ky-ago", "").ok()) << asker;
  EXPECT_EQ(Ask("lead", "outsider", "").status().code(), absl::StatusCode::kNotFound);
  const absl::Status refused = Ask("ky-ago", "nd-bci", "").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Ask("ky-ago", "nobody", "plan/sting").status(), refused) << "it may not learn who takes part";
  const absl::Status outside = Ask("outsider", "", "").status();
  EXPECT_EQ(outside.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Ask("outsider", "", "", "no-such-operation").status(), outside);
}

TEST_F(Explain, P7OfAHiddenObjectAnAgencyIsToldWhatItIsToldOfNone) {
  const std::map<std::string, std::string> hidden_and_none = {
      {"plan/sting", "plan/slung"},
      {"site/mo-9", "site/mo-8"},
      {"tally/" + EntryId(1), "tally/" + EntryId(2)},
  };
  for (const auto& [hidden, none] : hidden_and_none) {
    const char* asker = hidden[0] == 't' ? "nd-bci" : "ky-ago";
    auto of_hidden = Ask(asker, "", hidden);
    auto of_none = Ask(asker, "", none);
    ASSERT_TRUE(of_hidden.ok() && of_none.ok()) << hidden;
    EXPECT_EQ(of_hidden->decisions(0).form(), v1::ACCESS_FORM_NONE) << hidden;
    // The answers name what was asked for, and differ in nothing else.
    std::string text = of_hidden->SerializeAsString();
    const size_t at = text.find(hidden);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, hidden.size(), none);
    EXPECT_EQ(text, of_none->SerializeAsString()) << hidden;
  }
}

TEST_F(Explain, P7TheLeadIsToldWhoIsExcludedByName) {
  EXPECT_EQ(First("lead", "ky-ago", "plan/sting").why(), "P7: excluded by name from section sting");
  EXPECT_EQ(First("lead", "ky-ago", "site/mo-9").why(), "P7: excluded by name from site mo-9");
  EXPECT_EQ(First("lead", "nd-bci", "plan/sting").form(), v1::ACCESS_FORM_FULL);
}

TEST_F(Explain, ASectionIsExplainedAsItIsRead) {
  EXPECT_EQ(First("ky-ago", "", "plan/ky").form(), v1::ACCESS_FORM_FULL);
  EXPECT_EQ(First("lead", "nd-bci", "plan/ky").form(), v1::ACCESS_FORM_NONE);
  EXPECT_THAT(First("lead", "nd-bci", "plan/ky").why(), HasSubstr("confined to ky-1"));
  EXPECT_THAT(First("lead", "ky-prosecutor", "plan/ky").why(), HasSubstr("not addressed to the role"));
  EXPECT_EQ(First("observer", "", "plan/situation").form(), v1::ACCESS_FORM_REDACTED);
  EXPECT_EQ(First("auditor", "", "plan/situation").form(), v1::ACCESS_FORM_METADATA);
  EXPECT_EQ(First("lead", "", "plan/ky").may_write(), true);
  EXPECT_THAT(First("lead", "watch-desk", "plan/ky").why(), StartsWith("section 7: WATCH_DESK has no access to"));
}

TEST_F(Explain, ATallyEntryIsExplainedByWhoseItIsAndByState) {
  const std::string entry = "tally/" + EntryId(1);
  EXPECT_TRUE(First("ky-ago", "", entry).may_write());
  EXPECT_EQ(First("ky-prosecutor", "", entry).form(), v1::ACCESS_FORM_FULL);
  EXPECT_THAT(First("ky-prosecutor", "", entry).why(),
              StartsWith("section 7: PROSECUTOR reads entries of its own state"));
  EXPECT_EQ(First("lead", "observer", entry).form(), v1::ACCESS_FORM_COUNTS);
  EXPECT_EQ(First("lead", "nd-bci", entry).form(), v1::ACCESS_FORM_NONE);
  EXPECT_THAT(First("lead", "nd-bci", entry).why(), HasSubstr("the entry is ky-ago's at ky-1, which is in KY"));
}

TEST_F(Explain, ASiteIsExplainedByItsAssignmentAndItsReadiness) {
  const auto own = Ask("ky-ago", "", "site/ky-1");
  ASSERT_TRUE(own.ok());
  ASSERT_EQ(own->decisions_size(), 2);
  EXPECT_EQ(own->decisions(0).object_class(), v1::OBJECT_CLASS_SITE_ASSIGNMENT);
  EXPECT_EQ(own->decisions(0).form(), v1::ACCESS_FORM_FULL);
  EXPECT_EQ(own->decisions(1).object_class(), v1::OBJECT_CLASS_READINESS);
  EXPECT_EQ(own->decisions(1).form(), v1::ACCESS_FORM_FULL);
  const auto other = Ask("ky-ago", "", "site/nd-1");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->decisions(0).form(), v1::ACCESS_FORM_NONE);
  EXPECT_EQ(other->decisions(1).form(), v1::ACCESS_FORM_REDACTED);
  EXPECT_FALSE(other->decisions(1).may_write());
}

TEST_F(Explain, WhatIsNeitherAClassNorAnObjectIsMalformed) {
  for (const char* object : {"secrets", "secrets/1", "agency/ky-ago", "operation/x", "Plan"}) {
    EXPECT_EQ(Ask("lead", "", object).status().code(), absl::StatusCode::kInvalidArgument) << object;
  }
}

}  // namespace
}  // namespace muster
