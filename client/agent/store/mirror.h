// The latest answers to reads, for when no broker can be reached.
//
// An answer is known by the RPC and the request without its paging and `read` options; a list is kept whole. It says
// when it was true, and whether deliveries about the same operation have arrived since.
//
// Threading: thread-safe. Errors of the storage as in outbox.h.
#ifndef MUSTER_CLIENT_AGENT_STORE_MIRROR_H_
#define MUSTER_CLIENT_AGENT_STORE_MIRROR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace muster::agent {

class Database;

struct MirrorAnswer {
  std::string key;           // MirrorKey of the request.
  std::string operation_id;  // Of the request; empty for a read that concerns no single one.
  std::string response;      // Encoded.
  absl::Time as_of;
  // Inbox::last_row() before the read was made, or the row of the delivery that it was taken from: deliveries after it
  // may say otherwise.
  uint64_t inbox_row = 0;
};

// `rpc` is "muster.v1.PlanService/GetPlan".
std::string MirrorKey(absl::string_view rpc, const google::protobuf::Message& request);
// The request's operation_id; empty when it has none.
std::string OperationIdOf(const google::protobuf::Message& request);

class Mirror {
 public:
  explicit Mirror(Database* db);  // Not owned; outlives this.

  struct Found {
    std::string response;
    absl::Time as_of;
    // Deliveries about the operation (of a read of no single one: any at all) have arrived since.
    bool superseded = false;
  };

  // Replaces what is kept under the key, unless that has seen more of the feed (inbox_row); times say nothing, since
  // clocks are set. Keeps at most 10,000 answers, the least recently stored go.
  absl::Status Put(const MirrorAnswer& answer);
  // What a broker no longer shows us is not kept: the answer under the key, or all about one operation.
  absl::Status Remove(absl::string_view key);
  absl::Status RemoveOperation(absl::string_view operation_id);
  // Nothing when there is none.
  absl::StatusOr<std::optional<Found>> Get(absl::string_view key) const;

 private:
  Database* const db_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_MIRROR_H_
