#include "server/state/notices.h"

#include <algorithm>
#include <map>

namespace muster {
namespace {

void Stamp(const google::protobuf::Timestamp& at, const OperationRecord* operation, v1::Notice* notice) {
  *notice->mutable_at() = at;
  if (operation == nullptr) return;
  notice->set_operation_id(operation->id());
  notice->set_mode(operation->operation().mode());
}

DisclosureLog& LogFor(const std::string& operation_id, Notices::Secrecy secrecy, Model* model) {
  if (secrecy == Notices::Secrecy::kSealed) return model->sealed_disclosures;
  const auto operation = model->operations.find(operation_id);
  return operation == model->operations.end() ? model->disclosures : operation->second.disclosures();
}

}  // namespace

void Notices::Tell(std::vector<std::string> agency_ids, v1::Notice notice, std::string why, Secrecy secrecy) {
  Collect(nullptr, std::move(agency_ids), std::move(notice), std::move(why), secrecy);
}

void Notices::TellOf(const OperationRecord& operation, std::vector<std::string> agency_ids, v1::Notice notice,
                     std::string why, Secrecy secrecy) {
  Collect(&operation, std::move(agency_ids), std::move(notice), std::move(why), secrecy);
}

void Notices::TellEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record, AudienceId known) {
  CollectEntry(operation, record).known = known;
}

void Notices::TellEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record,
                        std::vector<std::string> agency_ids, Learn learn) {
  if (agency_ids.empty()) return;
  Collected& collected = CollectEntry(operation, record);
  collected.agency_ids = std::move(agency_ids);
  collected.learn = std::move(learn);
}

void Notices::TellEach(const OperationRecord& operation, const ContentFor& content) {
  std::map<std::string, std::pair<std::vector<std::string>, v1::Notice>> readers_by_bytes;
  for (const auto& [agency_id, participant] : operation.participants()) {
    std::optional<v1::Notice> notice = content(participant);
    if (!notice.has_value()) continue;
    auto& readers = readers_by_bytes[notice->SerializeAsString()];
    readers.first.push_back(agency_id);
    readers.second = *std::move(notice);
  }
  for (auto& [bytes, readers] : readers_by_bytes) {
    Collect(&operation, std::move(readers.first), std::move(readers.second), {}, Secrecy::kOrdinary);
  }
}

void Notices::Collect(const OperationRecord* operation, std::vector<std::string> agency_ids, v1::Notice notice,
                      std::string why, Secrecy secrecy) {
  if (agency_ids.empty()) return;
  Stamp(at_, operation, &notice);
  Collected& collected = collected_.emplace_back();
  collected.agency_ids = std::move(agency_ids);
  collected.bytes = notice.SerializeAsString();
  collected.operation_id = notice.operation_id();
  collected.topic = TopicOf(notice, operation == nullptr ? "" : operation->lead_agency_id());
  collected.why = std::move(why);
  collected.secrecy = secrecy;
}

Notices::Collected& Notices::CollectEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record) {
  v1::Notice notice;
  notice.set_operation_id(operation.id());
  notice.set_mode(operation.operation().mode());
  // Lent to the notice and taken back, which saves copying them: neither encoding nor TopicOf changes them.
  notice.unsafe_arena_set_allocated_at(const_cast<google::protobuf::Timestamp*>(&at_));
  notice.unsafe_arena_set_allocated_tally_entry(const_cast<v1::TallyEntryRecord*>(&record));
  Collected& collected = collected_.emplace_back();
  collected.bytes = notice.SerializeAsString();
  collected.operation_id = operation.id();
  collected.topic = TopicOf(notice, operation.lead_agency_id());
  notice.unsafe_arena_release_tally_entry();
  notice.unsafe_arena_release_at();
  return collected;
}

std::optional<AudienceId> Notices::TakeAudience(Collected* collected, const Roster& roster, Audiences* audiences) {
  if (collected->known.has_value()) return collected->known;
  const auto is_shut_out = [&roster](const std::string& agency_id) {
    const v1::AgencyRecord* record = roster.Find(agency_id);
    return record == nullptr || record->standing() != v1::AGENCY_STANDING_ACTIVE;
  };
  std::vector<std::string>& readers = collected->agency_ids;
  readers.erase(std::remove_if(readers.begin(), readers.end(), is_shut_out), readers.end());
  if (readers.empty()) return std::nullopt;
  const AudienceId audience = audiences->IdOf(std::move(readers));
  if (collected->learn) collected->learn(audience);
  return audience;
}

void Notices::Address(absl::string_view acting_agency_id, bool record_disclosures, Model* model, Audiences* audiences,
                      std::vector<AddressedNotice>* addressed) && {
  addressed->reserve(addressed->size() + collected_.size());
  for (Collected& one : collected_) {
    const std::optional<AudienceId> audience = TakeAudience(&one, model->roster, audiences);
    if (!audience.has_value()) continue;
    if (record_disclosures) {
      DisclosureLog& log = LogFor(one.operation_id, one.secrecy, model);
      for (const absl::string_view owner : DisclosedBy(one.topic, acting_agency_id, audiences->Members(*audience))) {
        log.Add({at_, owner, *audience, one.topic.object_class, one.topic.object_id, one.why});
      }
    }
    addressed->push_back({audiences->Next(*audience), std::move(one.bytes)});
  }
}

std::vector<std::string> ParticipantsWhere(const OperationRecord& operation,
                                           const std::function<bool(const v1::Participant&)>& predicate) {
  std::vector<std::string> agency_ids;
  for (const auto& [agency_id, participant] : operation.participants()) {
    if (predicate(participant)) agency_ids.push_back(agency_id);
  }
  return agency_ids;
}

}  // namespace muster
