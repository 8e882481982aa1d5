#include "client/bench/connections_load.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "client/bench/feed_reader.h"
#include "client/bench/identities.h"
#include "client/bench/meter.h"
#include "client/bench/orders.h"
#include "common/histogram.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
// What making the connections has left to do at the broker.
constexpr absl::Duration kSettle = absl::Seconds(1);

// Who has the order, and since when.
class Reached final : public FeedReader::Listener {
 public:
  explicit Reached(size_t readers) : has_(readers) {}

  // From now on. The moment is when the order is about to be given.
  void Expect(int notice_field, int64_t given_ns) {
    notice_field_ = notice_field;
    given_ns_ = given_ns;
  }

  void OnDelivery(FeedReader& reader, const DeliveryView& delivery, int64_t now_ns) override {
    if (notice_field_ == 0 || has_[reader.index()] || !IsAbout(delivery.notice, notice_field_)) return;
    has_[reader.index()] = true;
    spans_.Record(now_ns - given_ns_);
  }

  // Of those who have it, in nanoseconds.
  const Histogram& spans() const { return spans_; }

 private:
  std::vector<bool> has_;
  int notice_field_ = 0;
  int64_t given_ns_ = 0;
  Histogram spans_;
};

}  // namespace

absl::StatusOr<Report> RunConnections(const Target& target, const ConnectionsOptions& options) {
  if (options.authority.empty()) {
    return absl::InvalidArgumentError("every connection is another agency's: give --authority, to make certificates");
  }
  MUSTER_ASSIGN_OR_RETURN(const Stage stage, SetStage(*target.client, options.operation_id));
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<Identity> identities,
      Enrol(target, stage, options.authority, options.agencies, v1::AGENCY_KIND_LOCAL_POLICE, v1::ROLE_PARTICIPANT));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<PreparedOrder> order, options.order == Order::kGo
                                                                          ? PrepareGo(target, stage, options.authority)
                                                                          : PrepareAmendment(target, stage));
  EpollLoop loop;
  Reached reached(options.agencies);
  FeedReaders readers(&loop, target.route, identities, options.agencies, &reached);
  MUSTER_ASSIGN_OR_RETURN(const double kilobytes_before, ResidentKilobytesOf(target.server_pids));
  Meter connecting(target.server_pids);
  MUSTER_RETURN_IF_ERROR(connecting.Start());
  MUSTER_RETURN_IF_ERROR(readers.OpenAll());
  MUSTER_RETURN_IF_ERROR(connecting.Stop());
  readers.PollUntil([] { return false; }, kSettle);
  MUSTER_ASSIGN_OR_RETURN(const double kilobytes_after, ResidentKilobytesOf(target.server_pids));

  Meter ordering(target.server_pids);
  MUSTER_RETURN_IF_ERROR(ordering.Start());
  reached.Expect(order->notice_field(), NowNs());
  absl::Status given;
  std::thread giver([&] { given = order->Give(); });
  readers.PollUntil([&] { return reached.spans().count() == readers.size(); }, kPatience);
  giver.join();
  MUSTER_RETURN_IF_ERROR(ordering.Stop());
  MUSTER_RETURN_IF_ERROR(given);
  MUSTER_RETURN_IF_ERROR(readers.broken());

  const auto count = static_cast<double>(readers.size());
  const auto milliseconds = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  Figures figures;
  figures.push_back({"connections", count, 0});
  figures.push_back({"connect_s", connecting.seconds(), 2});
  figures.push_back({"connections_per_s", count / connecting.seconds(), 0});
  if (connecting.knows_server()) {
    figures.push_back({"server_cpu_ms_per_connection", connecting.server_cpu_s() * 1e3 / count, 3});
    figures.push_back({"server_kb_per_connection", (kilobytes_after - kilobytes_before) / count, 1});
  }
  figures.push_back({"last_p50_ms", milliseconds(reached.spans().Percentile(500)), 1});
  figures.push_back({"last_p99_ms", milliseconds(reached.spans().Percentile(990)), 1});
  figures.push_back({"last_max_ms", milliseconds(reached.spans().max()), 1});
  if (ordering.knows_server()) {
    figures.push_back({"server_cpu_us_per_delivery", ordering.server_cpu_s() * 1e6 / count, 2});
  }
  figures.push_back({"deliveries", static_cast<double>(reached.spans().count()), 0});
  const double missing = count - static_cast<double>(reached.spans().count());
  figures.push_back({"missing", missing, 0});
  figures.push_back({"gaps", static_cast<double>(readers.gaps()), 0});
  figures.push_back({"seconds", ordering.seconds(), 2});
  return Report{std::move(figures), stage.operation_id, stage.mode,
                missing > 0 || readers.gaps() > 0 ? "not every agency received the order, or some feed had a gap" : ""};
}

}  // namespace muster::bench
