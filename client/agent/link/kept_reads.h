// The reads that the daemon keeps fresh for when no broker can be reached: one row of one table each.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_LINK_KEPT_READS_H_
#define MUSTER_CLIENT_AGENT_LINK_KEPT_READS_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "google/protobuf/message.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

struct KeptRead {
  enum class Scope { kAgency, kEachOperation };

  // "muster.v1.PlanService/GetPlan".
  absl::string_view rpc;
  Scope scope;
  // The request's fields besides operation_id, in protobuf's text format; AGENCY stands for our agency's id.
  absl::string_view fields;
  // The notices after which the answer may be another. Empty: any about the operation (or, kAgency, any at all).
  std::vector<muster::v1::Notice::ContentCase> changed_by;

  // Whether one of `arrived` may have changed the answer. Null: everything may have.
  bool ChangedByAny(const std::set<muster::v1::Notice::ContentCase>* arrived) const;
};

const std::vector<KeptRead>& KeptReads();

std::unique_ptr<google::protobuf::Message> RequestOf(const KeptRead& read, const std::string& operation_id,
                                                     const std::string& agency_id);

// An empty response of `rpc`; null when there is no such RPC.
std::unique_ptr<google::protobuf::Message> ResponseOf(absl::string_view rpc);

// Whether `response` is all that `request` could have asked for: not one page of several.
bool IsWhole(const google::protobuf::Message& request, const google::protobuf::Message& response);

// Reads `rpc` whole, all pages of a list as one, each within `within`. The cursor is that of the first page.
//
// Errors: the call's; RESOURCE_EXHAUSTED when there are more than kPagesMax pages.
inline constexpr int kPagesMax = 100;
absl::Status ReadWhole(Connection& connection, absl::string_view rpc, const google::protobuf::Message& request,
                       google::protobuf::Message* response, absl::Duration within);

// Whether the brokers answered that this is not for us to see, now or any more: then no copy is kept either. A post
// that they do not accept at all keeps what it has.
bool IsNotForUs(const absl::Status& status);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_KEPT_READS_H_
