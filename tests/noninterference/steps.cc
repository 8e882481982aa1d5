#include "tests/noninterference/steps.h"

#include <algorithm>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "tests/noninterference/step_submissions.h"

namespace muster {
namespace {

using Names = std::vector<std::string>;

const std::string& Any(std::mt19937_64& random, const Names& names) { return names[random() % names.size()]; }

const Names& Participants() {
  static const auto* const kAll = new Names{"pa", "pb", "pc", "pd"};
  return *kAll;
}

bool IsElsewhere(const std::string& agency_id) {
  return agency_id == "pd" || agency_id == "lead-2" || agency_id == "desk-2";
}

std::string SiteOf(const std::string& agency_id) {
  if (agency_id == "pa") return "s-a";
  if (agency_id == "pb") return "s-b";
  return agency_id == "pc" ? "s-c" : "o-d";
}

std::string LeadOf(const std::string& operation) { return operation == kOperation ? "lead" : "lead-2"; }

v1::Principal PersonOf(const std::string& agency_id, int person) {
  v1::Principal principal = PrincipalOf(agency_id, absl::StrCat("operator-", person));
  principal.set_key_sha256(absl::StrCat(std::string(63, agency_id == "lead" ? 'a' : 'b'), person));
  return principal;
}

void RegisterPerson(World* world, const std::string& agency_id, int person) {
  v1::Submission submission;
  v1::RegisterOperator* body = submission.mutable_register_operator();
  body->set_agency_id(agency_id);
  body->mutable_person()->set_operator_id(absl::StrCat("person-", person));
  body->mutable_person()->set_name(absl::StrCat("Person ", person));
  body->mutable_person()->add_key_sha256s(PersonOf(agency_id, person).key_sha256());
  world->MustSubmit(kRegistrar, submission);
}

v1::Site OpenSite(const std::string& site_id, const std::string& state) {
  v1::Site site = MakeSite(site_id, state);
  site.set_optional_for_go(site_id == "s-c");
  return site;
}

// Who acts, where, and on what, for the kinds that say something of one operation.
void Place(std::mt19937_64& random, Step* step) {
  switch (step->kind) {
    case StepKind::kAmendPlan:
      step->object = Any(random, {"common", "secret", "only-b", "law"});
      step->actor = Any(random, {"lead", "lead", "lead-2"});
      break;
    case StepKind::kSetHHour:
    case StepKind::kApproveGo:
      step->actor = Any(random, {"lead", "lead", "lead-2"});
      break;
    case StepKind::kClaim:
    case StepKind::kReadinessNotice:
      step->actor = "lead";
      break;
    case StepKind::kDraftRelease:
      step->actor = Any(random, {"lead", "public-info"});
      break;
    case StepKind::kWaive:
      step->actor = "lead";
      step->object = Any(random, {"s-a", "s-b", "s-hidden"});
      break;
    case StepKind::kCapacity:
    case StepKind::kServiceCounts:
    case StepKind::kAnswerReferral:
      step->actor = "victims";
      break;
    case StepKind::kJoin:
    case StepKind::kLeave:
      step->actor = "lead";
      step->object = Any(random, {"late-1", "late-2", "late-3"});
      break;
    case StepKind::kAddSite:
      step->actor = "lead";
      step->object = "s-hidden";
      break;
    case StepKind::kRegisterAgency:
    case StepKind::kRegisterOperator:
    case StepKind::kRevoke:
      step->actor = kRegistrar;
      step->object = Any(random, {"outsider", "pb", "late-1", "pd"});
      break;
    case StepKind::kTouchConflict:
      step->actor = Any(random, {"watch-desk", "desk-2", "fusion", "pa", "pb", "pd"});
      break;
    default:
      step->actor = Any(random, Participants());
      step->object = SiteOf(step->actor);
      if (step->actor == "pc" && random() % 2 == 0) {  // Or of the agency that works where nobody else may look.
        step->actor = "late-1";
        step->object = "s-hidden";
      }
      break;
  }
  step->operation = IsElsewhere(step->actor) ? kOtherOperation : kOperation;
}

void PlaceActivity(std::mt19937_64& random, Step* step) {
  step->actor = Any(random, {"pa", "pb", "pc", "pd", "outsider"});
  step->operation = step->actor == "outsider" ? "" : IsElsewhere(step->actor) ? kOtherOperation : kOperation;
  step->object = SiteOf(step->actor);
  step->sealed = random() % 3 == 0;
  step->remote = !step->sealed && random() % 2 == 0;
}

bool IsAboutActivity(StepKind kind) {
  return kind == StepKind::kEnterActivity || kind == StepKind::kAmendActivity || kind == StepKind::kCancelActivity;
}

// Who has a place in `operation` and sees every activity there that is not sealed.
bool SeesActivitiesOf(const std::string& viewer, const std::string& operation) {
  if (operation == kOperation) {
    return viewer == "lead" || viewer == "auditor" || viewer == "watch-desk" || viewer == "prosecutor";
  }
  if (operation == kOtherOperation) return viewer == "lead-2" || viewer == "desk-2";
  return viewer == "fusion";
}

bool IsDeskOf(const std::string& viewer, const std::string& operation) {
  if (operation.empty()) return viewer == "fusion";
  return viewer == (operation == kOperation ? "watch-desk" : "desk-2");
}

bool IsActivityHidden(const std::string& viewer, const Step& step) {
  if (viewer == step.actor || IsDeskOf(viewer, step.operation)) return false;
  // A sealed one tells its own side's desks only, and the desks of a sealed side it meets.
  const bool a_desk = viewer == "watch-desk" || viewer == "desk-2" || viewer == "fusion";
  if (step.sealed) return !a_desk;
  return step.remote && !SeesActivitiesOf(viewer, step.operation);
}

bool IsIn(const std::string& viewer, const std::string& operation) {
  if (viewer == "outsider" || viewer == "fusion") return false;
  return IsElsewhere(viewer) == (operation == kOtherOperation) || (viewer == "victims" && operation == kOperation);
}

const Names& EntryReaders() {
  static const auto* const kAll = new Names{"lead", "lead-2", "auditor", "observer", "public-info", "late-3"};
  return *kAll;
}

bool IsTallyHidden(const std::string& viewer, const Step& step) {
  if (viewer == step.actor || absl::c_linear_search(EntryReaders(), viewer)) return false;
  return viewer != "prosecutor" || (step.object != "s-a" && step.object != "s-hidden");
}

bool ReadsSection(const std::string& viewer, const std::string& section_id) {
  if (viewer == "lead" || viewer == "observer" || viewer == "late-3" || viewer == "auditor") return true;
  if (section_id == "law") return viewer == "prosecutor";
  if (section_id == "only-b") return viewer == "pb";
  if (section_id == "secret") return viewer == "pb" || viewer == "pc" || viewer == "pd" || viewer == "late-1";
  return viewer != "victims" && viewer != "late-2" && viewer != "watch-desk" && viewer != "public-info";
}

bool IsVictimStepHidden(const std::string& viewer, const Step& step) {
  if (step.kind == StepKind::kReadinessNotice) {
    return viewer == "observer" || viewer == "late-3" || viewer == "public-info" || viewer == "watch-desk";
  }
  if (viewer == "lead" || viewer == "auditor" || viewer == "victims" || viewer == "prosecutor") return false;
  // A referral is its requester's too; its answer may be to anyone's.
  if (step.kind == StepKind::kAnswerReferral) return viewer != "pa" && viewer != "pb" && viewer != "pc";
  return viewer != step.actor;
}

}  // namespace

void SetUpCast(World* world) {
  world->MustSubmit(kRegistrar, RegisterAgency("lead", "MO", /*may_lead=*/true));
  world->MustSubmit(kRegistrar, RegisterAgency("lead-2", "OK", /*may_lead=*/true));
  for (const auto& [agency_id, state] : std::vector<std::pair<std::string, std::string>>{{"pa", "KY"},
                                                                                         {"pb", "TN"},
                                                                                         {"pc", "ND"},
                                                                                         {"pd", "OK"},
                                                                                         {"prosecutor", "KY"},
                                                                                         {"observer", "TX"},
                                                                                         {"auditor", ""},
                                                                                         {"public-info", "MO"},
                                                                                         {"watch-desk", ""},
                                                                                         {"desk-2", ""},
                                                                                         {"victims", ""},
                                                                                         {"outsider", "KY"},
                                                                                         {"late-1", "KY"},
                                                                                         {"late-2", ""},
                                                                                         {"late-3", "WI"}}) {
    world->MustSubmit(kRegistrar, RegisterAgency(agency_id, state));
  }
  v1::Submission fusion = RegisterAgency("fusion");
  fusion.mutable_register_agency()->mutable_agency()->set_watch_desk(true);
  world->MustSubmit(kRegistrar, fusion);
  for (const char* lead : {"lead", "lead-2"}) {
    for (const int person : {1, 2}) RegisterPerson(world, lead, person);
  }
  world->MustSubmit("lead",
                    CreateOperation({OpenSite("s-a", "KY"), OpenSite("s-b", "TN"), OpenSite("s-c", "ND")}, kOperation));
  for (const auto& [agency_id, role, site] :
       std::vector<std::tuple<std::string, v1::Role, std::string>>{{"pa", v1::ROLE_PARTICIPANT, "s-a"},
                                                                   {"pb", v1::ROLE_PARTICIPANT, "s-b"},
                                                                   {"pc", v1::ROLE_PARTICIPANT, "s-c"},
                                                                   {"prosecutor", v1::ROLE_PROSECUTOR, ""},
                                                                   {"observer", v1::ROLE_OBSERVER, ""},
                                                                   {"auditor", v1::ROLE_AUDITOR, ""},
                                                                   {"public-info", v1::ROLE_PUBLIC_INFORMATION, ""},
                                                                   {"watch-desk", v1::ROLE_WATCH_DESK, ""},
                                                                   {"victims", v1::ROLE_VICTIM_SERVICES, ""}}) {
    const Names sites = site.empty() ? Names() : Names{site};
    world->MustSubmit("lead", SetParticipant(agency_id, role, sites, kOperation));
  }
  world->MustSubmit("lead-2", CreateOperation({MakeSite("o-d", "OK")}, kOtherOperation));
  world->MustSubmit("lead-2", SetParticipant("pd", v1::ROLE_PARTICIPANT, {"o-d"}, kOtherOperation));
  world->MustSubmit("lead-2", SetParticipant("desk-2", v1::ROLE_WATCH_DESK, {}, kOtherOperation));
  for (const char* operation : {kOperation, kOtherOperation}) {
    const std::string lead = LeadOf(operation);
    world->MustSubmit(
        lead, PublishPlan({MakeSection("common", "For all.", {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}, operation));
    world->MustSubmit(lead, SetPhase(v1::OPERATION_PHASE_ARMED, operation));
    v1::Submission h_hour;
    h_hour.mutable_set_h_hour()->set_operation_id(operation);
    *h_hour.mutable_set_h_hour()->mutable_h_hour() = ToProto(world->Now() + absl::Minutes(90));
    world->MustSubmit(lead, h_hour);
  }
}

Step RandomStep(std::mt19937_64& random, const std::vector<const Step*>& earlier, size_t number) {
  Step step;
  step.number = number;
  step.salt = random();
  step.kind = static_cast<StepKind>(random() % kStepKinds);
  if (random() % 5 == 0) step.kind = StepKind::kEnterActivity;
  const bool on_earlier = step.kind == StepKind::kAmendActivity || step.kind == StepKind::kCancelActivity ||
                          step.kind == StepKind::kCorrectTally;
  if (on_earlier) {
    const StepKind wanted = step.kind == StepKind::kCorrectTally ? StepKind::kRecordTally : StepKind::kEnterActivity;
    std::vector<const Step*> fitting;
    absl::c_copy_if(earlier, std::back_inserter(fitting), [wanted](const Step* one) { return one->kind == wanted; });
    if (fitting.empty()) {
      step.kind = wanted;
    } else {
      const StepKind kind = step.kind;
      const uint64_t salt = step.salt;
      step = *fitting[random() % fitting.size()];  // The same actor, at the same place.
      step.about = fitting[0];
      for (const Step* one : fitting) {
        if (one->number == step.number) step.about = one;
      }
      step.kind = kind;
      step.salt = salt;
      step.number = number;
      return step;
    }
  }
  if (step.kind == StepKind::kEnterActivity) {
    PlaceActivity(random, &step);
  } else if (step.kind != StepKind::kTime) {
    Place(random, &step);
  }
  return step;
}

bool IsHiddenFrom(const std::string& viewer, const Step& step) {
  if (step.kind == StepKind::kTime || step.kind == StepKind::kTouchConflict || viewer == step.actor) return false;
  if (IsAboutActivity(step.kind)) return IsActivityHidden(viewer, step);
  if (step.actor == kRegistrar) {
    return viewer != step.object && viewer != "lead" && viewer != "lead-2" && viewer != kRegistrar;
  }
  if (!IsIn(viewer, step.operation)) return true;
  // What happens where only the lead and the auditor look.
  if (step.object == "s-hidden" && step.kind != StepKind::kReferral && viewer != "lead" && viewer != "auditor" &&
      viewer != "late-1") {
    return step.kind != StepKind::kRecordTally && step.kind != StepKind::kCorrectTally ? true
                                                                                       : IsTallyHidden(viewer, step);
  }
  switch (step.kind) {
    case StepKind::kAmendPlan:
      return !ReadsSection(viewer, step.object);
    case StepKind::kAcknowledge:
    case StepKind::kJoin:
    case StepKind::kLeave:
      return viewer != "lead" && viewer != "auditor" && viewer != step.object && viewer != "lead-2";
    case StepKind::kRecordTally:
    case StepKind::kCorrectTally:
      return IsTallyHidden(viewer, step);
    case StepKind::kClaim:
      return viewer != "lead" && viewer != "auditor";
    case StepKind::kDraftRelease:
      return viewer != "lead" && viewer != "auditor" && viewer != "public-info";
    case StepKind::kReadinessNotice:
    case StepKind::kCapacity:
    case StepKind::kServiceCounts:
    case StepKind::kReferral:
    case StepKind::kAnswerReferral:
      return IsVictimStepHidden(viewer, step);
    case StepKind::kReportReadiness:
    case StepKind::kSetHHour:
    case StepKind::kWaive:
    case StepKind::kHold:
    case StepKind::kLift:
    case StepKind::kAbortSite:
    case StepKind::kApproveGo:
    case StepKind::kAcknowledgeGo:
      // GO changes the phase, which everyone in the operation may see, so it counts as seen.
      return step.kind != StepKind::kApproveGo && step.kind != StepKind::kSetHHour &&
             (viewer == "observer" || viewer == "late-3" || viewer == "public-info" || viewer == "watch-desk" ||
              viewer == "victims" || viewer == "prosecutor");
    default:
      return false;
  }
}

bool TakeStep(World* world, const Step& step, uint64_t salt, const std::string& viewer) {
  if (step.kind == StepKind::kTime) {
    world->Advance(absl::Minutes(1 + static_cast<int>(salt % 40)));
    return true;
  }
  v1::Submission submission = SubmissionFor(*world, step, salt, viewer);
  // As the caller's own random number, which tells nothing of how much the caller has sent.
  submission.set_submission_id(TestUuid(world->Now(), (step.number << 20) + (salt & 0xfffff)));
  if (step.kind == StepKind::kApproveGo) {
    return world->SubmitAs(PersonOf(step.actor, 1 + static_cast<int>(salt % 2)), submission).has_accepted();
  }
  return world->Submit(step.actor, submission).has_accepted();
}

}  // namespace muster
