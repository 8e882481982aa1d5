#include "client/bench/submit_load.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/bench/epoll_loop.h"
#include "client/bench/meter.h"
#include "client/bench/templates.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);
// For connections to be made, and for the answers that are missing at the end.
constexpr absl::Duration kPatience = absl::Seconds(30);

// The publishers of one load, and what they have done together.
class Publishers {
 public:
  Publishers(const Target& target, const Stage& stage, size_t size) : target_(target), stage_(stage), size_(size) {}

  absl::Status Open(int count, const PublisherOptions& options) {
    for (int i = 0; i < count; ++i) {
      const auto entries = std::make_shared<IdMaker>(SystemClock()->Now());
      const std::string example_id = entries->Make(0);
      MUSTER_ASSIGN_OR_RETURN(const std::shared_ptr<const SubmissionTemplate> shape,
                              SubmissionTemplate::Make(TallyEntryOf(stage_, example_id, size_), example_id));
      publishers_.push_back(std::make_unique<Publisher>(
          &loop_, target_.route, options,
          [entries, shape](uint64_t ordinal, const char* id, const Numbering* numbering, std::string* out) {
            char entry_id[kIdBytes];
            entries->Write(ordinal, entry_id);
            shape->Append(id, entry_id, numbering, out);
          }));
      MUSTER_RETURN_IF_ERROR(publishers_.back()->Start());
    }
    return PollUntil([this] {
      return std::all_of(publishers_.begin(), publishers_.end(), [](const auto& one) { return one->open(); });
    });
  }

  // Sends what there is room for, no more than `most` in all since the beginning; waits a moment for answers.
  absl::Status Go(uint64_t most, absl::Duration patience = kPoll) {
    uint64_t left = most - std::min(most, sent());
    for (const auto& one : publishers_) left -= one->SendUpTo(left);
    return Poll(patience);
  }

  // Waits until everything has been answered.
  absl::Status Drain() {
    return PollUntil([this] { return answered() == sent(); });
  }

  void RecordInto(Histogram* latency) {
    for (const auto& one : publishers_) one->set_latency(latency);
  }

  uint64_t sent() const { return Sum(&Publisher::sent); }
  uint64_t answered() const { return Sum(&Publisher::answered); }
  uint64_t accepted() const { return Sum(&Publisher::accepted); }
  uint64_t errors() const { return Sum(&Publisher::errors); }

  // What the first answer said that is an error; empty when none is.
  std::string first_error() const {
    for (const auto& one : publishers_) {
      if (one->errors() > 0) return one->first_error();
    }
    return "";
  }

 private:
  absl::Status Poll(absl::Duration patience) {
    loop_.Poll(patience);
    for (const auto& one : publishers_) MUSTER_RETURN_IF_ERROR(one->broken());
    return absl::OkStatus();
  }

  template <typename Condition>
  absl::Status PollUntil(const Condition& condition) {
    for (const int64_t until = NowNs() + absl::ToInt64Nanoseconds(kPatience); !condition();) {
      if (NowNs() > until) return absl::DeadlineExceededError("the broker does not answer");
      MUSTER_RETURN_IF_ERROR(Poll(kPoll));
    }
    return absl::OkStatus();
  }

  uint64_t Sum(uint64_t (Publisher::*figure)() const) const {
    uint64_t sum = 0;
    for (const auto& one : publishers_) sum += (*one.*figure)();
    return sum;
  }

  const Target& target_;
  const Stage& stage_;
  const size_t size_;
  EpollLoop loop_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
};

void AddCosts(const Meter& meter, uint64_t messages, Figures* figures) {
  const double per_message = messages == 0 ? 0 : 1e6 / static_cast<double>(messages);
  if (meter.knows_server()) {
    figures->push_back({"server_cpu_us_per_message", meter.server_cpu_s() * per_message, 2});
  }
  figures->push_back({"client_cpu_us_per_message", meter.own_cpu_s() * per_message, 2});
}

