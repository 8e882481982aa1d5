#include "server/state/access/topic.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

using v1::Notice;

Topic CorrectionTopic(const v1::TallyCorrection& correction) {
  const std::string& id = correction.entry_id().empty() && !correction.replacements().empty()
                              ? correction.replacements(0).entry().entry_id()
                              : correction.entry_id();
  Topic topic{v1::OBJECT_CLASS_TALLY_ENTRY, id, {}};
  if (!correction.replacements().empty()) {
    topic.from_agency_ids = {correction.replacements(0).entry().primary_agency_id()};
  }
  return topic;
}

}  // namespace

Topic TopicOf(const Notice& notice, absl::string_view lead_agency_id) {
  const std::string lead(lead_agency_id);
  switch (notice.content_case()) {
    case Notice::kAgency:
      return {v1::OBJECT_CLASS_AGENCY, notice.agency().agency().agency_id(), {notice.agency().agency().agency_id()}};
    case Notice::kOperation:
      return {v1::OBJECT_CLASS_OPERATION, notice.operation_id(), {lead}};
    case Notice::kParticipant:
      return {v1::OBJECT_CLASS_OPERATION, notice.participant().participant().agency_id(), {lead}};
    case Notice::kPlan:
      return {v1::OBJECT_CLASS_PLAN, absl::StrCat("v", notice.plan().version()), {lead}};
    case Notice::kAcknowledgement:
      return {v1::OBJECT_CLASS_PLAN,
              absl::StrCat("v", notice.acknowledgement().version()),
              {notice.acknowledgement().agency_id()}};
    case Notice::kTallyEntry:
      return {v1::OBJECT_CLASS_TALLY_ENTRY,
              notice.tally_entry().entry().entry_id(),
              {notice.tally_entry().entry().primary_agency_id()}};
    case Notice::kTallyCorrection:
      return CorrectionTopic(notice.tally_correction());
    case Notice::kDuplicate:
      return {v1::OBJECT_CLASS_TALLY_ENTRY, notice.duplicate().entry_id(), {}};
    case Notice::kClaim:
      return {v1::OBJECT_CLASS_CLAIM, notice.claim().claim().claim_id(), {}};
    case Notice::kActivity:
      return {v1::OBJECT_CLASS_ACTIVITY, notice.activity().activity().activity_id(), {notice.activity().agency_id()}};
    case Notice::kAlert:
      return {v1::OBJECT_CLASS_CONFLICT_ALERT, notice.alert().conflict_id(), {notice.alert().other_agency_id()}};
    case Notice::kConflict: {
      Topic topic{v1::OBJECT_CLASS_CONFLICT_ALERT, notice.conflict().conflict_id(), {}};
      for (const v1::ConflictParty& party : notice.conflict().parties()) {
        topic.from_agency_ids.push_back(party.agency_id());
      }
      return topic;
    }
    case Notice::kReadiness:
      return {v1::OBJECT_CLASS_READINESS, notice.operation_id(), {}};
    case Notice::kEscalation: {
      const v1::Escalation& escalation = notice.escalation();
      if (escalation.conflict_id().empty()) return {v1::OBJECT_CLASS_READINESS, escalation.site_id(), {lead}};
      Topic topic{v1::OBJECT_CLASS_CONFLICT_ALERT, escalation.conflict_id(), {}};
      for (const v1::EscalationContact& contact : escalation.contacts()) {
        topic.from_agency_ids.push_back(contact.agency_id());
      }
      return topic;
    }
    case Notice::kRelease:
      return {v1::OBJECT_CLASS_RELEASE, notice.release().release_id(), {lead}};
    case Notice::kReadinessNotice:
      return {v1::OBJECT_CLASS_READINESS_NOTICE, notice.operation_id(), {lead}};
    case Notice::kCapacity:
      return {v1::OBJECT_CLASS_READINESS_NOTICE, notice.operation_id(), {notice.capacity().agency_id()}};
    case Notice::kServices:
      return {v1::OBJECT_CLASS_VICTIM_COUNT, notice.operation_id(), {notice.services().agency_id()}};
    case Notice::kReferral:
      return {v1::OBJECT_CLASS_VICTIM_COUNT, notice.referral().ticket(), {}};
    case Notice::CONTENT_NOT_SET:
      break;
  }
  return {};
}

absl::InlinedVector<absl::string_view, 2> DisclosedBy(const Topic& topic, absl::string_view acting_agency_id,
                                                      const std::vector<std::string>& readers) {
  absl::InlinedVector<absl::string_view, 2> owners(topic.from_agency_ids.begin(), topic.from_agency_ids.end());
  if (owners.empty()) owners.push_back(acting_agency_id);
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  const auto is_only_reader = [&readers](absl::string_view owner) {
    return readers.empty() || (readers.size() == 1 && readers.front() == owner);
  };
  owners.erase(std::remove_if(owners.begin(), owners.end(), is_only_reader), owners.end());
  return owners;
}

}  // namespace muster
