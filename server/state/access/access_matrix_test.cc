// The need-to-know matrix: the same as section 7 of the domain, letter by letter, and the same as what the broker does.
#include "server/state/access/access_matrix.h"

#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "server/state/access/topic.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

// As the domain writes it: R read, r redacted, C counts, c counts suppressed, m metadata, W write, - none; where not
// everything: o own, s own state, a addressed, g own and granted, p of the operation, n internal, i issued.
std::string Letters(const AccessCell& cell) {
  const std::map<v1::AccessForm, std::string> forms = {{v1::ACCESS_FORM_NONE, ""},
                                                       {v1::ACCESS_FORM_FULL, "R"},
                                                       {v1::ACCESS_FORM_REDACTED, "r"},
                                                       {v1::ACCESS_FORM_COUNTS, "C"},
                                                       {v1::ACCESS_FORM_SUPPRESSED_COUNTS, "c"},
                                                       {v1::ACCESS_FORM_METADATA, "m"}};
  const std::map<AccessScope, std::string> scopes = {
      {AccessScope::kNone, ""},       {AccessScope::kAll, ""},        {AccessScope::kOwn, "o"},
      {AccessScope::kOwnState, "s"},  {AccessScope::kAddressed, "a"}, {AccessScope::kOwnAndGranted, "g"},
      {AccessScope::kOperation, "p"}, {AccessScope::kInternal, "n"},  {AccessScope::kIssued, "i"}};
  const std::string letters = absl::StrCat(scopes.at(cell.scope), forms.at(cell.form), cell.may_write ? "W" : "");
  return letters.empty() ? "-" : letters;
}

TEST(AccessMatrix, IsSectionSevenLetterByLetter) {
  // Lead, participant, own site, prosecutor, watch desk, victim services, observer, public information, auditor.
  const std::map<std::string, std::string> section_7 = {
      {"plan", "RW aR aR aR - - r - m"},          {"site", "R oRW oRW sR - - - - m"},
      {"target", "aR gR oR sR r - - - m"},        {"activity", "pr oRW oRW - RW - - - m"},
      {"conflict", "nR oRW oR - RW - - - R"},     {"readiness", "RW oRW oRW - - - - - R"},
      {"tally", "R oRW oW sR - - C C R"},         {"victim-count", "C oC oW C - oC c c C"},
      {"readiness-notice", "RW R R R - R - - R"}, {"disclosure", "oR oR - - oR - - - R"},
      {"release", "RW - iR iR - - iR RW R"},
  };
  size_t found = 0;
  for (const AccessRow& row : AccessMatrix()) {
    const auto it = section_7.find(std::string(row.name));
    if (it == section_7.end()) continue;
    ++found;
    const std::vector<std::string> cells = {
        Letters(row.lead),       Letters(row.participant),        Letters(row.own_site),
        Letters(row.prosecutor), Letters(row.watch_desk),         Letters(row.victim_services),
        Letters(row.observer),   Letters(row.public_information), Letters(row.auditor)};
    EXPECT_EQ(absl::StrJoin(cells, " "), it->second) << row.name;
    EXPECT_EQ(row.rule, "section 7") << row.name;
  }
  EXPECT_EQ(found, section_7.size());
}

TEST(AccessMatrix, EveryClassHasOneRowAndEveryCellASentence) {
  EXPECT_EQ(AccessMatrix().size(), static_cast<size_t>(v1::ObjectClass_ARRAYSIZE - 1));
  for (const AccessRow& row : AccessMatrix()) {
    EXPECT_EQ(&RowOf(row.object_class), &row);
    EXPECT_EQ(FindRow(row.name), &row);
    EXPECT_FALSE(row.told.empty()) << row.name;
    for (int role = v1::ROLE_LEAD; role <= v1::ROLE_AUDITOR; ++role) {
      const AccessCell& cell = CellOf(row, static_cast<v1::Role>(role));
      EXPECT_EQ(cell.does.empty(), cell.form == v1::ACCESS_FORM_NONE) << row.name << " " << role;
      EXPECT_EQ(SentenceOf(row, static_cast<v1::Role>(role)).find(std::string(row.rule)), 0);
    }
  }
  EXPECT_EQ(RowOf(v1::OBJECT_CLASS_UNSPECIFIED).lead.form, v1::ACCESS_FORM_NONE);
  EXPECT_EQ(CellOf(v1::OBJECT_CLASS_PLAN, v1::ROLE_UNSPECIFIED).form, v1::ACCESS_FORM_NONE);
  EXPECT_EQ(FindRow("secrets"), nullptr);
}

// ---- The matrix against reality
// --------------------------------------------------------------------------------------