Report ReportOf(const Stage& stage, const Publishers& publishers, Figures figures) {
  figures.push_back({"sent", static_cast<double>(publishers.sent()), 0});
  figures.push_back({"acknowledged", static_cast<double>(publishers.accepted()), 0});
  figures.push_back({"errors", static_cast<double>(publishers.errors()), 0});
  return {std::move(figures), stage.operation_id, stage.mode, publishers.first_error()};
}

}  // namespace

absl::StatusOr<Report> RunSubmit(const Target& target, const SubmitOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const Stage stage, SetStage(*target.client, options.operation_id));
  Publishers publishers(target, stage, options.size);
  MUSTER_RETURN_IF_ERROR(publishers.Open(options.publishers, options.publisher));
  const uint64_t most = options.count == 0 ? ~uint64_t{0} : options.count;
  if (options.count == 0) {
    const Deadline warm(absl::Seconds(options.warm_s));
    while (!warm.passed()) MUSTER_RETURN_IF_ERROR(publishers.Go(most));
  }
  Histogram latency;
  publishers.RecordInto(&latency);
  const uint64_t accepted_before = publishers.accepted();
  Meter meter(target.server_pids);
  MUSTER_RETURN_IF_ERROR(meter.Start());
  const Deadline end(options.count == 0 ? absl::Seconds(options.seconds) : absl::InfiniteDuration());
  while (!end.passed() && publishers.answered() < most) MUSTER_RETURN_IF_ERROR(publishers.Go(most));
  const uint64_t messages = publishers.accepted() - accepted_before;
  MUSTER_RETURN_IF_ERROR(meter.Stop());
  publishers.RecordInto(nullptr);
  MUSTER_RETURN_IF_ERROR(publishers.Drain());

  Figures figures;
  figures.push_back({"rate_per_s", static_cast<double>(messages) / meter.seconds(), 0});
  AddPercentiles("", latency, &figures);
  AddCosts(meter, messages, &figures);
  figures.push_back({"seconds", meter.seconds(), 2});
  return ReportOf(stage, publishers, std::move(figures));
}

absl::StatusOr<Report> RunLatency(const Target& target, const LatencyOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const Stage stage, SetStage(*target.client, options.operation_id));
  Publishers publishers(target, stage, options.size);
  MUSTER_RETURN_IF_ERROR(publishers.Open(1, {.window = 1, .per_message = 1}));
  const uint64_t no_end = ~uint64_t{0};
  for (const Deadline warm(absl::Seconds(options.warm_s)); !warm.passed();)
    MUSTER_RETURN_IF_ERROR(publishers.Go(no_end));
  MUSTER_RETURN_IF_ERROR(publishers.Drain());
  Histogram busy;
  publishers.RecordInto(&busy);
  const uint64_t accepted_before = publishers.accepted();
  Meter meter(target.server_pids);
  MUSTER_RETURN_IF_ERROR(meter.Start());
  for (const Deadline end(absl::Seconds(options.seconds)); !end.passed();)
    MUSTER_RETURN_IF_ERROR(publishers.Go(no_end));
  MUSTER_RETURN_IF_ERROR(publishers.Drain());
  MUSTER_RETURN_IF_ERROR(meter.Stop());
  const uint64_t messages = publishers.accepted() - accepted_before;

  Histogram idle;
  publishers.RecordInto(&idle);
  for (int i = 0; i < options.pauses; ++i) {
    absl::SleepFor(options.pause);
    MUSTER_RETURN_IF_ERROR(publishers.Go(publishers.sent() + 1));
    MUSTER_RETURN_IF_ERROR(publishers.Drain());
  }

  Figures figures;
  figures.push_back({"rate_per_s", static_cast<double>(messages) / meter.seconds(), 0});
  AddPercentiles("", busy, &figures);
  if (idle.count() > 0) AddPercentiles("idle_", idle, &figures);
  AddCosts(meter, messages, &figures);
  figures.push_back({"seconds", meter.seconds(), 2});
  return ReportOf(stage, publishers, std::move(figures));
}

}  // namespace muster::bench
