// A small world for tests of the state and of what stands on it: a State, a clock that stands still, and every agency's
// feed as it would be delivered. Test code only.
//
// Threading: one thread.
#ifndef MUSTER_SERVER_STATE_TESTING_TEST_SUPPORT_H_
#define MUSTER_SERVER_STATE_TESTING_TEST_SUPPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "muster/v1/submission.pb.h"
#include "server/state/state.h"

namespace muster {

inline constexpr char kRegistrar[] = "registrar";
inline constexpr char kTestOperation[] = "united-front-2021";

// One delivery of an agency's feed, with the notice both as bytes and parsed.
struct FeedItem {
  std::string cursor;
  std::string previous_cursor;
  std::string bytes;
  v1::Notice notice;
};

class World {
 public:
  // Genesis has been applied, with kRegistrar as the agency that may register others. 27 August 2021, 03:00 UTC.
  World();

  State& state() { return state_; }
  const State& state() const { return state_; }
  FakeClock& clock() { return clock_; }
  absl::Time Now() const { return clock_.Now(); }

  // Lets everything happen that falls due until `to`, each at its time, as the broker's leader does with TimersDue
  // events; then the clock stands at `to`.
  void AdvanceTo(absl::Time to);
  void Advance(absl::Duration by) { AdvanceTo(clock_.Now() + by); }

  // The rules of the events from now on; kRulesVersion unless it is set.
  void set_rules_version(uint32_t version) { rules_version_ = version; }

  // Sequences and applies `submission` at the clock's time, as `agency_id`'s post "command". An empty submission_id is
  // filled in with one that counts per agency, so that what one agency sends leaves another's ids alone.
  v1::Outcome Submit(absl::string_view agency_id, v1::Submission submission);
  v1::Outcome SubmitAs(const v1::Principal& principal, v1::Submission submission);
  // The same, and fails the test when it was not accepted.
  v1::Outcome MustSubmit(absl::string_view agency_id, const v1::Submission& submission);

  // What the last event produced.
  const Applied& last_applied() const { return last_applied_; }
  // Every event as the log would hold it, genesis included.
  const std::vector<std::string>& events() const { return events_; }
  // Every notice of every event, as many times as it was addressed (once per audience).
  size_t notices_addressed() const { return notices_addressed_; }

  const std::vector<FeedItem>& FeedOf(absl::string_view agency_id) const;
  // The agency's feed as one string: cursors and notices. What non-interference is about.
  std::string FeedBytes(absl::string_view agency_id) const;
  const std::map<std::string, std::vector<FeedItem>>& feeds() const { return feeds_; }

  const OperationRecord& operation(absl::string_view operation_id = kTestOperation) const;
  const v1::Participant& participant(absl::string_view agency_id,
                                     absl::string_view operation_id = kTestOperation) const;
  v1::PlanView PlanOf(absl::string_view agency_id) const;
  v1::Acknowledgement StandingOf(absl::string_view agency_id) const;
  v1::TallyTotals TotalsFor(absl::string_view agency_id,
                            v1::CountingDefinition definition = v1::COUNTING_DEFINITION_LEAD,
                            absl::Time as_of = absl::InfiniteFuture()) const;

  // A submission_id made at the clock's time.
  std::string NewId(absl::string_view agency_id);

 private:
  void Apply(const v1::Event& event);

  FakeClock clock_;
  uint32_t rules_version_ = kRulesVersion;
  State state_;
  Applied last_applied_;
  std::vector<std::string> events_;
  size_t notices_addressed_ = 0;
  std::map<std::string, std::vector<FeedItem>> feeds_;
  std::map<std::string, uint64_t> ids_made_;
};

// A UUID version 7 made at `at` and otherwise a function of `salt` (60 bits).
std::string TestUuid(absl::Time at, uint64_t salt);
// An entry id: made on 27 August 2021.
std::string EntryId(uint64_t salt);

// Applies an encoded event to `state`.
Applied Replay(State* state, absl::string_view event_bytes);

// ---- Submissions -----------------------------------------------------------------------------------------------

v1::Principal PrincipalOf(absl::string_view agency_id, absl::string_view post = "command");

v1::Submission RegisterAgency(absl::string_view agency_id, absl::string_view usps_state = "", bool may_lead = false,
                              bool registrar = false);
v1::Submission RevokeCertificate(absl::string_view agency_id, absl::string_view key_sha256);
v1::Submission SetStanding(absl::string_view agency_id, v1::AgencyStanding standing);

v1::Site MakeSite(absl::string_view site_id, absl::string_view usps_state);
// An EXERCISE whose window is 26 August 2021 05:00 UTC to 28 August 05:00 UTC.
v1::Submission CreateOperation(const std::vector<v1::Site>& sites, absl::string_view operation_id = kTestOperation);
v1::Submission AddSite(const v1::Site& site, absl::string_view operation_id = kTestOperation);
v1::Submission SetParticipant(absl::string_view agency_id, v1::Role role, const std::vector<std::string>& site_ids,
                              absl::string_view operation_id = kTestOperation);
v1::Submission RemoveParticipant(absl::string_view agency_id, absl::string_view operation_id = kTestOperation);
v1::Submission SetPhase(v1::OperationPhase phase, absl::string_view operation_id = kTestOperation);

v1::Section MakeSection(absl::string_view section_id, absl::string_view body,
                        const std::vector<v1::Role>& roles = {v1::ROLE_PARTICIPANT},
                        const std::vector<std::string>& site_ids = {},
                        const std::vector<std::string>& excluded_agency_ids = {});
v1::Submission PublishPlan(const std::vector<v1::Section>& sections, absl::string_view operation_id = kTestOperation);
v1::Submission AmendPlan(uint32_t base_version, v1::SectionChange change, const std::vector<v1::Section>& sections,
                         const std::vector<std::string>& removed_section_ids = {},
                         absl::string_view operation_id = kTestOperation);
v1::Submission WithdrawPlan(uint32_t base_version, absl::string_view operation_id = kTestOperation);
// Answers `view`; a non-empty reason rejects it.
v1::Submission AcknowledgePlan(const v1::PlanView& view, absl::string_view rejection_reason = "");

v1::TallyEntry MakeEntry(absl::string_view entry_id, absl::string_view primary_agency_id, absl::string_view site_id,
                         v1::TallyCategory category, uint32_t count);
v1::Submission RecordTally(const v1::TallyEntry& entry, absl::string_view operation_id = kTestOperation);
v1::Submission CorrectTally(absl::string_view entry_id, const std::vector<v1::TallyEntry>& replacements,
                            absl::string_view reason = "counted again",
                            absl::string_view operation_id = kTestOperation);

// ---- A world to start from -------------------------------------------------------------------------------------

// `lead` leads kTestOperation with sites ky-1, nd-1 and mo-1 in the states of those names; ky-ago (site ky-1) and
// nd-bci (site nd-1) take part; observer, auditor, public-info, watch-desk, victim-services and ky-prosecutor (of
// Kentucky) have those roles; outsider is on the roster only. Section "situation" is published for PARTICIPANT and
// PROSECUTOR, and the operation is ARMED. Every feed and every agency's ids are the same each time.
void SetUpOperation(World* world);
// The same without a plan, in PLANNING.
void SetUpPlanning(World* world);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TESTING_TEST_SUPPORT_H_
