#include "server/state/notices.h"

#include <algorithm>
#include <map>

namespace muster {

void Notices::Tell(std::vector<std::string> agency_ids, v1::Notice notice) {
  if (!agency_ids.empty()) collected_.emplace_back(std::move(agency_ids), Encode(std::move(notice), nullptr));
}

void Notices::TellOf(const OperationRecord& operation, std::vector<std::string> agency_ids, v1::Notice notice) {
  if (!agency_ids.empty()) collected_.emplace_back(std::move(agency_ids), Encode(std::move(notice), &operation));
}

void Notices::TellEach(const OperationRecord& operation, const ContentFor& content) {
  std::map<std::string, std::vector<std::string>> readers_by_bytes;
  for (const auto& [agency_id, participant] : operation.participants()) {
    if (std::optional<v1::Notice> notice = content(participant)) {
      readers_by_bytes[Encode(*std::move(notice), &operation)].push_back(agency_id);
    }
  }
  for (auto& [bytes, agency_ids] : readers_by_bytes) collected_.emplace_back(std::move(agency_ids), bytes);
}

std::vector<AddressedNotice> Notices::Address(const Roster& roster, Audiences* audiences) && {
  const auto is_shut_out = [&roster](const std::string& agency_id) {
    const v1::AgencyRecord* record = roster.Find(agency_id);
    return record == nullptr || record->standing() != v1::AGENCY_STANDING_ACTIVE;
  };
  std::vector<AddressedNotice> addressed;
  addressed.reserve(collected_.size());
  for (auto& [agency_ids, bytes] : collected_) {
    agency_ids.erase(std::remove_if(agency_ids.begin(), agency_ids.end(), is_shut_out), agency_ids.end());
    if (agency_ids.empty()) continue;
    addressed.push_back({audiences->Next(std::move(agency_ids)), std::move(bytes)});
  }
  return addressed;
}

std::string Notices::Encode(v1::Notice notice, const OperationRecord* operation) const {
  *notice.mutable_at() = at_;
  if (operation != nullptr) {
    notice.set_operation_id(operation->id());
    notice.set_mode(operation->operation().mode());
  }
  return notice.SerializeAsString();
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
