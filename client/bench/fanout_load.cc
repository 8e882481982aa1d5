#include "client/bench/fanout_load.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "client/bench/feed_reader.h"
#include "client/bench/identities.h"
#include "client/bench/meter.h"
#include "client/bench/templates.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/histogram.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

// A run ends at so many events whatever was asked for: each is accounted for in memory.
constexpr uint64_t kEventsMax = 4'000'000;
constexpr absl::Duration kPoll = absl::Milliseconds(1);
// For what is still on its way at the end.
constexpr absl::Duration kPatience = absl::Seconds(30);

// Who has received what. Publish and completed from the publishing thread; everything else on the readers'.
class Deliveries final : public FeedReader::Listener {
 public:
  Deliveries(size_t readers, uint64_t events_max, absl::Time now)
      : ids_(now), sent_ns_(events_max), reached_(events_max), expected_(readers) {}

  const IdMaker& ids() const { return ids_; }
  // Event `ordinal` is being sent.
  void Publish(uint64_t ordinal) { sent_ns_[ordinal].store(NowNs(), std::memory_order_release); }
  // How many events every reader has.
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  bool broken() const { return broken_.load(); }

  void OnDelivery(FeedReader& reader, const DeliveryView& delivery, int64_t now_ns) override {
    const std::optional<uint64_t> ordinal = ids_.NumberOf(EntryIdOf(delivery.notice));
    if (!ordinal.has_value() || *ordinal >= reached_.size()) return;  // Not of this run.
    uint64_t& expected = expected_[reader.index()];
    if (*ordinal != expected) ++out_of_order_;
    expected = *ordinal + 1;
    ++deliveries_;
    if (++reached_[*ordinal] != expected_.size()) return;
    last_.Record(now_ns - sent_ns_[*ordinal].load(std::memory_order_acquire));
    last_ns_ = now_ns;
    completed_.fetch_add(1, std::memory_order_release);
  }
  void OnBroken(FeedReader&) override { broken_.store(true); }

  // Once the readers' thread is done.
  uint64_t deliveries() const { return deliveries_; }
  uint64_t out_of_order() const { return out_of_order_; }
  const Histogram& last() const { return last_; }
  int64_t last_ns() const { return last_ns_; }

 private:
  const IdMaker ids_;
  std::vector<std::atomic<int64_t>> sent_ns_;
  std::vector<uint32_t> reached_;
  std::vector<uint64_t> expected_;
  uint64_t deliveries_ = 0;
  uint64_t out_of_order_ = 0;
  // From an event's sending to its last reader, in nanoseconds.
  Histogram last_;
  int64_t last_ns_ = 0;
  std::atomic<uint64_t> completed_{0};
  std::atomic<bool> broken_{false};
};

// Sends events by the clock, or as fast as the slowest reader allows, and waits until all have arrived.
absl::Status PublishAll(const FanoutOptions& options, uint64_t events_max, const Deliveries& deliveries,
                        EpollLoop* loop, Publisher* publisher) {
  const int64_t start_ns = NowNs();
  const Deadline end(options.count == 0 ? absl::Seconds(options.seconds) : absl::InfiniteDuration());
  while (!end.passed() && publisher->sent() < events_max && !deliveries.broken()) {
    absl::Duration wait = kPoll;
    if (options.rate > 0) {
      const double due = static_cast<double>(NowNs() - start_ns) / 1e9 * options.rate + 1;
      const auto until = std::min(static_cast<uint64_t>(due), events_max);
      if (until > publisher->sent()) publisher->SendUpTo(until - publisher->sent());
      const auto next_ns = static_cast<int64_t>(static_cast<double>(publisher->sent()) / options.rate * 1e9);
      wait = std::min(wait, absl::Nanoseconds(start_ns + next_ns - NowNs()));
    } else {
      const uint64_t until = std::min(deliveries.completed() + options.lag, events_max);
      if (until > publisher->sent()) publisher->SendUpTo(until - publisher->sent());
    }
    loop->Poll(wait);
    MUSTER_RETURN_IF_ERROR(publisher->broken());
  }
  for (const Deadline patience(kPatience); !patience.passed() && !deliveries.broken();) {
    if (publisher->in_flight() == 0 && deliveries.completed() == publisher->accepted()) break;
    loop->Poll(kPoll);
    MUSTER_RETURN_IF_ERROR(publisher->broken());
  }
  return absl::OkStatus();
}

