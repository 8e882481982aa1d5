#include "client/bench/replay_load.h"

#include <utility>

#include "client/bench/feed_reader.h"
#include "client/bench/meter.h"
#include "common/deadline.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);

// The reader itself counts.
class Nobody final : public FeedReader::Listener {
 public:
  void OnDelivery(FeedReader&, const DeliveryView&, int64_t) override {}
};

}  // namespace

absl::StatusOr<Report> RunReplay(const Target& target, const ReplayOptions& options) {
  EpollLoop loop;
  Nobody nobody;
  FeedReader reader(&loop, target.route, /*identity=*/nullptr, &nobody, 0);
  Meter meter(target.server_pids);
  MUSTER_RETURN_IF_ERROR(meter.Start());
  MUSTER_RETURN_IF_ERROR(reader.Start(/*from_now=*/false, /*reads_ahead=*/true));
  for (const Deadline deadline(absl::Seconds(options.seconds_max)); !reader.caught_up();) {
    if (deadline.passed()) return absl::DeadlineExceededError("the feed did not reach the present in time");
    loop.Poll(kPoll);
    MUSTER_RETURN_IF_ERROR(reader.broken());
  }
  MUSTER_RETURN_IF_ERROR(meter.Stop());

  const auto count = static_cast<double>(reader.deliveries());
  Figures figures;
  figures.push_back({"deliveries_per_s", count / meter.seconds(), 0});
  if (meter.knows_server() && count > 0) {
    figures.push_back({"server_cpu_us_per_delivery", meter.server_cpu_s() * 1e6 / count, 3});
  }
  if (count > 0) figures.push_back({"client_cpu_us_per_delivery", meter.own_cpu_s() * 1e6 / count, 3});
  figures.push_back({"deliveries", count, 0});
  figures.push_back({"bytes", static_cast<double>(reader.received_bytes()), 0});
  figures.push_back({"gaps", static_cast<double>(reader.gaps()), 0});
  figures.push_back({"seconds", meter.seconds(), 2});
  Report report;
  report.figures = std::move(figures);
  if (reader.gaps() != 0) report.first_error = "the feed did not bring every event, in order";
  return report;
}

}  // namespace muster::bench