struct Actor {
  const char* agency_id;
  v1::Role role;
  const char* site_id;
};
constexpr Actor kActors[] = {{"lead", v1::ROLE_LEAD, "mo-1"},
                             {"ky-ago", v1::ROLE_PARTICIPANT, "ky-1"},
                             {"ky-prosecutor", v1::ROLE_PROSECUTOR, "ky-1"},
                             {"watch-desk", v1::ROLE_WATCH_DESK, "ky-1"},
                             {kPartner, v1::ROLE_VICTIM_SERVICES, "ky-1"},
                             {"observer", v1::ROLE_OBSERVER, "ky-1"},
                             {"public-info", v1::ROLE_PUBLIC_INFORMATION, "ky-1"},
                             {"auditor", v1::ROLE_AUDITOR, "ky-1"}};

template <typename Request, typename Response>
absl::Status Get(const World& world, const Actor& actor, const char* method, Response* response) {
  Request request;
  request.set_operation_id(kTestOperation);
  return AskAs(world, actor.agency_id, method, request, response);
}

// Something of every class, in Kentucky, where everyone but the lead works.
void Furnish(World* world) {
  SetUpOperation(world);
  for (const Actor& actor : kActors) {
    if (actor.role == v1::ROLE_LEAD) continue;
    world->MustSubmit("lead", SetParticipant(actor.agency_id, actor.role, {"ky-1"}));
  }
  world->MustSubmit("lead",
                    AmendPlan(1, v1::SECTION_CHANGE_MATERIAL,
                              {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR}, {"ky-1"})}));
  world->MustSubmit(
      "ky-ago", RecordTally(MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 12)));
  world->MustSubmit("ky-ago",
                    RecordTally(MakeEntry(EntryId(2), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 12)));
  world->MustSubmit("lead", PublishReadinessNotice());
  world->MustSubmit(kPartner, ReportServiceCounts(3, 1));
}

using ReadProbe = std::function<v1::AccessForm(const World&, const Actor&)>;

v1::AccessForm PlanForm(const World& world, const Actor& actor) {
  v1::GetPlanResponse plan;
  if (!Get<v1::GetPlanRequest>(world, actor, "PlanService/GetPlan", &plan).ok()) return v1::ACCESS_FORM_NONE;
  if (!plan.plan().sections(0).title_only()) return v1::ACCESS_FORM_FULL;
  v1::ListAcknowledgementsResponse read;
  const bool sees_readers =
      Get<v1::ListAcknowledgementsRequest>(world, actor, "PlanService/ListAcknowledgements", &read).ok();
  return sees_readers ? v1::ACCESS_FORM_METADATA : v1::ACCESS_FORM_REDACTED;
}

v1::AccessForm SiteForm(const World& world, const Actor& actor) {
  v1::GetOperationResponse operation;
  if (!Get<v1::GetOperationRequest>(world, actor, "OperationService/GetOperation", &operation).ok() ||
      operation.operation().sites().empty()) {
    return v1::ACCESS_FORM_NONE;
  }
  v1::GetPlanResponse plan;
  if (!Get<v1::GetPlanRequest>(world, actor, "PlanService/GetPlan", &plan).ok()) return v1::ACCESS_FORM_METADATA;
  for (const v1::SectionView& section : plan.plan().sections()) {
    if (section.section_id() == "ky" && !section.title_only()) return v1::ACCESS_FORM_FULL;
  }
  return v1::ACCESS_FORM_METADATA;
}

v1::AccessForm TallyForm(const World& world, const Actor& actor) {
  v1::ListTallyEntriesResponse entries;
  if (Get<v1::ListTallyEntriesRequest>(world, actor, "TallyService/ListTallyEntries", &entries).ok()) {
    return entries.entries().empty() ? v1::ACCESS_FORM_NONE : v1::ACCESS_FORM_FULL;
  }
  v1::GetTotalsRequest request;
  request.set_operation_id(kTestOperation);
  request.set_definition(v1::COUNTING_DEFINITION_LEAD);
  v1::GetTotalsResponse totals;
  const bool counts = AskAs(world, actor.agency_id, "TallyService/GetTotals", request, &totals).ok();
  return counts && totals.totals().arrests().confirmed() == 12 ? v1::ACCESS_FORM_COUNTS : v1::ACCESS_FORM_NONE;
}

v1::AccessForm VictimCountForm(const World& world, const Actor& actor) {
  v1::GetTotalsRequest request;
  request.set_operation_id(kTestOperation);
  request.set_definition(v1::COUNTING_DEFINITION_LEAD);
  v1::GetTotalsResponse totals;
  v1::GetVictimServicesResponse services;
  const bool reads_totals = AskAs(world, actor.agency_id, "TallyService/GetTotals", request, &totals).ok();
  const bool reads_services =
      Get<v1::GetVictimServicesRequest>(world, actor, "VictimServicesService/GetVictimServices", &services).ok();
  if (reads_totals && totals.totals().persons().confirmed() == 12) return v1::ACCESS_FORM_COUNTS;
  if (reads_services && services.services_size() == 1) return v1::ACCESS_FORM_COUNTS;
  if (totals.totals().suppressed_victim_counts_size() > 0) return v1::ACCESS_FORM_SUPPRESSED_COUNTS;
  return v1::ACCESS_FORM_NONE;
}

