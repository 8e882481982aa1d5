#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <vector>

#include "tests/bench/peers/measure.h"
#include "tests/bench/peers/message.h"
#include "tests/bench/peers/works.h"

namespace muster::peers {
namespace {

struct Totals {
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  uint64_t errors = 0;
  bool measuring = false;
  Samples latencies;
};

class Publisher : public Listener {
 public:
  Publisher(std::unique_ptr<Link> link, uint64_t window, Totals* totals)
      : link_(std::move(link)), window_(window), sent_ns_(window), totals_(*totals) {}

  Link& link() { return *link_; }

  // Publishes until the window is full or `total_max` messages of all publishers are sent.
  void Fill(std::string& payload, uint64_t total_max) {
    const uint64_t sent_before = sent_;
    while (sent_ - acknowledged_ < window_ && totals_.sent < total_max) {
      const uint64_t now_ns = NowNs();
      SetStamp({sent_, now_ns, kMark}, payload);
      sent_ns_[sent_ % window_] = now_ns;
      link_->Publish(payload);
      ++sent_;
      ++totals_.sent;
    }
    if (sent_ != sent_before) link_->Flush();
  }

  void OnAcknowledged(uint64_t count) override {
    const uint64_t now_ns = NowNs();
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t took_ns = now_ns - sent_ns_[acknowledged_++ % window_];
      if (totals_.measuring) totals_.latencies.Add(took_ns);
    }
    totals_.acknowledged += count;
  }
  void OnMessage(absl::string_view /*payload*/) override {}
  void OnError(absl::string_view what) override {
    if (totals_.errors++ < 3) std::cerr << "refused: " << what << std::endl;
  }

 private:
  const std::unique_ptr<Link> link_;
  const uint64_t window_;
  // When the messages in flight were sent, by their number modulo the window.
  std::vector<uint64_t> sent_ns_;
  uint64_t sent_ = 0;
  uint64_t acknowledged_ = 0;
  Totals& totals_;
};

class PublishRun {
 public:
  PublishRun(const PublishLoad& load, const MakeLink& make_link)
      : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)), payload_(MakePayload(load.size_bytes)), cpu_(load.server) {
    for (int i = 0; i < load.publishers; ++i) {
      publishers_.push_back(std::make_unique<Publisher>(make_link(i), load.window, &totals_));
      publishers_.back()->link().JoinEpoll(epoll_, publishers_.back().get());
    }
  }
  ~PublishRun() { close(epoll_); }

  void Run() {
    const uint64_t warm_until_ns = NowNs() + Nanoseconds(load_.count > 0 ? 0 : load_.warm_seconds);
    if (load_.count > 0) StartMeasuring();
    for (const auto& publisher : publishers_) publisher->Fill(payload_, SentMax());
    while (!Finished()) {
      Turn();
      if (!totals_.measuring && NowNs() >= warm_until_ns) StartMeasuring();
    }
    Print();
  }

 private:
  static uint64_t Nanoseconds(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }
  uint64_t SentMax() const { return load_.count > 0 ? load_.count : ~uint64_t{0}; }

  void StartMeasuring() {
    totals_.measuring = true;
    acknowledged_before_ = totals_.acknowledged;
    cpu_.Restart();
    started_ns_ = NowNs();
  }

  bool Finished() const {
    if (load_.count > 0) return totals_.acknowledged >= load_.count;
    return totals_.measuring && NowNs() - started_ns_ >= Nanoseconds(load_.seconds);
  }

  void Turn() {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      auto* const publisher = static_cast<Publisher*>(events[static_cast<size_t>(i)].data.ptr);
      if (!publisher->link().Pump(*publisher)) Fail("the broker closed a connection");
      publisher->Fill(payload_, SentMax());
    }
  }

  void Print() {
    const double seconds = static_cast<double>(NowNs() - started_ns_) / 1e9;
    const double server_seconds = cpu_.server_seconds();
    const double client_seconds = cpu_.client_seconds();
    const uint64_t acknowledged = totals_.acknowledged - acknowledged_before_;
    const double messages = static_cast<double>(acknowledged);
    JsonLine()
        .Add("acknowledged", acknowledged)
        .Add("errors", totals_.errors)
        .Add("seconds", seconds)
        .Add("rate_per_s", messages / seconds)
        .Add("p50_us", totals_.latencies.PercentileUs(500))
        .Add("p90_us", totals_.latencies.PercentileUs(900))
        .Add("p99_us", totals_.latencies.PercentileUs(990))
        .Add("p999_us", totals_.latencies.PercentileUs(999))
        .Add("max_us", totals_.latencies.PercentileUs(1000))
        .Add("server_cpu_us_per_message", server_seconds / messages * 1e6)
        .Add("client_cpu_us_per_message", client_seconds / messages * 1e6)
        .Print();
  }

  const PublishLoad load_;
  const int epoll_;
  std::string payload_;
  CpuMeter cpu_;
  uint64_t started_ns_ = 0;
  uint64_t acknowledged_before_ = 0;
  Totals totals_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
};

}  // namespace

void RunPublish(const PublishLoad& load, const MakeLink& make_link) { PublishRun(load, make_link).Run(); }

}  // namespace muster::peers
