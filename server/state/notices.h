// Collects what an event tells whom, while it is being decided; nothing is addressed unless the event is accepted.
#ifndef MUSTER_SERVER_STATE_NOTICES_H_
#define MUSTER_SERVER_STATE_NOTICES_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "muster/v1/submission.pb.h"
#include "server/state/access/topic.h"
#include "server/state/applied.h"
#include "server/state/model.h"

namespace muster {

class Notices {
 public:
  // `at` is borrowed.
  explicit Notices(const google::protobuf::Timestamp& at) : at_(at) {}

  // kSealed: recorded in the disclosure log that is shown to nobody (rule C7).
  enum class Secrecy { kOrdinary, kSealed };

  // The same content for each of `agency_ids`. An empty list tells nobody. `why`: what the disclosure log says beside
  // the rule of the object's class, such as a reasonable-suspicion reference.
  void Tell(std::vector<std::string> agency_ids, v1::Notice notice, std::string why = {},
            Secrecy secrecy = Secrecy::kOrdinary);
  void TellOf(const OperationRecord& operation, std::vector<std::string> agency_ids, v1::Notice notice,
              std::string why = {}, Secrecy secrecy = Secrecy::kOrdinary);

  // An entry's record, which is borrowed for as long as it takes to encode it. To the audience that is known to read
  // it, or to `agency_ids`: then `learn` is called when it is known which audience they are, if there is any of them.
  using Learn = std::function<void(AudienceId)>;
  void TellEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record, AudienceId known);
  void TellEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record,
                 std::vector<std::string> agency_ids, Learn learn);

  // To each participant what `content` makes for it, if anything. Participants for whom it makes the same bytes form
  // one audience, so that equal rights get identical bytes (rule P6).
  using ContentFor = std::function<std::optional<v1::Notice>(const v1::Participant&)>;
  void TellEach(const OperationRecord& operation, const ContentFor& content);

  // Addresses what was collected to those of its readers who are active on the roster as the event leaves it: what is
  // published during a suspension is never delivered to the suspended agency, live or later. What goes to others than
  // its own agency is recorded in the disclosure log. `acting_agency_id` is whose doing it is; empty for time's.
  // Adds to `*addressed`.
  void Address(absl::string_view acting_agency_id, bool record_disclosures, Model* model, Audiences* audiences,
               std::vector<AddressedNotice>* addressed) &&;

 private:
  struct Collected {
    std::vector<std::string> agency_ids;
    std::optional<AudienceId> known;  // Instead of them.
    Learn learn;
    std::string bytes;
    std::string operation_id;
    Topic topic;
    std::string why;
    Secrecy secrecy = Secrecy::kOrdinary;
  };

  // Who is to be told what was collected, which no longer says it then; nothing when that is nobody.
  static std::optional<AudienceId> TakeAudience(Collected* collected, const Roster& roster, Audiences* audiences);

  void Collect(const OperationRecord* operation, std::vector<std::string> agency_ids, v1::Notice notice,
               std::string why, Secrecy secrecy);
  Collected& CollectEntry(const OperationRecord& operation, const v1::TallyEntryRecord& record);

  const google::protobuf::Timestamp& at_;
  absl::InlinedVector<Collected, 1> collected_;
};

// The participants of `operation` for whom `predicate` holds.
std::vector<std::string> ParticipantsWhere(const OperationRecord& operation,
                                           const std::function<bool(const v1::Participant&)>& predicate);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_NOTICES_H_