v1::AccessForm FullIf(bool sees) { return sees ? v1::ACCESS_FORM_FULL : v1::ACCESS_FORM_NONE; }

// By class: in which form the actor gets to see the class's object in Kentucky. A class joins as it is served.
std::map<v1::ObjectClass, ReadProbe> ReadProbes() {
  return {
      {v1::OBJECT_CLASS_OPERATION,
       [](const World& world, const Actor& actor) {
         v1::GetOperationResponse response;
         return FullIf(Get<v1::GetOperationRequest>(world, actor, "OperationService/GetOperation", &response).ok());
       }},
      {v1::OBJECT_CLASS_PLAN, PlanForm},
      {v1::OBJECT_CLASS_SITE_ASSIGNMENT, SiteForm},
      {v1::OBJECT_CLASS_TALLY_ENTRY, TallyForm},
      {v1::OBJECT_CLASS_VICTIM_COUNT, VictimCountForm},
      {v1::OBJECT_CLASS_READINESS_NOTICE,
       [](const World& world, const Actor& actor) {
         v1::GetVictimServicesResponse response;
         const absl::Status status =
             Get<v1::GetVictimServicesRequest>(world, actor, "VictimServicesService/GetVictimServices", &response);
         return FullIf(status.ok() && response.has_notice());
       }},
      {v1::OBJECT_CLASS_READINESS,
       [](const World& world, const Actor& actor) {
         v1::GetReadinessBoardResponse response;
         return FullIf(
             Get<v1::GetReadinessBoardRequest>(world, actor, "ReadinessService/GetReadinessBoard", &response).ok());
       }},
      {v1::OBJECT_CLASS_DISCLOSURE_LOG,
       [](const World& world, const Actor& actor) {
         v1::ListDisclosuresResponse response;
         return FullIf(Get<v1::ListDisclosuresRequest>(world, actor, "AccessService/ListDisclosures", &response).ok());
       }},
  };
}

TEST(AccessMatrix, EveryRoleReadsInTheFormThatTheMatrixSays) {
  World world;
  Furnish(&world);
  for (const auto& [object_class, form_of] : ReadProbes()) {
    for (const Actor& actor : kActors) {
      EXPECT_EQ(form_of(world, actor), EffectiveOf(RowOf(object_class), actor.role).form)
          << RowOf(object_class).name << " by " << actor.agency_id;
    }
  }
}

// What a reader is told of on its feed is of classes that it may read.
TEST(AccessMatrix, NoFeedHoldsWhatTheMatrixDenies) {
  World world;
  Furnish(&world);
  world.MustSubmit("ky-ago", RequestReferral());
  size_t checked = 0;
  for (const Actor& actor : kActors) {
    for (const FeedItem& item : world.FeedOf(actor.agency_id)) {
      const v1::ObjectClass object_class = TopicOf(item.notice, "lead").object_class;
      EXPECT_NE(EffectiveOf(RowOf(object_class), actor.role).form, v1::ACCESS_FORM_NONE)
          << actor.agency_id << ": " << item.notice.ShortDebugString();
      ++checked;
    }
  }
  EXPECT_GT(checked, 50);
}

// By class: something that writes of it, right for whoever may.
std::map<v1::ObjectClass, std::function<v1::Submission(const Actor&)>> WriteProbes() {
  const auto entry = [](const Actor& actor, v1::TallyCategory category) {
    return RecordTally(MakeEntry(EntryId(9), actor.agency_id, actor.site_id, category, 1));
  };
  return {
      {v1::OBJECT_CLASS_OPERATION, [](const Actor&) { return AddSite(MakeSite("tx-1", "TX")); }},
      {v1::OBJECT_CLASS_PLAN,
       [](const Actor&) { return AmendPlan(2, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("new", "New.")}); }},
      {v1::OBJECT_CLASS_TALLY_ENTRY,
       [entry](const Actor& actor) { return entry(actor, v1::TALLY_CATEGORY_ARREST_BUYER); }},
      {v1::OBJECT_CLASS_VICTIM_COUNT,
       [entry](const Actor& actor) { return entry(actor, v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR); }},
      {v1::OBJECT_CLASS_READINESS_NOTICE, [](const Actor&) { return PublishReadinessNotice(99); }},
  };
}

TEST(AccessMatrix, EveryRoleWritesWhatTheMatrixSaysAndNothingElse) {
  for (const auto& [object_class, make] : WriteProbes()) {
    for (const Actor& actor : kActors) {
      World world;
      Furnish(&world);
      const v1::Outcome outcome = world.Submit(actor.agency_id, make(actor));
      EXPECT_EQ(outcome.has_accepted(), EffectiveOf(RowOf(object_class), actor.role).may_write)
          << RowOf(object_class).name << " by " << actor.agency_id << outcome.ShortDebugString();
      if (outcome.has_rejected()) {
        EXPECT_EQ(outcome.rejected().reason(), v1::ERROR_REASON_NOT_PERMITTED) << actor.agency_id;
      }
    }
  }
}

}  // namespace
}  // namespace muster
