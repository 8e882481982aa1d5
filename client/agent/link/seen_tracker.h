// "Seen by n of m": who has acknowledged the plans and GOs that this command post sent.
//
// A plan: of the operation's participants that are to read it, how many have acknowledged it. GO: of the agencies at
// the sites, how many have said that they have it. Told for the latest accepted plan of an operation and for the GO of
// the board's epoch; what an older one had been seen by stays with it.
//
// Threading: not thread-safe; the refresher's thread.
#ifndef MUSTER_CLIENT_AGENT_LINK_SEEN_TRACKER_H_
#define MUSTER_CLIENT_AGENT_LINK_SEEN_TRACKER_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "client/agent/store/outbox.h"
#include "common/clock.h"
#include "google/protobuf/message.h"
#include "muster/v1/plan.pb.h"
#include "muster/v1/readiness.pb.h"

namespace muster::agent {

class SeenTracker {
 public:
  SeenTracker(Outbox* outbox, const Clock* clock);  // Not owned; outlive this.

  // Takes what an answer says of `operation_id`; answers of other kinds than the two below say nothing.
  absl::Status Take(const std::string& operation_id, const google::protobuf::Message& answer);

 private:
  struct Sent {
    uint64_t number = 0;  // 0: none.
    uint32_t version = 0;
    uint32_t epoch = 0;
    v1::SeenBy noted;
  };
  struct Operation {
    Sent plan;
    Sent go;
  };

  // Learns of items that have been accepted since.
  absl::Status Look();
  absl::Status LookAt(const v1::OutboxItem& item);
  absl::Status TakeAcknowledgements(const muster::v1::ListAcknowledgementsResponse& answer, Sent* plan);
  absl::Status TakeBoard(const muster::v1::ReadinessBoard& board, Sent* go);
  absl::Status Note(uint32_t seen, uint32_t of, Sent* sent);

  Outbox* const outbox_;
  const Clock* const clock_;
  // Every item up to here is settled and has been looked at.
  uint64_t looked_through_ = 0;
  std::map<std::string, Operation> operations_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_SEEN_TRACKER_H_
