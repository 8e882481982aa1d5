#include <sys/epoll.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/peers/measure.h"
#include "tests/bench/peers/message.h"
#include "tests/bench/peers/works.h"

namespace muster::peers {
namespace {

constexpr int kPatienceMs = 10'000;

class Counter : public Listener {
 public:
  void OnMessage(absl::string_view payload) override {
    Stamp stamp;
    if (ReadStamp(payload, &stamp)) ++count_;
  }
  void OnAcknowledged(uint64_t /*count*/) override {}
  void OnError(absl::string_view what) override { Fail(what); }
  uint64_t count() const { return count_; }

 private:
  uint64_t count_ = 0;
};

}  // namespace

void RunReplay(uint64_t count, pid_t server, const MakeReader& make_reader) {
  Counter counter;
  const auto reader = make_reader(0);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const CpuMeter cpu(server);
  const uint64_t started_ns = NowNs();
  reader->Subscribe(From::kBeginning);
  reader->JoinEpoll(epoll, nullptr);
  epoll_event event;
  // The first answer may have been read with that of the handshake.
  bool connected = reader->Pump(counter);
  while (connected && counter.count() < count && epoll_wait(epoll, &event, 1, kPatienceMs) > 0) {
    connected = reader->Pump(counter);
  }
  const double seconds = static_cast<double>(NowNs() - started_ns) / 1e9;
  close(epoll);
  if (counter.count() < count) Fail(absl::StrCat("got ", counter.count(), " of ", count, " messages"));
  const double deliveries = static_cast<double>(counter.count());
  JsonLine()
      .Add("deliveries", counter.count())
      .Add("seconds", seconds)
      .Add("deliveries_per_s", deliveries / seconds)
      .Add("missing", uint64_t{0})
      .Add("server_cpu_us_per_delivery", cpu.server_seconds() / deliveries * 1e6)
      .Add("client_cpu_us_per_delivery", cpu.client_seconds() / deliveries * 1e6)
      .Print();
}

}  // namespace muster::peers
