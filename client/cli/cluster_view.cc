#include "client/cli/cluster_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/answer_age.h"
#include "client/cli/text.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

using cluster::v1::BrokerStatus;
using cluster::v1::ClusterStatus;
using cluster::v1::EtcdMemberStatus;

std::string Mebibytes(int64_t bytes) {
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / static_cast<double>(1 << 20));
}

std::string ShareOf(int64_t bytes, int64_t quota_bytes) {
  if (quota_bytes <= 0) return "";
  return absl::StrFormat("%.0f%%", 100 * static_cast<double>(bytes) / static_cast<double>(quota_bytes));
}

std::string StateOf(const BrokerStatus& broker) {
  if (!broker.alive()) return "GONE";
  const absl::string_view state = broker.leads() ? "leads" : "follows";
  return absl::StrCat(state, broker.draining() ? ", draining" : "");
}

std::string StateOf(const EtcdMemberStatus& member) {
  if (!member.reachable()) return "NO ANSWER";
  if (member.out_of_space()) return "OUT OF SPACE";
  return member.leads() ? "leads" : "follows";
}

std::string LeaderLine(const ClusterStatus& status) {
  if (status.leader_broker_id().empty()) return "NOBODY LEADS: nothing is accepted";
  return absl::StrCat(status.leader_broker_id(), " leads, term ", status.term());
}

std::string Heading(const ClusterStatus& status, const std::vector<std::string>& remarks, absl::Time now) {
  std::string heading;
  for (const std::string& remark : remarks) absl::StrAppend(&heading, remark, "\n");
  for (const std::string& warning : status.warnings()) absl::StrAppend(&heading, "*** ", warning, "\n");
  if (!heading.empty()) heading += "\n";
  absl::StrAppend(&heading, LeaderLine(status), "; the log ends at event ", status.last_sequence(),
                  ", etcd holds it from event ", status.first_sequence_in_etcd(), "\n", "as ", status.broker_id(),
                  " sees it, ", status.has_at() ? AgoText(FromProto(status.at()), now) : "at no known time", "\n\n");
  return heading;
}

Table BrokersTable(const ClusterStatus& status, absl::Time now) {
  Table table;
  table.columns = {{"broker"},
                   {"state"},
                   {"lag", /*right=*/true},
                   {"applied", /*right=*/true},
                   {"snapshot", true},
                   {"heard of"},
                   {"version"},
                   {"rules", /*right=*/true},
                   {"address"}};
  for (const BrokerStatus& broker : status.brokers()) {
    table.rows.push_back({broker.broker_id(), StateOf(broker), absl::StrCat(broker.lag_events()),
                          absl::StrCat(broker.applied_sequence()), absl::StrCat(broker.snapshot_sequence()),
                          broker.has_heard_at() ? AgoText(FromProto(broker.heard_at()), now) : "never",
                          broker.program_version(), absl::StrCat(broker.rules_version()), broker.address()});
  }
  return table;
}

Table EtcdTable(const ClusterStatus& status) {
  Table table;
  table.columns = {{"etcd member"},
                   {"state"},
                   {"version"},
                   {"term", /*right=*/true},
                   {"in use", /*right=*/true},
                   {"quota", /*right=*/true},
                   {"file", /*right=*/true},
                   {"trouble"}};
  for (const EtcdMemberStatus& member : status.etcd()) {
    if (!member.reachable()) {
      table.rows.push_back({member.endpoint(), StateOf(member), "", "", "", "", "", member.trouble()});
      continue;
    }
    table.rows.push_back({member.endpoint(), StateOf(member), member.version(), absl::StrCat(member.raft_term()),
                          Mebibytes(member.in_use_bytes()), ShareOf(member.in_use_bytes(), status.etcd_quota_bytes()),
                          Mebibytes(member.size_bytes()), member.trouble()});
  }
  return table;
}

// One row for each broker and each member of etcd.
Table CsvTable(const ClusterStatus& status) {
  Table table;
  table.columns = {{"kind"},       {"name"},    {"state"},        {"version"},    {"term"},
                   {"lag_events"}, {"applied"}, {"in_use_bytes"}, {"size_bytes"}, {"trouble"}};
  for (const BrokerStatus& broker : status.brokers()) {
    table.rows.push_back({"broker", broker.broker_id(), StateOf(broker), broker.program_version(),
                          absl::StrCat(status.term()), absl::StrCat(broker.lag_events()),
                          absl::StrCat(broker.applied_sequence()), "", "", ""});
  }
  for (const EtcdMemberStatus& member : status.etcd()) {
    const bool known = member.reachable();
    table.rows.push_back({"etcd", member.endpoint(), StateOf(member), member.version(),
                          known ? absl::StrCat(member.raft_term()) : "", "", "",
                          known ? absl::StrCat(member.in_use_bytes()) : "",
                          known ? absl::StrCat(member.size_bytes()) : "", member.trouble()});
  }
  return table;
}

}  // namespace

bool IsStopped(const ClusterStatus& status) {
  return status.leader_broker_id().empty() || std::any_of(status.etcd().begin(), status.etcd().end(),
                                                          [](const auto& member) { return member.out_of_space(); });
}

View ClusterView(const ClusterStatus& status, const std::vector<std::string>& remarks, absl::Time now) {
  View view;
  view.object = &status;
  view.is_list = true;
  for (const BrokerStatus& broker : status.brokers()) view.items.push_back(&broker);
  for (const EtcdMemberStatus& member : status.etcd()) view.items.push_back(&member);
  if (!remarks.empty()) view.extras = {{"remarks", absl::StrJoin(remarks, "\n")}};
  view.always_print_zeros = true;
  view.heading = Heading(status, remarks, now);
  view.table = BrokersTable(status, now);
  view.body = absl::StrCat("\n", RenderTable(EtcdTable(status)));
  view.csv = CsvTable(status);
  return view;
}

}  // namespace muster::cli
