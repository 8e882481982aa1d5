// Random submissions, right and wrong, from several agencies: the state decides each as the oracle does, and ends where
// it does.
#include <random>

#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "gtest/gtest.h"
#include "server/state/tallies/tally_totals.h"
#include "server/state/testing/oracle.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

constexpr int kRounds = 60;
constexpr int kSubmissions = 250;

const std::set<int> kArrests = {1, 2, 3, 4, 5, 6};
const std::set<int> kPersons = {30, 31, 32};

class Chance {
 public:
  explicit Chance(std::mt19937_64* random) : random_(*random) {}
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T Of(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }
  template <typename T>
  std::vector<T> Some(const std::vector<T>& choices) {
    std::vector<T> some;
    for (const T& choice : choices) {
      if (OneIn(2)) some.push_back(choice);
    }
    return some;
  }

 private:
  std::mt19937_64& random_;
};

const std::vector<std::string>& Agencies() {
  static const auto* const kAgencies = new std::vector<std::string>{"a1", "a2", "a3", "a4", "a5", kRegistrar};
  return *kAgencies;
}
const std::vector<std::string>& Sites() {
  static const auto* const kSites = new std::vector<std::string>{"s1", "s2", "s3"};
  return *kSites;
}
const std::vector<std::string>& Sections() {
  static const auto* const kSections = new std::vector<std::string>{"p1", "p2", "p3", "p4"};
  return *kSections;
}

// One world and one oracle that are told the same.
class Round {
 public:
  Round(std::mt19937_64* random, std::map<int, std::pair<int, int>>* tried)
      : chance_(random), tried_(*tried), oracle_(kRegistrar) {
    for (const char* agency_id : {"a1", "a2", "a3", "a4"}) {
      Tell(kRegistrar, RegisterAgency(agency_id, "KY", agency_id[1] <= '2'));
    }
    Tell("a1", CreateOperation({MakeSite("s1", "KY"), MakeSite("s2", "ND")}, "op-1"));
    Tell("a1", SetParticipant("a3", v1::ROLE_PARTICIPANT, {"s1", "s2"}, "op-1"));
    Tell("a1", SetParticipant("a4", v1::ROLE_PARTICIPANT, {"s2"}, "op-1"));
    Tell("a1", PublishPlan({RandomSection("p1")}, "op-1"));
    Tell("a1", SetPhase(v1::OPERATION_PHASE_ARMED, "op-1"));
  }

  void Step() {
    world_.clock().Advance(absl::Seconds(1));
    if (!sent_.empty() && chance_.OneIn(8)) {
      auto [agency_id, submission] = chance_.Of(sent_);
      if (chance_.OneIn(2)) submission.set_submission_id("");  // The same body under another id.
      if (chance_.OneIn(6)) *submission.mutable_register_agency() = RegisterAgency("a5").register_agency();
      Tell(agency_id, submission);
      return;
    }
    Tell(chance_.Of(Agencies()), RandomSubmission());
  }

  void Compare() {
    const Roster& roster = world_.state().roster();
    ASSERT_EQ(roster.agencies().size(), oracle_.agencies().size());
    for (const auto& [id, agency] : oracle_.agencies()) {
      const v1::AgencyRecord& record = *roster.Find(id);
      EXPECT_EQ(record.standing() == v1::AGENCY_STANDING_SUSPENDED, agency.suspended) << id;
      EXPECT_EQ(record.agency().registrar(), agency.registrar) << id;
      EXPECT_EQ(record.agency().may_lead(), agency.may_lead) << id;
      EXPECT_EQ(static_cast<size_t>(record.revocations_size()), agency.revoked.size()) << id;
    }
    ASSERT_EQ(world_.state().operations().size(), oracle_.operations().size());
    for (const auto& [id, operation] : oracle_.operations()) CompareOperation(id, operation);
    for (const auto& [agency_id, feed] : world_.feeds()) {
      EXPECT_EQ(world_.state().audiences().Position(agency_id), feed.size()) << agency_id;
    }
  }

  const World& world() const { return world_; }

 private:
  void Tell(const std::string& agency_id, v1::Submission submission) {
    if (submission.submission_id().empty()) submission.set_submission_id(world_.NewId(agency_id));
    sent_.emplace_back(agency_id, submission);
    bool hash_is_right = false;
    if (submission.has_acknowledge_plan()) {
      const v1::AcknowledgePlan& answer = submission.acknowledge_plan();
      const OperationRecord* operation = world_.state().FindOperation(answer.operation_id());
      const v1::Participant* self = operation == nullptr ? nullptr : operation->FindParticipant(agency_id);
      hash_is_right = self != nullptr && operation->plan().ViewFor(*self).content_sha256() == answer.content_sha256();
    }
    const bool expected = oracle_.Submit(PrincipalOf(agency_id), submission, hash_is_right);
    // GO has tests of its own: here phases follow the rules of a time when EXECUTING took none.
    world_.set_rules_version(submission.has_set_operation_phase() ? 1 : kRulesVersion);
    const v1::Outcome outcome = world_.Submit(agency_id, submission);
    ASSERT_EQ(outcome.has_accepted(), expected)
        << agency_id << " sent " << submission.DebugString() << outcome.DebugString();
    auto& [accepted, rejected] = tried_[submission.body_case()];
    if (!outcome.repeat()) ++(expected ? accepted : rejected);
  }

