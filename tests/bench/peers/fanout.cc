#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "tests/bench/peers/measure.h"
#include "tests/bench/peers/message.h"
#include "tests/bench/peers/works.h"

namespace muster::peers {
namespace {

constexpr uint64_t kMessagesMax = 8'000'000;
// So long without any delivery, and what is missing is given up.
constexpr uint64_t kPatienceNs = 5'000'000'000;
constexpr uint64_t kUnacknowledgedMax = 512;
constexpr size_t kUnsentBytesMax = 131'072;

// What the readers have got. Threading: written by the readers' thread; only the atomics are read by the publisher's
// before that thread has ended.
struct Deliveries {
  explicit Deliveries(uint64_t messages_max) : readers_of_message(messages_max) {}

  std::vector<uint32_t> readers_of_message;
  Samples last_reader;
  uint64_t count = 0;
  uint64_t gaps = 0;
  uint64_t errors = 0;
  std::atomic<uint64_t> complete{0};
  std::atomic<uint64_t> latest_ns{0};
};

class Reader : public Listener {
 public:
  Reader(std::unique_ptr<SessionLink> link, uint32_t readers, Deliveries* deliveries)
      : link_(std::move(link)), readers_(readers), deliveries_(*deliveries) {}

  SessionLink& link() { return *link_; }

  void OnMessage(absl::string_view payload) override {
    Stamp stamp;
    if (!ReadStamp(payload, &stamp) || stamp.number >= deliveries_.readers_of_message.size()) return;
    if (stamp.number != next_number_) ++deliveries_.gaps;
    next_number_ = stamp.number + 1;
    ++deliveries_.count;
    if (++deliveries_.readers_of_message[stamp.number] < readers_) return;
    const uint64_t now_ns = NowNs();
    deliveries_.last_reader.Add(now_ns - stamp.sent_ns);
    deliveries_.latest_ns = now_ns;
    ++deliveries_.complete;
  }
  void OnAcknowledged(uint64_t /*count*/) override {}
  void OnError(absl::string_view what) override {
    if (deliveries_.errors++ < 3) std::cerr << "reader: " << what << std::endl;
  }

 private:
  const std::unique_ptr<SessionLink> link_;
  const uint32_t readers_;
  uint64_t next_number_ = 0;
  Deliveries& deliveries_;
};

class Acknowledged : public Listener {
 public:
  void OnAcknowledged(uint64_t count) override { count_ += count; }
  void OnMessage(absl::string_view /*payload*/) override {}
  void OnError(absl::string_view what) override {
    if (errors_++ < 3) std::cerr << "publisher: " << what << std::endl;
  }
  uint64_t count() const { return count_; }
  uint64_t errors() const { return errors_; }

 private:
  uint64_t count_ = 0;
  uint64_t errors_ = 0;
};

// What connecting the readers has cost.
struct Connecting {
  double seconds = 0;
  double cpu_seconds = 0;
  double memory_kb = 0;
};

class FanoutRun {
 public:
  explicit FanoutRun(const FanoutLoad& load)
      : load_(load),
        messages_max_(load.count > 0 ? load.count : kMessagesMax),
        payload_(MakePayload(load.size_bytes)),
        deliveries_(messages_max_),
        readers_epoll_(epoll_create1(EPOLL_CLOEXEC)),
        publisher_epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~FanoutRun() {
    close(readers_epoll_);
    close(publisher_epoll_);
  }

