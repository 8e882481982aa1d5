#include "tests/noninterference/step_submissions.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_format.h"

#include "absl/strings/str_cat.h"
#include "server/state/queries.h"

namespace muster {
namespace {

using Random = std::mt19937_64;

size_t Pick(Random& random, size_t count) { return static_cast<size_t>(random() % count); }

uint32_t VersionFor(const World& world, const std::string& agency_id, const std::string& operation_id) {
  const OperationRecord& operation = world.operation(operation_id);
  const v1::Participant* self = operation.FindParticipant(agency_id);
  return self == nullptr ? 0 : operation.plan().ReachOf(*self).version;
}

uint32_t EpochOf(const World& world, const std::string& operation_id) {
  const storage::v1::OperationImage image = world.operation(operation_id).ToImage();
  return std::max<uint32_t>(1, image.readiness().h_hour().epoch());
}

std::string RandomKey(Random& random) {
  return absl::StrFormat("%016x%016x%016x%016x", random(), random(), random(), random());
}

std::string Words(Random& random, absl::string_view what) { return absl::StrCat(what, " ", random() % 1000); }

// ---- What each step submits ----------------------------------------------------------------------------------------

// Sections by who may not read them: everyone may read "common"; "secret" is kept from `pa` by name, "only-b" is for
// site s-b, "law" for prosecutors.
v1::Section SectionFor(const std::string& id, Random& random) {
  const std::string body = Words(random, "text");
  if (id == "secret") return MakeSection(id, body, {v1::ROLE_PARTICIPANT}, {}, {"pa"});
  if (id == "only-b") return MakeSection(id, body, {v1::ROLE_PARTICIPANT}, {"s-b"});
  if (id == "law") return MakeSection(id, body, {v1::ROLE_PROSECUTOR});
  return MakeSection(id, body, {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR});
}

v1::Submission Amendment(const World& world, const Step& step, Random& random) {
  const v1::SectionChange change = Pick(random, 2) == 0 ? v1::SECTION_CHANGE_MATERIAL : v1::SECTION_CHANGE_EDITORIAL;
  return AmendPlan(VersionFor(world, step.actor, step.operation), change, {SectionFor(step.object, random)}, {},
                   step.operation);
}

v1::TallyEntry EntryOf(const Step& step, uint64_t id, Random& random) {
  static constexpr v1::TallyCategory kCategories[] = {
      v1::TALLY_CATEGORY_ARREST_BUYER,           v1::TALLY_CATEGORY_ARREST_BUYER,
      v1::TALLY_CATEGORY_ARREST_TRAFFICKER,      v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT,
      v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, v1::TALLY_CATEGORY_SERVICE_OFFERED,
      v1::TALLY_CATEGORY_SERVICE_ACCEPTED};
  v1::TallyEntry entry = MakeEntry(EntryId(id), step.actor, step.object, kCategories[Pick(random, 7)],
                                   static_cast<uint32_t>(Pick(random, 4)));
  if (Pick(random, 3) == 0) entry.clear_occurred_at();
  if (Pick(random, 4) == 0) entry.set_status(v1::TALLY_STATUS_POTENTIAL);
  return entry;
}

v1::Activity ActivityOf(const World& world, const Step& step, const Step& named, Random& random) {
  v1::Activity activity;
  activity.set_activity_id(EntryId(named.number));
  activity.set_kind(static_cast<v1::ActivityKind>(1 + Pick(random, 9)));
  // A few blocks of one town, or somewhere north where each step has a place of its own.
  activity.mutable_center()->set_latitude(step.remote ? 60 + 0.1 * static_cast<double>(named.number)
                                                      : 36.6 + 0.002 * static_cast<double>(Pick(random, 4)));
  activity.mutable_center()->set_longitude(step.remote ? -150 : -87.2);
  activity.set_location_verified(Pick(random, 8) != 0);
  if (Pick(random, 10) != 0) {
    const absl::Time start = world.Now() + absl::Minutes(20 + 20 * static_cast<int>(Pick(random, 10)));
    *activity.mutable_window()->mutable_start() = ToProto(start);
    *activity.mutable_window()->mutable_end() = ToProto(start + absl::Hours(1));
  }
  activity.set_contact_name(Words(random, "Officer"));
  activity.set_contact_phone_24h("+15025550100");
  activity.set_sensitivity(step.sealed ? v1::SENSITIVITY_SEALED : v1::SENSITIVITY_NORMAL);
  activity.set_operation_id(step.operation);
  if (!step.operation.empty()) activity.set_site_id(step.object);
  activity.set_mode(v1::OPERATION_MODE_EXERCISE);
  if (Pick(random, 3) == 0) {
    v1::Target* target = activity.add_targets();
    target->set_kind(v1::TARGET_KIND_PHONE);
    // Remote ones must not meet by their targets either.
    target->set_value(step.remote ? absl::StrCat("+1502", 5550000 + named.number)
                                  : absl::StrCat("+1859555000", Pick(random, 2)));
    activity.set_reasonable_suspicion_reference(Words(random, "case"));
  }
  return activity;
}

// A conflict that the viewer sees, in the order of its list; empty when there is none.
std::string ConflictSeenBy(const World& world, const std::string& viewer, Random& random) {
  const v1::Principal principal = PrincipalOf(viewer);
  const Viewer asking{world.state(), principal, world.Now(), absl::InfiniteFuture()};
  v1::ListConflictsResponse response;
  if (!AnswerQuery(asking, "muster.v1.DeconflictionService/ListConflicts", v1::ListConflictsRequest(), &response)
           .ok() ||
      response.conflicts().empty()) {
    return "";
  }
  const v1::ConflictView& view = response.conflicts(static_cast<int>(Pick(random, response.conflicts().size())));
  return view.has_conflict() ? view.conflict().conflict_id() : view.alert().conflict_id();
}

v1::Submission ConflictStep(const World& world, const std::string& viewer, Random& random) {
  v1::Submission submission;
  const std::string conflict_id = absl::StrCat(ConflictSeenBy(world, viewer, random));
  if (Pick(random, 2) == 0) {
    submission.mutable_advance_conflict()->set_conflict_id(conflict_id);
    submission.mutable_advance_conflict()->set_state(static_cast<v1::ConflictState>(2 + Pick(random, 3)));
    submission.mutable_advance_conflict()->set_text(Words(random, "rang up"));
  } else {
    submission.mutable_resolve_conflict()->set_conflict_id(conflict_id);
    submission.mutable_resolve_conflict()->set_resolution(static_cast<v1::ConflictResolution>(1 + Pick(random, 5)));
    submission.mutable_resolve_conflict()->set_text(Words(random, "agreed"));
  }
  return submission;
}

v1::Submission Readiness(const World& world, const Step& step, Random& random) {
  v1::Submission submission;
  v1::ReportReadiness* report = submission.mutable_report_readiness();
  report->set_operation_id(step.operation);
  report->set_site_id(step.object);
  report->set_epoch(EpochOf(world, step.operation));
  const bool ready = Pick(random, 3) != 0;
  report->set_status(ready ? v1::READINESS_STATUS_READY : v1::READINESS_STATUS_NOT_READY);
  report->set_reason(Words(random, "because"));
  const OperationRecord& operation = world.operation(step.operation);
  if (const v1::Participant* self = operation.FindParticipant(step.actor); ready && self != nullptr) {
    const PlanBook::Reach reach = operation.plan().ReachOf(*self);
    report->set_plan_version(reach.version);
    report->set_plan_content_sha256(reach.content_sha256);
  }
  return submission;
}

template <typename Body>
void SetStop(const World& world, const Step& step, Random& random, Body* body) {
  body->set_operation_id(step.operation);
  body->set_site_id(step.object);
  body->set_epoch(EpochOf(world, step.operation));
  body->set_reason(Words(random, "stop"));
}

v1::Submission Stop(const World& world, const Step& step, Random& random) {
  v1::Submission submission;
  if (step.kind == StepKind::kHold) SetStop(world, step, random, submission.mutable_call_hold());
  if (step.kind == StepKind::kLift) SetStop(world, step, random, submission.mutable_lift_hold());
  if (step.kind == StepKind::kAbortSite) SetStop(world, step, random, submission.mutable_call_abort());
  return submission;
}

v1::Submission Release(const Step& step, Random& random) {
  v1::Submission submission;
  v1::DraftRelease* draft = submission.mutable_draft_release();
  draft->set_operation_id(step.operation);
  draft->set_release_id(absl::StrCat("r-", step.number % 3));
  draft->set_title(Words(random, "Figures"));
  const size_t cells = 1 + Pick(random, 3);
  for (size_t i = 0; i < cells; ++i) draft->add_cells()->set_figure(static_cast<v1::FigureKind>(i + 1));
  return submission;
}

v1::Submission Victims(const World& world, const Step& step, const std::string& viewer, Random& random) {
  v1::Submission submission;
  if (step.kind == StepKind::kReadinessNotice) {
    v1::PublishReadinessNotice* body = submission.mutable_publish_readiness_notice();
    body->set_operation_id(step.operation);
    for (v1::Date* date : {body->mutable_notice()->mutable_earliest(), body->mutable_notice()->mutable_latest()}) {
      date->set_year(2021);
      date->set_month(8);
      date->set_day(27);
    }
    body->mutable_notice()->set_persons_max(static_cast<uint32_t>(Pick(random, 50)));
    body->mutable_notice()->add_states("KY");
  } else if (step.kind == StepKind::kCapacity) {
    submission.mutable_report_capacity()->set_operation_id(step.operation);
    submission.mutable_report_capacity()->mutable_capacity()->set_beds(static_cast<uint32_t>(Pick(random, 50)));
  } else if (step.kind == StepKind::kServiceCounts) {
    submission.mutable_report_service_counts()->set_operation_id(step.operation);
    submission.mutable_report_service_counts()->mutable_counts()->set_offered(static_cast<uint32_t>(Pick(random, 50)));
  } else if (step.kind == StepKind::kReferral) {
    v1::RequestReferral* body = submission.mutable_request_referral();
    body->set_operation_id(step.operation);
    body->set_to_agency_id("victims");
    body->add_needs(static_cast<v1::VictimNeed>(1 + Pick(random, 6)));
  } else {
    v1::AnswerReferral* body = submission.mutable_answer_referral();
    body->set_operation_id(step.operation);
    // Where the viewer asks for referrals itself, one of its own: the others are not the same in both worlds.
    const bool viewer_asks = viewer == "pa" || viewer == "pb" || viewer == "pc";
    std::vector<std::string> tickets;
    const storage::v1::OperationImage image = world.operation(step.operation).ToImage();
    for (const v1::Referral& one : image.victim_services().referrals()) {
      if (!viewer_asks || one.from_agency_id() == viewer) tickets.push_back(one.ticket());
    }
    body->set_ticket(tickets.empty() ? std::string(32, '0') : tickets[Pick(random, tickets.size())]);
    body->set_state(static_cast<v1::ReferralState>(2 + Pick(random, 3)));
  }
  return submission;
}

v1::Submission Claimed(const Step& step, Random& random) {
  v1::Submission submission;
  submission.mutable_record_claim()->set_operation_id(step.operation);
  v1::Claim* claim = submission.mutable_record_claim()->mutable_claim();
  claim->set_claim_id(EntryId(step.number));
  claim->set_figure(static_cast<v1::FigureKind>(1 + Pick(random, 5)));
  claim->set_value(Pick(random, 50));
  claim->set_source(Words(random, "a station"));
  return submission;
}

v1::Submission SiteAdded(const Step& step, Random& random) {
  v1::Site site = MakeSite(step.object, "KY");
  site.set_name(Words(random, "Site"));
  site.set_optional_for_go(true);
  for (const char* agency_id : {"pa", "pb", "pc", "pd"}) site.add_excluded_agency_ids(agency_id);
  return AddSite(site, step.operation);
}

v1::Submission RosterChange(const Step& step, Random& random) {
  const std::string made = absl::StrCat("made-", step.number, "-", Pick(random, 3));
  if (step.kind == StepKind::kRegisterAgency) return RegisterAgency(made, "TX");
  if (step.kind == StepKind::kRevoke) return RevokeCertificate(step.object, RandomKey(random));
  v1::Submission submission;
  submission.mutable_register_operator()->set_agency_id(step.object);
  submission.mutable_register_operator()->mutable_person()->set_operator_id(made);
  submission.mutable_register_operator()->mutable_person()->set_name(Words(random, "Person"));
  submission.mutable_register_operator()->mutable_person()->add_key_sha256s(RandomKey(random));
  return submission;
}

}  // namespace

v1::Submission SubmissionFor(const World& world, const Step& step, uint64_t salt, const std::string& viewer) {
  Random random(salt);
  switch (step.kind) {
    case StepKind::kAmendPlan:
      return Amendment(world, step, random);
    case StepKind::kAcknowledge: {
      const OperationRecord& operation = world.operation(step.operation);
      const v1::Participant* self = operation.FindParticipant(step.actor);
      return AcknowledgePlan(self == nullptr ? v1::PlanView() : operation.plan().ViewFor(*self));
    }
    case StepKind::kRecordTally:
      return RecordTally(EntryOf(step, step.number, random), step.operation);
    case StepKind::kCorrectTally:
      return CorrectTally(EntryId(step.about->number), {EntryOf(step, step.number, random)},
                          Words(random, "miscounted"), step.operation);
    case StepKind::kEnterActivity: {
      v1::Submission submission;
      *submission.mutable_enter_activity()->mutable_activity() = ActivityOf(world, step, step, random);
      submission.mutable_enter_activity()->set_late_entry_reason(Words(random, "late"));
      return submission;
    }
    case StepKind::kAmendActivity: {
      v1::Submission submission;
      *submission.mutable_amend_activity()->mutable_activity() = ActivityOf(world, step, *step.about, random);
      submission.mutable_amend_activity()->set_reason(Words(random, "moved"));
      return submission;
    }
    case StepKind::kCancelActivity: {
      v1::Submission submission;
      submission.mutable_cancel_activity()->set_activity_id(EntryId(step.about->number));
      submission.mutable_cancel_activity()->set_reason(Words(random, "off"));
      return submission;
    }
    case StepKind::kTouchConflict:
      return ConflictStep(world, viewer, random);
    case StepKind::kJoin:
      if (step.object == "late-1") {
        return SetParticipant(step.object, v1::ROLE_PARTICIPANT, {"s-hidden"}, step.operation);
      }
      return SetParticipant(step.object, step.object == "late-2" ? v1::ROLE_VICTIM_SERVICES : v1::ROLE_OBSERVER, {},
                            step.operation);
    case StepKind::kLeave:
      return RemoveParticipant(step.object, step.operation);
    case StepKind::kAddSite:
      return SiteAdded(step, random);
    case StepKind::kReportReadiness:
      return Readiness(world, step, random);
    case StepKind::kSetHHour: {
      v1::Submission submission;
      submission.mutable_set_h_hour()->set_operation_id(step.operation);
      *submission.mutable_set_h_hour()->mutable_h_hour() =
          ToProto(world.Now() + absl::Minutes(5 + static_cast<int>(Pick(random, 60))));
      return submission;
    }
    case StepKind::kWaive: {
      v1::Submission submission;
      SetStop(world, step, random, submission.mutable_waive_readiness());
      submission.mutable_waive_readiness()->set_approver_name(Words(random, "Chief"));
      return submission;
    }
    case StepKind::kHold:
    case StepKind::kLift:
    case StepKind::kAbortSite:
      return Stop(world, step, random);
    case StepKind::kApproveGo: {
      v1::Submission submission;
      submission.mutable_approve_go()->set_operation_id(step.operation);
      submission.mutable_approve_go()->set_epoch(EpochOf(world, step.operation));
      submission.mutable_approve_go()->set_plan_version(VersionFor(world, step.actor, step.operation));
      return submission;
    }
    case StepKind::kAcknowledgeGo: {
      v1::Submission submission;
      submission.mutable_acknowledge_go()->set_operation_id(step.operation);
      submission.mutable_acknowledge_go()->set_site_id(step.object);
      submission.mutable_acknowledge_go()->set_epoch(EpochOf(world, step.operation));
      return submission;
    }
    case StepKind::kClaim:
      return Claimed(step, random);
    case StepKind::kDraftRelease:
      return Release(step, random);
    case StepKind::kRegisterAgency:
    case StepKind::kRegisterOperator:
    case StepKind::kRevoke:
      return RosterChange(step, random);
    case StepKind::kTime:
      return {};
    default:
      return Victims(world, step, viewer, random);
  }
}

}  // namespace muster
