#include "tests/scaling/storm.h"

#include <algorithm>
#include <vector>

#include "tests/scaling/agenda.h"
#include "tests/scaling/costs.h"
#include "tests/scaling/station.h"

namespace muster::scaling {
namespace {

struct Attempt {
  uint32_t agency;
};

class Storm {
 public:
  Storm(const Outage& outage, uint64_t seed)
      : outage_(outage),
        chance_(seed),
        brokers_(static_cast<size_t>(outage.brokers), Station(kStreamCores)),
        steps_(static_cast<size_t>(outage.agencies), kBackoffFirst),
        tries_(static_cast<size_t>(outage.agencies), 0) {}

  StormResult Run() {
    for (uint32_t agency = 0; agency < steps_.size(); ++agency) TryLater(agency, 0);
    while (!agenda_.empty()) Try(agenda_.Next().agency);
    const Nanos capacity = kSecond * kStreamCores * outage_.brokers;
    for (const Nanos asked : asked_by_second_) {
      result_.busiest_per_mille = std::max(result_.busiest_per_mille, asked * 1'000 / capacity);
    }
    return result_;
  }

 private:
  void TryLater(uint32_t agency, Nanos from) {
    Nanos& step = steps_[agency];
    // Backoff::Next: between half of the step and the whole of it.
    const Nanos wait = outage_.without_jitter ? step : chance_.Between(step / 2, step);
    step = std::min(2 * step, kBackoffMax);
    agenda_.Add(from + wait, {agency});
  }

  void Try(uint32_t agency) {
    const Nanos now = agenda_.now();
    if (now < outage_.lasts) return TryLater(agency, now);
    ++result_.attempts;
    const Nanos catch_up = kDeliveryAlone + outage_.missed * kDeliveryJoining;
    // Each tries the brokers of its list in turn.
    Station& broker = brokers_[(agency + tries_[agency]++) % brokers_.size()];
    const Nanos work = kHandshake + catch_up;
    const auto second = static_cast<size_t>((now - outage_.lasts) / kSecond);
    if (second >= asked_by_second_.size()) asked_by_second_.resize(second + 1);
    asked_by_second_[second] += work;
    const Station::Turn turn = broker.Serve(now, work);
    // A handshake is three crossings of the last mile, and what was missed the fourth.
    if (turn.ends - now > outage_.patience) {
      ++result_.given_up;
      return TryLater(agency, now + outage_.patience);
    }
    Nanos crossings = 0;
    for (int i = 0; i < 4; ++i) crossings += chance_.Draw(kLastMile);
    result_.reconnected.Record(turn.ends + crossings - outage_.lasts);
  }

  const Outage outage_;
  Chance chance_;
  Agenda<Attempt> agenda_;
  std::vector<Station> brokers_;
  std::vector<Nanos> steps_;
  std::vector<uint32_t> tries_;
  std::vector<Nanos> asked_by_second_;
  StormResult result_;
};

}  // namespace

StormResult RunStorm(const Outage& outage, uint64_t seed) { return Storm(outage, seed).Run(); }

}  // namespace muster::scaling
