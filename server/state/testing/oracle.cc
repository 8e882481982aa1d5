#include "server/state/testing/oracle.h"

#include <algorithm>

namespace muster {
namespace {

template <typename List, typename Value>
bool Has(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsOver(const OracleOperation& operation) {
  return operation.phase == v1::OPERATION_PHASE_CLOSED || operation.phase == v1::OPERATION_PHASE_ABORTED;
}

OracleText TextFor(const std::map<std::string, v1::Section>& sections, const v1::Participant& viewer) {
  OracleText text;
  for (const auto& [id, section] : sections) {
    const v1::Audience& audience = section.audience();
    const bool is_lead = viewer.role() == v1::ROLE_LEAD;
    if (!is_lead && Has(audience.excluded_agency_ids(), viewer.agency_id())) continue;
    bool at_site = audience.site_ids().empty();
    for (const std::string& site : audience.site_ids()) at_site = at_site || Has(viewer.site_ids(), site);
    const bool titles_only = viewer.role() == v1::ROLE_OBSERVER || viewer.role() == v1::ROLE_AUDITOR;
    const bool reader = (viewer.role() == v1::ROLE_PARTICIPANT || viewer.role() == v1::ROLE_PROSECUTOR) &&
                        Has(audience.roles(), viewer.role()) && at_site;
    if (is_lead || reader) {
      text[id] = {section.title(), "body: " + section.body()};
    } else if (titles_only && audience.site_ids().empty()) {
      text[id] = {section.title(), "title only"};
    }
  }
  return text;
}

}  // namespace

OracleReading OracleOperation::ReadBy(const v1::Participant& viewer) const {
  OracleReading reading;
  for (size_t i = 0; i < plan.size(); ++i) {
    const OracleText now = TextFor(plan[i], viewer);
    std::set<std::string> changed;
    bool sees_more = false;
    for (const auto& [id, text] : now) {
      if (reading.text.count(id) == 0 || reading.text.at(id) != text) changed.insert(id);
      sees_more |= reading.text.count(id) == 0;
    }
    for (const auto& [id, text] : reading.text) {
      if (now.count(id) == 0) changed.insert(id);
    }
    reading.text = now;
    if (changed.empty() && viewer.role() != v1::ROLE_LEAD) continue;
    ++reading.version;
    if (sees_more) reading.last_material = reading.version;
    for (const std::string& id : changed) {
      if (material[i].count(id) != 0) reading.last_material = reading.version;
    }
  }
  return reading;
}

v1::AcknowledgementStatus OracleOperation::StandingOf(const v1::Participant& viewer) const {
  const OracleReading reading = ReadBy(viewer);
  if (reading.version == 0) return v1::ACKNOWLEDGEMENT_STATUS_UNSPECIFIED;
  const auto answer = answers.find(viewer.agency_id());
  if (answer == answers.end() || answer->second.version < reading.last_material) {
    return v1::ACKNOWLEDGEMENT_STATUS_DELIVERED;
  }
  return answer->second.rejected ? v1::ACKNOWLEDGEMENT_STATUS_REJECTED : v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED;
}

const OracleCorrection* OracleOperation::EffectiveCorrection(const std::string& entry_id) const {
  const auto made = corrections.find(entry_id);
  const auto entry = entries.find(entry_id);
  if (made == corrections.end() || entry == entries.end()) return nullptr;
  const OracleCorrection* effective = nullptr;
  for (const OracleCorrection& correction : made->second) {
    const bool entitled = correction.author == lead || correction.author == entry->second.primary_agency_id() ||
                          correction.author == filed_by.at(entry_id);
    if (entitled && (effective == nullptr || correction.author < effective->author)) effective = &correction;
  }
  return effective;
}

uint64_t OracleOperation::Sum(const std::string& viewer, const std::set<int>& categories) const {
  uint64_t sum = 0;
  for (const auto& [id, entry] : entries) {
    const bool sees = viewer == lead || entry.primary_agency_id() == viewer || filed_by.at(id) == viewer;
    if (sees && entry.status() == v1::TALLY_STATUS_CONFIRMED && categories.count(entry.category()) != 0 &&
        EffectiveCorrection(id) == nullptr) {
      sum += entry.count();
    }
  }
  return sum;
}

bool Oracle::Submit(const v1::Principal& principal, const v1::Submission& submission, bool hash_is_right) {
  v1::Submission body = submission;
  body.clear_submission_id();
  const std::pair<std::string, std::string> key = {principal.agency_id(), submission.submission_id()};
  if (const auto before = decided_.find(key); before != decided_.end()) {
    return before->second.first == body.SerializeAsString() && before->second.second;
  }
  const bool accepted = Decide(principal, submission, hash_is_right);
  decided_[key] = {body.SerializeAsString(), accepted};
  return accepted;
}

bool Oracle::Decide(const v1::Principal& principal, const v1::Submission& submission, bool hash_is_right) {
  const std::string& self = principal.agency_id();
  const auto caller = agencies_.find(self);
  if (caller == agencies_.end() || caller->second.suspended ||
      caller->second.revoked.count(principal.key_sha256()) != 0) {
    return false;
  }
  switch (submission.body_case()) {
    case v1::Submission::kRegisterAgency:
      return caller->second.registrar && Register(submission.register_agency().agency());
    case v1::Submission::kRevokeCertificate: {
      const v1::RevokeCertificate& revocation = submission.revoke_certificate();
      if (!caller->second.registrar && self != revocation.agency_id()) return false;
      if (agencies_.count(revocation.agency_id()) == 0) return false;
      agencies_[revocation.agency_id()].revoked.insert(revocation.key_sha256());
      return true;
    }
    case v1::Submission::kSetAgencyStanding:
      return caller->second.registrar && SetStanding(submission.set_agency_standing());
    case v1::Submission::kCreateOperation: {
      const v1::CreateOperation& creation = submission.create_operation();
      const std::string& id = creation.operation().operation_id();
      if (!caller->second.may_lead || operations_.count(id) != 0) return false;
      OracleOperation& created = operations_[id];
      created.lead = self;
      created.participants[self].set_agency_id(self);
      created.participants[self].set_role(v1::ROLE_LEAD);
      for (const v1::Site& site : creation.sites()) created.sites[site.site_id()] = site.state();
      return true;
    }
    case v1::Submission::kAddSite: {
      OracleOperation* operation = OperationFor(self, submission.add_site().operation_id(), {v1::ROLE_LEAD});
      const v1::Site& site = submission.add_site().site();
      return operation != nullptr && !IsOver(*operation) &&
             operation->sites.emplace(site.site_id(), site.state()).second;
    }
    case v1::Submission::kSetParticipant:
      return SetParticipant(self, submission.set_participant());
    case v1::Submission::kRemoveParticipant: {
      const v1::RemoveParticipant& removal = submission.remove_participant();
      OracleOperation* operation = OperationFor(self, removal.operation_id(), {v1::ROLE_LEAD});
      if (operation == nullptr || IsOver(*operation) || removal.agency_id() == operation->lead) return false;
      operation->answers.erase(removal.agency_id());
      return operation->participants.erase(removal.agency_id()) == 1;
    }
    case v1::Submission::kSetOperationPhase: {
      const v1::SetOperationPhase& change = submission.set_operation_phase();
      OracleOperation* operation = OperationFor(self, change.operation_id(), {v1::ROLE_LEAD});
      return operation != nullptr && SetPhase(operation, change.phase());
    }
    case v1::Submission::kPublishPlan: {
      const v1::PublishPlan& plan = submission.publish_plan();
      OracleOperation* operation = OperationFor(self, plan.operation_id(), {v1::ROLE_LEAD});
      if (operation == nullptr || IsOver(*operation) || !operation->plan.empty()) return false;
      v1::AmendPlan first;
      for (const v1::Section& section : plan.sections()) *first.add_amendments()->mutable_section() = section;
      return Amend(operation, first);
    }
    case v1::Submission::kAmendPlan: {
      const v1::AmendPlan& amendment = submission.amend_plan();
      OracleOperation* operation = OperationFor(self, amendment.operation_id(), {v1::ROLE_LEAD});
      if (operation == nullptr || IsOver(*operation) || operation->plan.empty()) return false;
      return amendment.base_version() == operation->plan.size() && Amend(operation, amendment);
    }
    case v1::Submission::kWithdrawPlan: {
      const v1::WithdrawPlan& withdrawal = submission.withdraw_plan();
      OracleOperation* operation = OperationFor(self, withdrawal.operation_id(), {v1::ROLE_LEAD});
      if (operation == nullptr || IsOver(*operation) || operation->plan.empty() || operation->withdrawn) return false;
      if (withdrawal.base_version() != operation->plan.size()) return false;
      operation->withdrawn = true;
      operation->answers.clear();
      return true;
    }
    case v1::Submission::kAcknowledgePlan:
      return Acknowledge(self, submission.acknowledge_plan(), hash_is_right);
    case v1::Submission::kRecordTally:
      return Record(self, submission.record_tally());
    case v1::Submission::kCorrectTally:
      return Correct(self, submission.correct_tally());
    default:  // The other concepts have oracles and tests of their own; nobody sends them here.
      break;
  }
  return false;
}

bool Oracle::HasOtherRegistrar(const std::string& agency_id) const {
  for (const auto& [id, agency] : agencies_) {
    if (id != agency_id && agency.registrar && !agency.suspended) return true;
  }
  return false;
}

OracleOperation* Oracle::OperationFor(const std::string& agency_id, const std::string& operation_id,
                                      const std::set<v1::Role>& roles) {
  const auto operation = operations_.find(operation_id);
  if (operation == operations_.end()) return nullptr;
  const auto self = operation->second.participants.find(agency_id);
  if (self == operation->second.participants.end() || roles.count(self->second.role()) == 0) return nullptr;
  return &operation->second;
}

bool Oracle::Register(const v1::Agency& agency) {
  const auto before = agencies_.find(agency.agency_id());
  const bool was_registrar = before != agencies_.end() && before->second.registrar && !before->second.suspended;
  if (was_registrar && !agency.registrar() && !HasOtherRegistrar(agency.agency_id())) return false;
  agencies_[agency.agency_id()].may_lead = agency.may_lead();
  agencies_[agency.agency_id()].registrar = agency.registrar();
  return true;
}

bool Oracle::SetStanding(const v1::SetAgencyStanding& change) {
  const auto agency = agencies_.find(change.agency_id());
  if (agency == agencies_.end()) return false;
  const bool suspend = change.standing() == v1::AGENCY_STANDING_SUSPENDED;
  if (suspend && !agency->second.suspended && agency->second.registrar && !HasOtherRegistrar(change.agency_id())) {
    return false;
  }
  agency->second.suspended = suspend;
  return true;
}

bool Oracle::SetParticipant(const std::string& self, const v1::SetParticipant& change) {
  OracleOperation* operation = OperationFor(self, change.operation_id(), {v1::ROLE_LEAD});
  const v1::Participant& joining = change.participant();
  if (operation == nullptr || IsOver(*operation) || agencies_.count(joining.agency_id()) == 0 ||
      joining.agency_id() == operation->lead) {
    return false;
  }
  for (const std::string& site : joining.site_ids()) {
    if (operation->sites.count(site) == 0) return false;
  }
  const auto before = operation->participants.find(joining.agency_id());
  if (before != operation->participants.end()) {
    const OracleReading was = operation->ReadBy(before->second);
    const OracleReading is = operation->ReadBy(joining);
    if (was.version != is.version || was.text != is.text) operation->answers.erase(joining.agency_id());
  }
  operation->participants[joining.agency_id()] = joining;
  return true;
}

bool Oracle::SetPhase(OracleOperation* operation, v1::OperationPhase phase) {
  static const std::map<v1::OperationPhase, std::set<v1::OperationPhase>> kSteps = {
      {v1::OPERATION_PHASE_PLANNING, {v1::OPERATION_PHASE_ARMED, v1::OPERATION_PHASE_ABORTED}},
      {v1::OPERATION_PHASE_ARMED, {v1::OPERATION_PHASE_EXECUTING, v1::OPERATION_PHASE_ABORTED}},
      {v1::OPERATION_PHASE_EXECUTING, {v1::OPERATION_PHASE_REPORTING, v1::OPERATION_PHASE_ABORTED}},
      {v1::OPERATION_PHASE_REPORTING, {v1::OPERATION_PHASE_CLOSED, v1::OPERATION_PHASE_ABORTED}},
      {v1::OPERATION_PHASE_CLOSED, {}},
      {v1::OPERATION_PHASE_ABORTED, {}}};
  if (kSteps.at(operation->phase).count(phase) == 0) return false;
  const bool on_the_plan = phase == v1::OPERATION_PHASE_ARMED || phase == v1::OPERATION_PHASE_EXECUTING;
  if (on_the_plan && (operation->plan.empty() || operation->withdrawn)) return false;
  operation->phase = phase;
  return true;
}

bool Oracle::Amend(OracleOperation* operation, const v1::AmendPlan& amendment) {
  std::map<std::string, v1::Section> next;
  if (!operation->plan.empty()) next = operation->plan.back();
  std::set<std::string> material;
  for (const v1::SectionRemoval& removal : amendment.removals()) {
    if (next.erase(removal.section_id()) == 0) return false;
    if (removal.change() != v1::SECTION_CHANGE_EDITORIAL) material.insert(removal.section_id());
  }
  for (const v1::SectionAmendment& amended : amendment.amendments()) {
    for (const std::string& site : amended.section().audience().site_ids()) {
      if (operation->sites.count(site) == 0) return false;
    }
    next[amended.section().section_id()] = amended.section();
    if (amended.change() != v1::SECTION_CHANGE_EDITORIAL) material.insert(amended.section().section_id());
  }
  operation->plan.push_back(next);
  operation->material.push_back(material);
  operation->withdrawn = false;
  return true;
}

bool Oracle::Acknowledge(const std::string& self, const v1::AcknowledgePlan& acknowledgement, bool hash_is_right) {
  OracleOperation* operation =
      OperationFor(self, acknowledgement.operation_id(), {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR});
  if (operation == nullptr || IsOver(*operation) || operation->withdrawn) return false;
  const OracleReading reading = operation->ReadBy(operation->participants.at(self));
  if (reading.version == 0 || acknowledgement.version() != reading.version || !hash_is_right) return false;
  operation->answers[self] = {reading.version, !acknowledgement.rejection_reason().empty()};
  return true;
}

namespace {

bool MayFile(const OracleOperation& operation, const std::string& self, const v1::TallyEntry& entry) {
  if (self == operation.lead) {
    return operation.sites.count(entry.site_id()) != 0 && operation.participants.count(entry.primary_agency_id()) != 0;
  }
  return Has(operation.participants.at(self).site_ids(), entry.site_id()) && entry.primary_agency_id() == self;
}

bool IsTaken(const OracleOperation& operation, const v1::TallyEntry& entry) {
  const auto existing = operation.entries.find(entry.entry_id());
  return existing != operation.entries.end() && existing->second.SerializeAsString() != entry.SerializeAsString();
}

}  // namespace

bool Oracle::Record(const std::string& self, const v1::RecordTally& record) {
  OracleOperation* operation = OperationFor(self, record.operation_id(), {v1::ROLE_LEAD, v1::ROLE_PARTICIPANT});
  if (operation == nullptr || operation->phase == v1::OPERATION_PHASE_PLANNING ||
      operation->phase == v1::OPERATION_PHASE_CLOSED) {
    return false;
  }
  if (!MayFile(*operation, self, record.entry()) || IsTaken(*operation, record.entry())) return false;
  operation->entries.emplace(record.entry().entry_id(), record.entry());
  operation->filed_by.emplace(record.entry().entry_id(), self);
  return true;
}

bool Oracle::Correct(const std::string& self, const v1::CorrectTally& correction) {
  OracleOperation* operation = OperationFor(self, correction.operation_id(), {v1::ROLE_LEAD, v1::ROLE_PARTICIPANT});
  if (operation == nullptr || operation->phase == v1::OPERATION_PHASE_PLANNING) return false;
  const std::string& target = correction.entry_id();
  const auto entry = operation->entries.find(target);
  const bool sees =
      entry != operation->entries.end() &&
      (self == operation->lead || self == entry->second.primary_agency_id() || self == operation->filed_by.at(target));
  OracleCorrection made{self, correction.reason(), {}};
  for (const v1::TallyEntry& replacement : correction.replacements()) {
    if (!MayFile(*operation, self, replacement) || IsTaken(*operation, replacement)) return false;
    if (sees && replacement.primary_agency_id() != entry->second.primary_agency_id()) return false;
    made.replacements[replacement.entry_id()] = replacement;
  }
  const OracleCorrection* standing = sees ? operation->EffectiveCorrection(target) : nullptr;
  for (const OracleCorrection& earlier : operation->corrections[target]) {
    if (!sees && earlier.author == self) standing = &earlier;
  }
  if (standing != nullptr) {
    bool same = standing->author == self && standing->reason == made.reason &&
                standing->replacements.size() == made.replacements.size();
    for (const auto& [id, replacement] : made.replacements) same = same && standing->replacements.count(id) != 0;
    return same;
  }
  if (!sees && !made.replacements.empty()) {
    const std::string& booked_by = made.replacements.begin()->second.primary_agency_id();
    for (const OracleCorrection& earlier : operation->corrections[target]) {
      for (const auto& [id, replacement] : earlier.replacements) {
        if (replacement.primary_agency_id() == booked_by) return false;
      }
    }
  }
  for (const auto& [id, replacement] : made.replacements) {
    operation->entries.emplace(id, replacement);
    operation->filed_by.emplace(id, self);
  }
  operation->corrections[target].push_back(made);
  return true;
}

}  // namespace muster
