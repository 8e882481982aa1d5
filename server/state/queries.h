// Every read of the protocol, answered from the state: one function per RPC, beside the concept that it reads.
//
// The broker's RPC floor and the tests of need-to-know ask the same functions: what is tested is what is served.
//
// Threading: pure functions of the state, which the caller holds still.
#ifndef MUSTER_SERVER_STATE_QUERIES_H_
#define MUSTER_SERVER_STATE_QUERIES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/outcome.pb.h"
#include "server/state/state.h"

namespace muster {

// Who is connected now. Thread-safe.
class PresenceSource {
 public:
  virtual ~PresenceSource() = default;
  // Of an agency that was never heard, its id and nothing else.
  virtual v1::Presence Of(absl::string_view agency_id) const = 0;
  // Since when what Of says has been counted.
  virtual absl::Time counted_since() const = 0;
};

// Who asks, and of what.
struct Viewer {
  const State& state;
  const v1::Principal& principal;
  // The broker's clock, the end of the caller's certificate and who else is connected: what only connections know.
  absl::Time now;
  absl::Time certificate_not_after;
  const PresenceSource* presence = nullptr;  // Null: nobody is connected to this state.

  const std::string& agency_id() const { return principal.agency_id(); }
  // The operation that the policy table has found the caller to take part in, and its place in it.
  const OperationRecord& Operation(absl::string_view operation_id) const { return *state.FindOperation(operation_id); }
  const v1::Participant& Self(const OperationRecord& operation) const {
    return *operation.FindParticipant(agency_id());
  }
};

// The reads there are, by "muster.v1.PlanService/GetPlan".
class QueryTable {
 public:
  using Answer =
      std::function<absl::Status(const Viewer&, const google::protobuf::Message&, google::protobuf::Message*)>;
  struct Query {
    const google::protobuf::Message* request;  // Prototypes.
    const google::protobuf::Message* response;
    Answer answer;
  };

  template <typename Request, typename Response>
  void Add(absl::string_view rpc, absl::Status (*answer)(const Viewer&, const Request&, Response*)) {
    queries_.emplace(rpc, Query{&Request::default_instance(), &Response::default_instance(),
                                [answer](const Viewer& viewer, const google::protobuf::Message& request,
                                         google::protobuf::Message* response) {
                                  return answer(viewer, static_cast<const Request&>(request),
                                                static_cast<Response*>(response));
                                }});
  }

  // Null when there is none of that name.
  const Query* Find(absl::string_view rpc) const;
  const std::map<std::string, Query, std::less<>>& queries() const { return queries_; }

 private:
  std::map<std::string, Query, std::less<>> queries_;
};

// All of them; made once.
const QueryTable& Queries();

// A whole read: authorizes the caller for `rpc`, validates `request`, refuses (BEHIND_CURSOR) when the state has not
// reached read.at_least_cursor, answers, and sets the response's cursor. `response` is of the query's type.
absl::Status AnswerQuery(const Viewer& viewer, absl::string_view rpc, const google::protobuf::Message& request,
                         google::protobuf::Message* response);

// Each concept adds its own; defined in the folder of its name.
void AddAgencyQueries(QueryTable* table);
void AddOperationQueries(QueryTable* table);
void AddPlanQueries(QueryTable* table);
void AddTallyQueries(QueryTable* table);
void AddClaimQueries(QueryTable* table);
void AddActivityQueries(QueryTable* table);
void AddReadinessQueries(QueryTable* table);
void AddReleaseQueries(QueryTable* table);
void AddVictimQueries(QueryTable* table);
void AddAccessQueries(QueryTable* table);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_QUERIES_H_