  v1::Section RandomSection(const std::string& id) {
    std::vector<v1::Role> roles = chance_.Some<v1::Role>({v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR});
    return MakeSection(id, absl::StrCat("text ", chance_.Below(3)), roles,
                       chance_.OneIn(3) ? chance_.Some(Sites()) : std::vector<std::string>(),
                       chance_.OneIn(3) ? chance_.Some(Agencies()) : std::vector<std::string>());
  }

  v1::TallyEntry RandomEntry() {
    static const std::vector<v1::TallyCategory> kCategories = {
        v1::TALLY_CATEGORY_ARREST_BUYER, v1::TALLY_CATEGORY_ARREST_OTHER, v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT,
        v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, v1::TALLY_CATEGORY_CITATION};
    v1::TallyEntry entry = MakeEntry(EntryId(1 + chance_.Below(60)), chance_.Of(Agencies()), chance_.Of(Sites()),
                                     chance_.Of(kCategories), static_cast<uint32_t>(chance_.Below(4)));
    if (chance_.OneIn(6)) entry.set_status(v1::TALLY_STATUS_POTENTIAL);
    return entry;
  }

  v1::Submission RandomAnswer(const std::string& operation_id) {
    // The view of someone, often of one who then does not send it.
    v1::PlanView view;
    view.set_version(static_cast<uint32_t>(1 + chance_.Below(3)));
    if (const OperationRecord* operation = world_.state().FindOperation(operation_id)) {
      const v1::Participant* reader = operation->FindParticipant(chance_.Of(Agencies()));
      if (reader != nullptr) view = operation->plan().ViewFor(*reader);
    }
    view.set_operation_id(operation_id);
    if (chance_.OneIn(5)) view.set_version(view.version() + 1);
    return AcknowledgePlan(view, chance_.OneIn(4) ? "cannot" : "");
  }

  v1::Submission RandomSubmission() {
    const std::string op = chance_.OneIn(4) ? "op-2" : "op-1";
    const OperationRecord* operation = world_.state().FindOperation(op);
    uint32_t version = operation == nullptr ? 1 : operation->plan().version();
    if (chance_.OneIn(5)) ++version;
    switch (chance_.Below(24)) {
      case 0:
        return RegisterAgency(chance_.Of(Agencies()), "KY", chance_.OneIn(2), chance_.OneIn(3));
      case 1:
        return RevokeCertificate(chance_.Of(Agencies()),
                                 chance_.OneIn(12) ? PrincipalOf("a4").key_sha256() : std::string(64, 'a'));
      case 2:
        return SetStanding(chance_.Of(Agencies()),
                           chance_.OneIn(4) ? v1::AGENCY_STANDING_SUSPENDED : v1::AGENCY_STANDING_ACTIVE);
      case 3:
        return CreateOperation({MakeSite("s1", "KY"), MakeSite("s2", "ND")}, op);
      case 4:
        return AddSite(MakeSite(chance_.Of(Sites()), "MO"), op);
      case 5:
      case 6:
        return SetParticipant(chance_.Of(Agencies()), static_cast<v1::Role>(2 + chance_.Below(7)),
                              chance_.Some(Sites()), op);
      case 7:
      case 8:
        return SetParticipant(chance_.Of(Agencies()), v1::ROLE_PARTICIPANT, chance_.Some(Sites()), op);
      case 9:
        return RemoveParticipant(chance_.Of(Agencies()), op);
      case 10:
        // Rarely to an end: an operation that is over accepts little.
        return SetPhase(static_cast<v1::OperationPhase>(1 + chance_.Below(chance_.OneIn(10) ? 6 : 4)), op);
      case 11:
        return PublishPlan({RandomSection("p1"), RandomSection("p2")}, op);
      case 12:
      case 13: {
        v1::Submission amendment =
            AmendPlan(version, chance_.OneIn(2) ? v1::SECTION_CHANGE_MATERIAL : v1::SECTION_CHANGE_EDITORIAL,
                      {RandomSection(chance_.Of(Sections()))}, {}, op);
        if (chance_.OneIn(4)) {
          amendment.mutable_amend_plan()->clear_amendments();
          v1::SectionRemoval* removal = amendment.mutable_amend_plan()->add_removals();
          removal->set_section_id(chance_.Of(Sections()));
          removal->set_change(v1::SECTION_CHANGE_MATERIAL);
        }
        return amendment;
      }
      case 14:
        return WithdrawPlan(version, op);
      case 15:
      case 16:
      case 17:
        return RandomAnswer(op);
      case 18:
      case 19: {
        std::vector<v1::TallyEntry> replacements;
        for (uint64_t i = chance_.Below(3); i > 0; --i) {
          replacements.push_back(RandomEntry());
          replacements.back().set_entry_id(EntryId(1000 + next_replacement_++));
          replacements.back().set_primary_agency_id(replacements.front().primary_agency_id());
        }
        return CorrectTally(EntryId(1 + chance_.Below(60)), replacements, chance_.OneIn(2) ? "typing" : "counted again",
                            op);
      }
      default:
        return RecordTally(RandomEntry(), op);
    }
  }

