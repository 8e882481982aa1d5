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
  collected_.push_back({std::move(agency_ids), notice.SerializeAsString(), notice.operation_id(),
                        TopicOf(notice, operation == nullptr ? "" : operation->lead_agency_id()), std::move(why),
                        secrecy});
}

std::vector<AddressedNotice> Notices::Address(absl::string_view acting_agency_id, bool record_disclosures, Model* model,
                                              Audiences* audiences) && {
  const auto is_shut_out = [model](const std::string& agency_id) {
    const v1::AgencyRecord* record = model->roster.Find(agency_id);
    return record == nullptr || record->standing() != v1::AGENCY_STANDING_ACTIVE;
  };
  std::vector<AddressedNotice> addressed;
  addressed.reserve(collected_.size());
  for (Collected& one : collected_) {
    std::vector<std::string>& readers = one.agency_ids;
    readers.erase(std::remove_if(readers.begin(), readers.end(), is_shut_out), readers.end());
    if (readers.empty()) continue;
    std::vector<storage::v1::DisclosureImage> disclosures;
    if (record_disclosures) disclosures = DisclosuresOf(one.topic, acting_agency_id, readers, at_, one.why);
    const Audiences::Address address = audiences->Next(std::move(readers));
    DisclosureLog& log = LogFor(one.operation_id, one.secrecy, model);
    for (storage::v1::DisclosureImage& disclosure : disclosures) {
      disclosure.set_audience(address.audience);
      log.Add(std::move(disclosure));
    }
    addressed.push_back({address, std::move(one.bytes)});
  }
  return addressed;
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