  void Run(const MakeLink& make_publisher, const MakeReader& make_reader) {
    Connect(make_reader);
    std::thread readers([this] { Read(); });
    publisher_ = make_publisher(0);
    publisher_->JoinEpoll(publisher_epoll_, publisher_.get());
    usleep(200'000);  // So that what connecting set going is over.
    CpuMeter cpu(load_.server);
    started_ns_ = NowNs();
    Publish();
    const double server_seconds = cpu.server_seconds();
    const double client_seconds = cpu.client_seconds();
    stop_ = true;
    readers.join();
    Print(server_seconds, client_seconds);
  }

 private:
  void Connect(const MakeReader& make_reader) {
    const double memory_before_kb = ServerMemoryKb(load_.server);
    const CpuMeter cpu(load_.server);
    const uint64_t started_ns = NowNs();
    for (int i = 0; i < load_.readers; ++i) {
      auto link = make_reader(i);
      link->Subscribe(From::kNow);
      readers_.push_back(std::make_unique<Reader>(std::move(link), static_cast<uint32_t>(load_.readers), &deliveries_));
    }
    connecting_.seconds = static_cast<double>(NowNs() - started_ns) / 1e9;
    connecting_.cpu_seconds = cpu.server_seconds();
    usleep(500'000);  // What the last readers need of memory is there by then.
    connecting_.memory_kb = ServerMemoryKb(load_.server) - memory_before_kb;
    for (const auto& reader : readers_) reader->link().JoinEpoll(readers_epoll_, reader.get());
  }

  void Read() {
    std::array<epoll_event, 512> events;
    while (!stop_) {
      const int count = epoll_wait(readers_epoll_, events.data(), static_cast<int>(events.size()), 50);
      for (int i = 0; i < count; ++i) {
        auto* const reader = static_cast<Reader*>(events[static_cast<size_t>(i)].data.ptr);
        if (!reader->link().Pump(*reader)) Fail("the broker closed a reader's connection");
      }
    }
  }

  bool AllSent(uint64_t now_ns) const {
    if (load_.count > 0 || sent_ == messages_max_) return sent_ >= messages_max_;
    return static_cast<double>(now_ns - started_ns_) >= load_.seconds * 1e9;
  }

  void Publish() {
    uint64_t all_sent_ns = 0;
    while (true) {
      const uint64_t now_ns = NowNs();
      uint64_t next_due_ns = now_ns + 1'000'000;
      if (AllSent(now_ns)) {
        if (all_sent_ns == 0) all_sent_ns = now_ns;
        if (deliveries_.complete >= sent_ && acknowledged_.count() >= sent_) return;
        if (now_ns > std::max(all_sent_ns, deliveries_.latest_ns.load()) + kPatienceNs) return;
      } else if (load_.rate > 0) {
        next_due_ns = PublishDue(now_ns);
      } else {
        PublishAhead();
      }
      Await(next_due_ns - std::min(now_ns, next_due_ns));
    }
  }

  void PublishOne() {
    SetStamp({sent_++, NowNs(), kMark}, payload_);
    publisher_->Publish(payload_);
  }

  // Publishes what the rate has made due, and returns when the next is.
  uint64_t PublishDue(uint64_t now_ns) {
    const auto due_ns = [this] {
      return started_ns_ + static_cast<uint64_t>(static_cast<double>(sent_) * 1e9 / load_.rate);
    };
    const uint64_t sent_before = sent_;
    while (due_ns() <= now_ns && sent_ < messages_max_) PublishOne();
    if (sent_ != sent_before) publisher_->Flush();
    return due_ns();
  }

  void PublishAhead() {
    size_t bytes = 0;
    while (sent_ - acknowledged_.count() < kUnacknowledgedMax && sent_ - deliveries_.complete < load_.lag &&
           sent_ < messages_max_ && bytes < kUnsentBytesMax) {
      PublishOne();
      bytes += payload_.size();
    }
    if (bytes > 0) publisher_->Flush();
  }

  // Waits for acknowledgements.
  void Await(uint64_t ns) {
    const timespec patience{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    epoll_event event;
    if (epoll_pwait2(publisher_epoll_, &event, 1, &patience, nullptr) > 0 && !publisher_->Pump(acknowledged_)) {
      Fail("the broker closed the publisher's connection");
    }
  }

  void Print(double server_seconds, double client_seconds) {
    const double seconds =
        static_cast<double>(std::max(deliveries_.latest_ns.load(), started_ns_ + 1) - started_ns_) / 1e9;
    const double count = static_cast<double>(deliveries_.count);
    const double readers = static_cast<double>(load_.readers);
    JsonLine()
        .Add("sent", sent_)
        .Add("seconds", seconds)
        .Add("deliveries", deliveries_.count)
        .Add("deliveries_per_s", count / seconds)
        .Add("missing", sent_ * static_cast<uint64_t>(load_.readers) - deliveries_.count)
        .Add("gaps", deliveries_.gaps)
        .Add("errors", deliveries_.errors + acknowledged_.errors())
        .Add("server_cpu_us_per_delivery", server_seconds / count * 1e6)
        .Add("client_cpu_us_per_delivery", client_seconds / count * 1e6)
        .Add("last_p50_ms", deliveries_.last_reader.PercentileUs(500) / 1e3)
        .Add("last_p99_ms", deliveries_.last_reader.PercentileUs(990) / 1e3)
        .Add("last_max_ms", deliveries_.last_reader.PercentileUs(1000) / 1e3)
        .Add("connect_s", connecting_.seconds)
        .Add("server_cpu_ms_per_connection", connecting_.cpu_seconds * 1e3 / readers)
        .Add("server_kb_per_connection", connecting_.memory_kb / readers)
        .Print();
  }

  const FanoutLoad load_;
  const uint64_t messages_max_;
  std::string payload_;
  Deliveries deliveries_;
  const int readers_epoll_;
  const int publisher_epoll_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::unique_ptr<Link> publisher_;
  Acknowledged acknowledged_;
  Connecting connecting_;
  uint64_t started_ns_ = 0;
  uint64_t sent_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace

void RunFanout(const FanoutLoad& load, const MakeLink& make_publisher, const MakeReader& make_reader) {
  FanoutRun(load).Run(make_publisher, make_reader);
}

}  // namespace muster::peers
