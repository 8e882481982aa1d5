#include "server/state/testing/test_support.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/sha256.h"
#include "gtest/gtest.h"
#include "server/state/cursor.h"
#include "server/state/tallies/tally_totals.h"

namespace muster {
namespace {

absl::Time Start() { return absl::FromCivil(absl::CivilSecond(2021, 8, 27, 3, 0, 0), absl::UTCTimeZone()); }

// FNV-1a: the same on every machine, unlike absl::Hash.
uint32_t StableHash(absl::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

google::protobuf::RepeatedPtrField<std::string> Repeated(const std::vector<std::string>& strings) {
  return {strings.begin(), strings.end()};
}

}  // namespace

World::World() : clock_(Start()) {
  v1::Event event;
  event.mutable_genesis()->set_log_id("test-log");
  event.mutable_genesis()->set_trust_domain("example.org");
  *event.mutable_genesis()->mutable_registrar() =
      RegisterAgency(kRegistrar, "", false, true).register_agency().agency();
  Apply(event);
}

v1::Outcome World::Submit(absl::string_view agency_id, v1::Submission submission) {
  return SubmitAs(PrincipalOf(agency_id), std::move(submission));
}

v1::Outcome World::SubmitAs(const v1::Principal& principal, v1::Submission submission) {
  if (submission.submission_id().empty()) submission.set_submission_id(NewId(principal.agency_id()));
  v1::Event event;
  *event.mutable_principal() = principal;
  // The sequencer draws at random; here the same each time, and other for every submission.
  if (submission.has_request_referral()) event.set_entropy(Sha256Bytes(submission.submission_id()).substr(0, 16));
  *event.mutable_submission() = std::move(submission);
  Apply(event);
  return last_applied_.outcome;
}

void World::AdvanceTo(absl::Time to) {
  while (state_.NextDue() <= to) {
    clock_.Set(std::max(state_.NextDue(), clock_.Now()));
    v1::Event event;
    event.mutable_timers_due();
    Apply(event);
  }
  clock_.Set(to);
}

v1::Outcome World::MustSubmit(absl::string_view agency_id, const v1::Submission& submission) {
  v1::Outcome outcome = Submit(agency_id, submission);
  EXPECT_TRUE(outcome.has_accepted()) << agency_id << ": " << submission.ShortDebugString()
                                      << "\nwas rejected: " << outcome.rejected().ShortDebugString();
  return outcome;
}

void World::Apply(const v1::Event& event) {
  v1::Event sequenced = event;
  sequenced.set_sequence(state_.sequence() + 1);
  *sequenced.mutable_accepted_at() = ToProto(clock_.Now());
  sequenced.set_rules_version(rules_version_);
  events_.push_back(sequenced.SerializeAsString());
  last_applied_ = Replay(&state_, events_.back());
  for (const AddressedNotice& addressed : last_applied_.notices) {
    ++notices_addressed_;
    for (const std::string& agency_id : state_.audiences().Members(addressed.address.audience)) {
      std::vector<FeedItem>& feed = feeds_[agency_id];
      FeedItem item;
      item.previous_cursor = feed.empty() ? "" : feed.back().cursor;
      item.cursor = EncodeCursor(state_.genesis().log_id(), feed.size() + 1);
      item.bytes = addressed.bytes;
      EXPECT_TRUE(item.notice.ParseFromString(addressed.bytes));
      feed.push_back(std::move(item));
    }
  }
}

const std::vector<FeedItem>& World::FeedOf(absl::string_view agency_id) const {
  static const auto* const kEmpty = new std::vector<FeedItem>();
  const auto it = feeds_.find(std::string(agency_id));
  return it == feeds_.end() ? *kEmpty : it->second;
}

std::string World::FeedBytes(absl::string_view agency_id) const {
  std::string bytes;
  for (const FeedItem& item : FeedOf(agency_id)) {
    absl::StrAppend(&bytes, item.cursor, "<", item.previous_cursor, ":", item.bytes, "\n");
  }
  return bytes;
}

const OperationRecord& World::operation(absl::string_view operation_id) const {
  const OperationRecord* found = state_.FindOperation(operation_id);
  if (found == nullptr) {
    std::cerr << "no operation " << operation_id << "\n";
    std::abort();
  }
  return *found;
}

const v1::Participant& World::participant(absl::string_view agency_id, absl::string_view operation_id) const {
  const v1::Participant* found = operation(operation_id).FindParticipant(agency_id);
  if (found == nullptr) {
    std::cerr << agency_id << " takes no part in " << operation_id << "\n";
    std::abort();
  }
  return *found;
}

v1::PlanView World::PlanOf(absl::string_view agency_id) const {
  return operation().plan().ViewFor(participant(agency_id));
}

v1::Acknowledgement World::StandingOf(absl::string_view agency_id) const {
  return operation().plan().StandingOf(participant(agency_id));
}

v1::TallyTotals World::TotalsFor(absl::string_view agency_id, v1::CountingDefinition definition,
                                 absl::Time as_of) const {
  return muster::TotalsFor({state_, operation(), participant(agency_id), definition, as_of});
}

std::string World::NewId(absl::string_view agency_id) {
  const uint64_t number = ++ids_made_[std::string(agency_id)];
  return TestUuid(clock_.Now(), (static_cast<uint64_t>(StableHash(agency_id)) & 0xfffffff) << 32 | number);
}

std::string TestUuid(absl::Time at, uint64_t salt) {
  const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(at));
  return absl::StrFormat("%08x-%04x-7000-8%03x-%012x", millis >> 16, millis & 0xffff, (salt >> 48) & 0xfff,
                         salt & 0xffffffffffff);
}

std::string EntryId(uint64_t salt) { return TestUuid(Start(), salt); }

Applied Replay(State* state, absl::string_view event_bytes) {
  v1::Event event;
  EXPECT_TRUE(event.ParseFromArray(event_bytes.data(), static_cast<int>(event_bytes.size())));
  return state->Apply(event);
}

// ---- Submissions -----------------------------------------------------------------------------------------------

v1::Principal PrincipalOf(absl::string_view agency_id, absl::string_view post) {
  v1::Principal principal;
  principal.set_agency_id(std::string(agency_id));
  principal.set_post(std::string(post));
  principal.set_key_sha256(absl::StrFormat("%064x", StableHash(agency_id)));
  return principal;
}

v1::Submission RegisterAgency(absl::string_view agency_id, absl::string_view usps_state, bool may_lead,
                              bool registrar) {
  v1::Submission submission;
  v1::Agency* agency = submission.mutable_register_agency()->mutable_agency();
  agency->set_agency_id(std::string(agency_id));
  agency->set_name(absl::StrCat("Agency ", agency_id));
  agency->set_kind(v1::AGENCY_KIND_STATE_POLICE);
  agency->set_state(std::string(usps_state));
  agency->set_may_lead(may_lead);
  agency->set_registrar(registrar);
  return submission;
}

v1::Submission RevokeCertificate(absl::string_view agency_id, absl::string_view key_sha256) {
  v1::Submission submission;
  submission.mutable_revoke_certificate()->set_agency_id(std::string(agency_id));
  submission.mutable_revoke_certificate()->set_key_sha256(std::string(key_sha256));
  submission.mutable_revoke_certificate()->set_reason("laptop lost");
  return submission;
}

v1::Submission SetStanding(absl::string_view agency_id, v1::AgencyStanding standing) {
  v1::Submission submission;
  submission.mutable_set_agency_standing()->set_agency_id(std::string(agency_id));
  submission.mutable_set_agency_standing()->set_standing(standing);
  submission.mutable_set_agency_standing()->set_reason("exercise");
  return submission;
}

v1::Site MakeSite(absl::string_view site_id, absl::string_view usps_state) {
  v1::Site site;
  site.set_site_id(std::string(site_id));
  site.set_name(absl::StrCat("Site ", site_id));
  site.set_state(std::string(usps_state));
  site.set_time_zone("America/Chicago");
  return site;
}

v1::Submission CreateOperation(const std::vector<v1::Site>& sites, absl::string_view operation_id) {
  v1::Submission submission;
  v1::CreateOperation* creation = submission.mutable_create_operation();
  v1::Operation* operation = creation->mutable_operation();
  operation->set_operation_id(std::string(operation_id));
  operation->set_code_name("Operation United Front");
  operation->set_mode(v1::OPERATION_MODE_EXERCISE);
  *operation->mutable_window()->mutable_start() = ToProto(Start() - absl::Hours(22));
  *operation->mutable_window()->mutable_end() = ToProto(Start() + absl::Hours(26));
  for (const v1::Site& site : sites) *creation->add_sites() = site;
  return submission;
}

v1::Submission AddSite(const v1::Site& site, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_add_site()->set_operation_id(std::string(operation_id));
  *submission.mutable_add_site()->mutable_site() = site;
  return submission;
}

v1::Submission SetParticipant(absl::string_view agency_id, v1::Role role, const std::vector<std::string>& site_ids,
                              absl::string_view operation_id) {
  v1::Submission submission;
  v1::SetParticipant* change = submission.mutable_set_participant();
  change->set_operation_id(std::string(operation_id));
  change->mutable_participant()->set_agency_id(std::string(agency_id));
  change->mutable_participant()->set_role(role);
  *change->mutable_participant()->mutable_site_ids() = Repeated(site_ids);
  return submission;
}

v1::Submission RemoveParticipant(absl::string_view agency_id, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_remove_participant()->set_operation_id(std::string(operation_id));
  submission.mutable_remove_participant()->set_agency_id(std::string(agency_id));
  submission.mutable_remove_participant()->set_reason("exercise");
  return submission;
}

v1::Submission SetPhase(v1::OperationPhase phase, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_set_operation_phase()->set_operation_id(std::string(operation_id));
  submission.mutable_set_operation_phase()->set_phase(phase);
  return submission;
}

v1::Section MakeSection(absl::string_view section_id, absl::string_view body, const std::vector<v1::Role>& roles,
                        const std::vector<std::string>& site_ids, const std::vector<std::string>& excluded_agency_ids) {
  v1::Section section;
  section.set_section_id(std::string(section_id));
  section.set_kind(v1::SECTION_KIND_SITUATION);
  section.set_title(absl::StrCat("Title of ", section_id));
  section.set_body(std::string(body));
  for (const v1::Role role : roles) section.mutable_audience()->add_roles(role);
  *section.mutable_audience()->mutable_site_ids() = Repeated(site_ids);
  *section.mutable_audience()->mutable_excluded_agency_ids() = Repeated(excluded_agency_ids);
  return section;
}

v1::Submission PublishPlan(const std::vector<v1::Section>& sections, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_publish_plan()->set_operation_id(std::string(operation_id));
  for (const v1::Section& section : sections) *submission.mutable_publish_plan()->add_sections() = section;
  return submission;
}

v1::Submission AmendPlan(uint32_t base_version, v1::SectionChange change, const std::vector<v1::Section>& sections,
                         const std::vector<std::string>& removed_section_ids, absl::string_view operation_id) {
  v1::Submission submission;
  v1::AmendPlan* amendment = submission.mutable_amend_plan();
  amendment->set_operation_id(std::string(operation_id));
  amendment->set_base_version(base_version);
  for (const v1::Section& section : sections) {
    v1::SectionAmendment* amended = amendment->add_amendments();
    *amended->mutable_section() = section;
    amended->set_change(change);
  }
  for (const std::string& section_id : removed_section_ids) {
    v1::SectionRemoval* removal = amendment->add_removals();
    removal->set_section_id(section_id);
    removal->set_change(change);
  }
  return submission;
}

v1::Submission WithdrawPlan(uint32_t base_version, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_withdraw_plan()->set_operation_id(std::string(operation_id));
  submission.mutable_withdraw_plan()->set_base_version(base_version);
  submission.mutable_withdraw_plan()->set_reason("exercise");
  return submission;
}

v1::Submission AcknowledgePlan(const v1::PlanView& view, absl::string_view rejection_reason) {
  v1::Submission submission;
  submission.mutable_acknowledge_plan()->set_operation_id(view.operation_id());
  submission.mutable_acknowledge_plan()->set_version(view.version());
  submission.mutable_acknowledge_plan()->set_content_sha256(view.content_sha256());
  submission.mutable_acknowledge_plan()->set_rejection_reason(std::string(rejection_reason));
  return submission;
}

v1::TallyEntry MakeEntry(absl::string_view entry_id, absl::string_view primary_agency_id, absl::string_view site_id,
                         v1::TallyCategory category, uint32_t count) {
  v1::TallyEntry entry;
  entry.set_entry_id(std::string(entry_id));
  entry.set_site_id(std::string(site_id));
  entry.set_category(category);
  entry.set_count(count);
  entry.set_primary_agency_id(std::string(primary_agency_id));
  entry.set_status(v1::TALLY_STATUS_CONFIRMED);
  *entry.mutable_occurred_at() = ToProto(Start());
  entry.set_source("booking log");
  return entry;
}

v1::Submission RecordTally(const v1::TallyEntry& entry, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_record_tally()->set_operation_id(std::string(operation_id));
  *submission.mutable_record_tally()->mutable_entry() = entry;
  return submission;
}

v1::Submission CorrectTally(absl::string_view entry_id, const std::vector<v1::TallyEntry>& replacements,
                            absl::string_view reason, absl::string_view operation_id) {
  v1::Submission submission;
  v1::CorrectTally* correction = submission.mutable_correct_tally();
  correction->set_operation_id(std::string(operation_id));
  correction->set_entry_id(std::string(entry_id));
  correction->set_reason(std::string(reason));
  for (const v1::TallyEntry& replacement : replacements) *correction->add_replacements() = replacement;
  return submission;
}

// ---- A world to start from -------------------------------------------------------------------------------------

void SetUpPlanning(World* world) {
  world->MustSubmit(kRegistrar, RegisterAgency("lead", "MO", /*may_lead=*/true));
  const std::vector<std::pair<std::string, std::string>> agencies = {
      {"ky-ago", "KY"},   {"nd-bci", "ND"},        {"ky-prosecutor", "KY"}, {"observer", "TX"}, {"auditor", ""},
      {"watch-desk", ""}, {"victim-services", ""}, {"public-info", "MO"},   {"outsider", "KY"}};
  for (const auto& [agency_id, usps_state] : agencies) {
    world->MustSubmit(kRegistrar, RegisterAgency(agency_id, usps_state));
  }
  world->MustSubmit("lead", CreateOperation({MakeSite("ky-1", "KY"), MakeSite("nd-1", "ND"), MakeSite("mo-1", "MO")}));
  world->MustSubmit("lead", SetParticipant("ky-ago", v1::ROLE_PARTICIPANT, {"ky-1"}));
  world->MustSubmit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1"}));
  world->MustSubmit("lead", SetParticipant("ky-prosecutor", v1::ROLE_PROSECUTOR, {"ky-1"}));
  world->MustSubmit("lead", SetParticipant("observer", v1::ROLE_OBSERVER, {}));
  world->MustSubmit("lead", SetParticipant("auditor", v1::ROLE_AUDITOR, {}));
  world->MustSubmit("lead", SetParticipant("watch-desk", v1::ROLE_WATCH_DESK, {}));
  world->MustSubmit("lead", SetParticipant("victim-services", v1::ROLE_VICTIM_SERVICES, {}));
  world->MustSubmit("lead", SetParticipant("public-info", v1::ROLE_PUBLIC_INFORMATION, {}));
}

void SetUpOperation(World* world) {
  SetUpPlanning(world);
  world->MustSubmit("lead", PublishPlan({MakeSection("situation", "Twelve states act together.",
                                                     {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}));
  world->MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ARMED));
}

}  // namespace muster
