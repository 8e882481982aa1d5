// Collects what an event tells whom, while it is being decided; nothing is addressed unless the event is accepted.
#ifndef MUSTER_SERVER_STATE_NOTICES_H_
#define MUSTER_SERVER_STATE_NOTICES_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/v1/submission.pb.h"
#include "server/state/applied.h"
#include "server/state/operation_record.h"
#include "server/state/roster.h"

namespace muster {

class Notices {
 public:
  explicit Notices(const google::protobuf::Timestamp& at) : at_(at) {}

  // The same content for each of `agency_ids`. An empty list tells nobody.
  void Tell(std::vector<std::string> agency_ids, v1::Notice notice);
  void TellOf(const OperationRecord& operation, std::vector<std::string> agency_ids, v1::Notice notice);

  // To each participant what `content` makes for it, if anything. Participants for whom it makes the same bytes form
  // one audience, so that equal rights get identical bytes (rule P6).
  using ContentFor = std::function<std::optional<v1::Notice>(const v1::Participant&)>;
  void TellEach(const OperationRecord& operation, const ContentFor& content);

  // Addresses what was collected to those of its readers who are active on `roster` as the event leaves it: what is
  // published during a suspension is never delivered to the suspended agency, live or later.
  std::vector<AddressedNotice> Address(const Roster& roster, Audiences* audiences) &&;

 private:
  std::string Encode(v1::Notice notice, const OperationRecord* operation) const;

  google::protobuf::Timestamp at_;
  std::vector<std::pair<std::vector<std::string>, std::string>> collected_;  // Agencies, encoded notice.
};

// The participants of `operation` for whom `predicate` holds.
std::vector<std::string> ParticipantsWhere(const OperationRecord& operation,
                                           const std::function<bool(const v1::Participant&)>& predicate);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_NOTICES_H_
