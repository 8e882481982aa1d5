#include "server/cluster/view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"

namespace muster {
namespace {

std::string MembersPrefix(absl::string_view prefix) { return absl::StrCat(prefix, "/members/"); }
std::string AlivePrefix(absl::string_view prefix) { return absl::StrCat(prefix, "/alive/"); }

void AddRange(const std::string& from, etcdserverpb::TxnRequest* request) {
  etcdserverpb::RangeRequest* const range = request->add_success()->mutable_request_range();
  range->set_key(from);
  if (absl::EndsWith(from, "/")) range->set_range_end(EtcdRangeEnd(from));
}

template <typename Message>
absl::StatusOr<Message> Parse(const etcdserverpb::KeyValue& kv) {
  Message message;
  if (message.ParseFromString(kv.value())) return message;
  return absl::DataLossError(absl::StrCat("what etcd holds under ", kv.key(),
                                          " cannot be read: something else writes there, or a newer musterd did"));
}

}  // namespace

std::string LeaderKey(absl::string_view prefix) { return absl::StrCat(prefix, "/leader"); }
std::string TailKey(absl::string_view prefix) { return absl::StrCat(prefix, "/tail"); }
std::string MemberKey(absl::string_view prefix, absl::string_view broker_id) {
  return absl::StrCat(MembersPrefix(prefix), broker_id);
}
std::string AliveKey(absl::string_view prefix, absl::string_view broker_id) {
  return absl::StrCat(AlivePrefix(prefix), broker_id);
}

absl::StatusOr<ClusterView> ReadView(EtcdClient* client, absl::string_view prefix, absl::Duration within) {
  etcdserverpb::TxnRequest request;
  AddRange(LeaderKey(prefix), &request);
  AddRange(MembersPrefix(prefix), &request);
  AddRange(AlivePrefix(prefix), &request);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse response, client->Txn(request, within));
  if (response.responses_size() != 3) return absl::InternalError("etcd answered a transaction of three with another");
  ClusterView view;
  for (const etcdserverpb::KeyValue& kv : response.responses(0).response_range().kvs()) {
    MUSTER_ASSIGN_OR_RETURN(cluster::v1::Leader leader, Parse<cluster::v1::Leader>(kv));
    view.leading = {std::move(leader), kv.create_revision(), kv.lease()};
  }
  for (const etcdserverpb::KeyValue& kv : response.responses(1).response_range().kvs()) {
    MUSTER_ASSIGN_OR_RETURN(cluster::v1::Member member, Parse<cluster::v1::Member>(kv));
    std::string id = member.broker_id();
    view.members.emplace(std::move(id), std::move(member));
  }
  for (const etcdserverpb::KeyValue& kv : response.responses(2).response_range().kvs()) {
    view.alive.emplace(absl::StripPrefix(kv.key(), AlivePrefix(prefix)), kv.lease());
  }
  return view;
}

uint32_t RulesThatAllKnow(const ClusterView& view, uint32_t own) {
  uint32_t rules = own;
  for (const auto& [id, member] : view.members) rules = std::min(rules, member.rules_version());
  return rules;
}

}  // namespace muster