  void CompareOperation(const std::string& id, const OracleOperation& expected) {
    const OperationRecord& operation = *world_.state().FindOperation(id);
    EXPECT_EQ(operation.phase(), expected.phase) << id;
    EXPECT_EQ(operation.lead_agency_id(), expected.lead) << id;
    EXPECT_EQ(operation.sites().size(), expected.sites.size()) << id;
    EXPECT_EQ(operation.plan().is_withdrawn(), expected.withdrawn) << id;
    EXPECT_EQ(operation.ledger().entries().size(), expected.entries.size()) << id;
    ASSERT_EQ(operation.participants().size(), expected.participants.size()) << id;
    for (const auto& [agency_id, participant] : expected.participants) {
      const v1::Participant& self = *operation.FindParticipant(agency_id);
      EXPECT_EQ(self.SerializeAsString(), participant.SerializeAsString()) << agency_id;
      const v1::PlanView view = operation.plan().ViewFor(self);
      const OracleReading reading = expected.ReadBy(participant);
      EXPECT_EQ(view.version(), reading.version) << id << " " << agency_id;
      if (participant.role() != v1::ROLE_LEAD) {
        EXPECT_EQ(view.last_material_version(), reading.last_material) << id << " " << agency_id;
      }
      ASSERT_EQ(static_cast<size_t>(view.sections_size()), reading.text.size()) << id << " " << agency_id;
      for (const v1::SectionView& section : view.sections()) {
        ASSERT_EQ(reading.text.count(section.section_id()), 1);
        const auto& [title, body] = reading.text.at(section.section_id());
        EXPECT_EQ(section.title(), title);
        EXPECT_EQ(section.title_only() ? "title only" : "body: " + section.body(), body);
      }
      EXPECT_EQ(operation.plan().StandingOf(self).status(), expected.StandingOf(participant)) << id << " " << agency_id;
      if (participant.role() != v1::ROLE_LEAD && participant.role() != v1::ROLE_PARTICIPANT) continue;
      const v1::TallyTotals totals = TotalsFor({world_.state(), operation, self, v1::COUNTING_DEFINITION_LEAD});
      EXPECT_EQ(totals.arrests().confirmed(), expected.Sum(agency_id, kArrests)) << id << " " << agency_id;
      EXPECT_EQ(totals.persons().confirmed(), expected.Sum(agency_id, kPersons)) << id << " " << agency_id;
    }
  }

  Chance chance_;
  std::map<int, std::pair<int, int>>& tried_;
  World world_;
  Oracle oracle_;
  std::vector<std::pair<std::string, v1::Submission>> sent_;
  uint64_t next_replacement_ = 0;
};

TEST(StateOracle, TheStateDecidesAsTheOracleDoesAndEndsWhereItDoes) {
  std::mt19937_64 random = SeededRandom();
  std::map<int, std::pair<int, int>> tried;  // By body: accepted, rejected.
  for (int i = 0; i < kRounds; ++i) {
    SCOPED_TRACE(absl::StrCat("round ", i));
    Round round(&random, &tried);
    for (int step = 0; step < kSubmissions; ++step) {
      round.Step();
      if (step % 10 == 0) round.Compare();
      if (::testing::Test::HasFailure()) return;
    }
    State replayed;
    for (const std::string& event : round.world().events()) Replay(&replayed, event);
    ASSERT_EQ(replayed.Digest(), round.world().state().Digest());
  }
  // A comparison of nothing proves nothing. The oracle knows the bodies of agencies, operations, plans and tallies.
  EXPECT_EQ(tried.size(), 14);
  for (const auto& [body, counts] : tried) {
    EXPECT_GE(counts.first, 5) << "body " << body << " was hardly ever accepted";
    EXPECT_GE(counts.second, 5) << "body " << body << " was hardly ever rejected";
  }
}

}  // namespace
}  // namespace muster
