// muster-etcd-appends: how fast a log in etcd takes appends, one after another, beside plain puts into the same etcd.
//
// Starts an etcd of three members on loopback, prints one line for each kind of write, and takes it all away again.
// Takes about 20 seconds.
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "server/etcd/etcd_event_log.h"
#include "server/log/testing/log_files.h"
#include "tests/etcd/etcd_cluster.h"

namespace muster {
namespace {

constexpr size_t kEventBytes = 256;
constexpr absl::Duration kWarmUp = absl::Milliseconds(500);
constexpr absl::Duration kMeasure = absl::Seconds(4);
constexpr absl::Duration kCallWait = absl::Seconds(5);

struct Rate {
  double per_second = 0;
  absl::Duration p50;
  absl::Duration p99;
};

// Does `write` over and over.
absl::StatusOr<Rate> Measure(const std::function<absl::Status()>& write) {
  for (const Deadline warm(kWarmUp); !warm.passed();) MUSTER_RETURN_IF_ERROR(write());
  std::vector<absl::Duration> took;
  const absl::Duration begun = SystemClock()->Monotonic();
  absl::Duration now = begun;
  while (now - begun < kMeasure) {
    MUSTER_RETURN_IF_ERROR(write());
    const absl::Duration after = SystemClock()->Monotonic();
    took.push_back(after - now);
    now = after;
  }
  std::sort(took.begin(), took.end());
  return Rate{static_cast<double>(took.size()) / absl::ToDoubleSeconds(now - begun), took[took.size() / 2],
              took[took.size() * 99 / 100]};
}

void Print(const std::string& what, const Rate& rate, size_t events, double puts_per_second) {
  std::cout << absl::StreamFormat(
                   "%-24s %7.0f writes/s %9.0f events/s   p50 %5.2f ms   p99 %6.2f ms   %3.0f %% of puts", what,
                   rate.per_second, rate.per_second * static_cast<double>(events), absl::ToDoubleMilliseconds(rate.p50),
                   absl::ToDoubleMilliseconds(rate.p99), 100 * rate.per_second / puts_per_second)
            << std::endl;
}

absl::Status MeasureAll(EtcdClient* client) {
  int made = 0;
  MUSTER_ASSIGN_OR_RETURN(const Rate puts, Measure([&] {
                            etcdserverpb::PutRequest request;
                            request.set_key(absl::StrCat("/puts/", ++made));
                            request.set_value(std::string(kEventBytes, 'x'));
                            return client->Put(request, kCallWait).status();
                          }));
  Print("put of 256 B", puts, 1, puts.per_second);

  EtcdEventLog log(client, {}, SystemClock());
  MUSTER_RETURN_IF_ERROR(log.Begin(Events(1, 1)));
  etcdserverpb::PutRequest lead;
  lead.set_key("/muster/leader");
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::PutResponse led, client->Put(lead, kCallWait));
  log.SetTerm(led.header().revision());
  for (const size_t count : {size_t{1}, size_t{256}, size_t{512}}) {
    std::vector<EncodedEvent> events = Events(1, count, kEventBytes);
    MUSTER_ASSIGN_OR_RETURN(const Rate appends, Measure([&] {
                              Sequence next = log.last_sequence();
                              for (EncodedEvent& event : events) event.sequence = ++next;
                              return log.Append(events);
                            }));
    Print(absl::StrFormat("append of %d x 256 B", count), appends, count, puts.per_second);
  }
  return absl::OkStatus();
}

absl::Status Run() {
  const TemporaryFolder folder;
  EtcdCluster::Options options;
  options.folder = folder.path();
  EtcdCluster cluster(std::move(options));
  MUSTER_RETURN_IF_ERROR(cluster.Start());
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<EtcdClient> client, EtcdClient::Create(cluster.client_options()));
  return MeasureAll(client.get());
}

}  // namespace
}  // namespace muster

int main() {
  const absl::Status status = muster::Run();
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}
