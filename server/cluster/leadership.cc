#include "server/cluster/leadership.h"

#include "common/status_macros.h"

namespace muster {
namespace {

using etcdserverpb::Compare;

void CompareCreated(const std::string& key, int64_t revision, etcdserverpb::TxnRequest* request) {
  Compare* const compare = request->add_compare();
  compare->set_key(key);
  compare->set_target(Compare::CREATE);
  compare->set_result(Compare::EQUAL);
  compare->set_create_revision(revision);
}

}  // namespace

absl::StatusOr<int64_t> Leadership::Campaign(int64_t lease) {
  etcdserverpb::TxnRequest request;
  CompareCreated(LeaderKey(prefix_), 0, &request);
  etcdserverpb::PutRequest* const put = request.add_success()->mutable_request_put();
  put->set_key(LeaderKey(prefix_));
  put->set_value(self_.SerializeAsString());
  put->set_lease(lease);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse response, client_->Txn(request, timeout_));
  return response.succeeded() ? response.header().revision() : 0;
}

int64_t Leadership::TermIn(const ClusterView& view, int64_t lease) const {
  const bool ours = view.leading.has_value() && lease != 0 && view.leading->lease == lease &&
                    view.leading->leader.broker_id() == self_.broker_id();
  return ours ? view.leading->term : 0;
}

absl::Status Leadership::Resign(int64_t term) {
  etcdserverpb::TxnRequest request;
  CompareCreated(LeaderKey(prefix_), term, &request);
  request.add_success()->mutable_request_delete_range()->set_key(LeaderKey(prefix_));
  return client_->Txn(request, timeout_).status();
}

}  // namespace muster