Figures FiguresOf(const Meter& meter, const Deliveries& deliveries, const Publisher& publisher, size_t readers,
                  uint64_t gaps) {
  const double count = static_cast<double>(deliveries.deliveries());
  const double seconds = static_cast<double>(deliveries.last_ns() - meter.started_ns()) / 1e9;
  const uint64_t accepted = publisher.accepted();
  const auto milliseconds = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  Figures figures;
  figures.push_back({"deliveries_per_s", seconds > 0 ? count / seconds : 0, 0});
  if (meter.knows_server() && count > 0) {
    figures.push_back({"server_cpu_us_per_delivery", meter.server_cpu_s() * 1e6 / count, 3});
  }
  if (count > 0) figures.push_back({"client_cpu_us_per_delivery", meter.own_cpu_s() * 1e6 / count, 3});
  figures.push_back({"last_p50_ms", milliseconds(deliveries.last().Percentile(500)), 3});
  figures.push_back({"last_p99_ms", milliseconds(deliveries.last().Percentile(990)), 3});
  figures.push_back({"last_max_ms", milliseconds(deliveries.last().max()), 3});
  figures.push_back({"events_per_s", seconds > 0 ? static_cast<double>(accepted) / seconds : 0, 0});
  figures.push_back({"sent", static_cast<double>(publisher.sent()), 0});
  figures.push_back({"acknowledged", static_cast<double>(accepted), 0});
  figures.push_back({"errors", static_cast<double>(publisher.errors()), 0});
  figures.push_back({"deliveries", count, 0});
  figures.push_back({"missing", static_cast<double>(accepted * readers) - count, 0});
  figures.push_back({"gaps", static_cast<double>(gaps + deliveries.out_of_order()), 0});
  figures.push_back({"seconds", seconds, 2});
  return figures;
}

}  // namespace

absl::StatusOr<Report> RunFanout(const Target& target, const FanoutOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const Stage stage, SetStage(*target.client, options.operation_id));
  std::vector<Identity> identities;
  if (!options.authority.empty()) {
    // A prosecutor of the site's state reads its entries.
    MUSTER_ASSIGN_OR_RETURN(identities, Enrol(target, stage, options.authority, options.readers,
                                              v1::AGENCY_KIND_PROSECUTOR, v1::ROLE_PROSECUTOR));
  }
  const uint64_t events_max = options.count == 0 ? kEventsMax : std::min(options.count, kEventsMax);
  Deliveries deliveries(options.readers, events_max, SystemClock()->Now());
  EpollLoop reading;
  FeedReaders readers(&reading, target.route, identities, options.readers, &deliveries);
  MUSTER_RETURN_IF_ERROR(readers.OpenAll());

  const std::string example_id = deliveries.ids().Make(0);
  MUSTER_ASSIGN_OR_RETURN(const std::shared_ptr<const SubmissionTemplate> shape,
                          SubmissionTemplate::Make(TallyEntryOf(stage, example_id, options.size), example_id));
  EpollLoop publishing;
  Publisher publisher(&publishing, target.route, options.publisher,
                      [&](uint64_t ordinal, const char* id, const Numbering* numbering, std::string* out) {
                        char entry_id[kIdBytes];
                        deliveries.ids().Write(ordinal, entry_id);
                        deliveries.Publish(ordinal);
                        shape->Append(id, entry_id, numbering, out);
                      });
  MUSTER_RETURN_IF_ERROR(publisher.Start());
  for (const Deadline patience(kPatience); !publisher.open();) {
    publishing.Poll(kPoll);
    MUSTER_RETURN_IF_ERROR(publisher.broken());
    if (patience.passed()) return absl::DeadlineExceededError("the broker does not answer");
  }

  std::atomic<bool> done{false};
  Meter meter(target.server_pids);
  MUSTER_RETURN_IF_ERROR(meter.Start());
  std::thread reader_thread([&] { readers.PollUntil([&] { return done.load(); }, absl::InfiniteDuration()); });
  const absl::Status published = PublishAll(options, events_max, deliveries, &publishing, &publisher);
  done.store(true);
  reader_thread.join();
  MUSTER_RETURN_IF_ERROR(published);
  MUSTER_RETURN_IF_ERROR(readers.broken());
  MUSTER_RETURN_IF_ERROR(meter.Stop());
  Report report{FiguresOf(meter, deliveries, publisher, readers.size(), readers.gaps()), stage.operation_id, stage.mode,
                publisher.first_error()};
  const auto is_wrong = [](const Figure& figure) {
    return (figure.name == "missing" || figure.name == "gaps") && figure.value != 0;
  };
  if (report.first_error.empty() && std::any_of(report.figures.begin(), report.figures.end(), is_wrong)) {
    report.first_error = "not every reader received every event, in order";
  }
  return report;
}

}  // namespace muster::bench
