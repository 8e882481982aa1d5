#include "tests/scaling/peak.h"

#include <algorithm>
#include <utility>

#include "tests/scaling/agenda.h"
#include "tests/scaling/costs.h"
#include "tests/scaling/station.h"

namespace muster::scaling {
namespace {

constexpr Nanos kSlot = 100 * kMillisecond;
constexpr uint16_t kAllOfCell = 0xFFFF;

enum class What : uint8_t {
  kPost,        // An agency of `cell` posts: `subject` is not there yet.
  kNationalGo,  // Cell 0 gives it.
  kAtBroker,    // The post has arrived where its agency is connected: broker `peer` of `cell`.
  kForwarded,   // It has arrived at the leader of its home cell.
  kQueued,      // The leader has read it.
  kCommitted,   // The batch `subject` of `cell` is durable and applied by the leader.
  kSeen,        // Follower `peer` of `cell` has read the batch `subject`.
  kApplied,     // And applied it.
  kOnWire,      // The notice leaves `cell` for cell `peer`.
  kAtRelay,     // And has arrived at the relay of `cell`.
  kFromRelay,   // And at broker `peer` of `cell`.
};

struct Step {
  What what;
  uint16_t cell;
  uint16_t peer = 0;
  uint16_t only = kAllOfCell;  // The one reader for whom it is (a planted fault).
  uint32_t subject = 0;        // A notice, or a batch.
  uint32_t readers = 0;
};

struct Notice {
  uint32_t operation;
  uint32_t audience;  // The first so many participants.
  Reader sender;
  Nanos sent_at;
  Nanos accepted_at = 0;
  Nanos last_within = 0;
  Nanos last_across = 0;
  uint32_t left = 0;  // Readers who do not have it yet.
};

// What one reader was to get and got: counts, and sums of what the notices' numbers are hashed to.
struct ReaderLedger {
  Nanos message_begins = 0;  // When the message that waits for it, if any, begins to be written.
  uint64_t due_sum = 0;
  uint64_t arrived_sum = 0;
  uint32_t due = 0;
  uint32_t arrived = 0;
};

struct Cell {
  std::vector<Station> streams;  // One for each broker; broker 0 leads.
  std::vector<Station> applies;  // The followers'.
  Station decides{1};
  Station relay{kRelayCores};
  Station wire{1};
  std::vector<uint32_t> queue;  // Notices that wait for the leader's next commit.
  bool commits = false;
};

// Steele and others, "Fast splittable pseudorandom number generators" (2014): mix64.
uint64_t Hash(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

class Peak {
 public:
  Peak(const Load& load, uint64_t seed) : load_(load), chance_(seed), country_(MakeCountry(load, chance_)) {
    const auto cells = static_cast<size_t>(load.cells);
    const auto brokers = static_cast<size_t>(load.brokers_per_cell);
    cells_.resize(cells);
    for (Cell& cell : cells_) {
      cell.streams.assign(brokers, Station(kStreamCores));
      cell.applies.assign(brokers, Station());
    }
    ledgers_.resize(cells * static_cast<size_t>(load.agencies_per_cell));
    readers_of_cell_.resize(cells);
  }

  PeakResult Run() {
    for (uint16_t cell = 0; cell < load_.cells; ++cell) AddNextPost(cell);
    if (load_.national_go) agenda_.Add(load_.window / 2, {What::kNationalGo, 0});
    while (!agenda_.empty()) Take(agenda_.Next());
    Conclude();
    return std::move(result_);
  }

 private:
  void Take(const Step& step) {
    switch (step.what) {
      case What::kPost:
        return Post(step.cell);
      case What::kNationalGo:
        return GiveNationalGo();
      case What::kAtBroker:
        return AtBroker(step);
      case What::kForwarded:
        return Queue(step, kCall);
      case What::kQueued:
        return Queued(step);
      case What::kCommitted:
        return Committed(step);
      case What::kSeen:
        return Seen(step);
      case What::kApplied:
        return FanOut(step.cell, step.peer, step.subject);
      case What::kOnWire:
        return OnWire(step);
      case What::kAtRelay:
        return AtRelay(step);
      case What::kFromRelay:
        return WriteToReaders(step.cell, step.peer, step.subject, step.only);
    }
  }

  // ---- Posting, up to the commit ---------------------------------------------------------------------------------

  void AddNextPost(uint16_t cell) {
    const Nanos at = agenda_.now() + chance_.Exponential(kSecond / load_.posts_per_second);
    if (at < load_.window) agenda_.Add(at, {What::kPost, cell});
  }

  void Post(uint16_t cell) {
    // Half are readiness, read by a quarter of the participants; four in ten are tallies, read by all; one in ten is an
    // alert, read by its two parties and the watch desk; one in a thousand is an activity at the border of the next
    // cell.
    const uint32_t kind = chance_.Below(1'000);
    const auto per_cell = static_cast<uint32_t>(country_.operations_per_cell);
    const uint32_t operation = kind == 999 ? country_.Border(cell) : cell * per_cell + chance_.Below(per_cell);
    const auto size = static_cast<uint32_t>(country_.operations[operation].participants.size());
    const uint32_t audience = kind < 500 ? std::max(3u, size / 4) : kind < 900 || kind == 999 ? size : 3;
    Send(operation, audience, country_.operations[operation].participants[chance_.Below(size)]);
    AddNextPost(cell);
  }

  void GiveNationalGo() {
    const Operation& everyone = country_.operations[country_.national];
    Send(country_.national, static_cast<uint32_t>(everyone.participants.size()), everyone.participants.front());
  }

  void Send(uint32_t operation, uint32_t audience, Reader sender) {
    ++result_.posts;
    notices_.push_back({operation, audience, sender, agenda_.now()});
    Count(kUp, agenda_.now(), 1, kRecordBytes + kFrameBytes);
    agenda_.Add(agenda_.now() + chance_.Draw(kLastMile), {What::kAtBroker, sender.cell, BrokerOf(sender), kAllOfCell,
                                                          static_cast<uint32_t>(notices_.size() - 1)});
  }

  void AtBroker(const Step& step) {
    const uint16_t home = HomeOf(step.subject);
    if (step.cell == home && step.peer == 0) return Queue(step, kCall);
    // Read here, and sent on: two calls for this broker.
    const Nanos done = StreamsOf(step.cell, step.peer).Serve(agenda_.now(), 2 * kCall).ends;
    const bool within = step.cell == home;
    Count(within ? kInCell : kAcross, done, 1, kRecordBytes + kFrameBytes);
    const Nanos link = within ? kWithinCell : chance_.Between(kBetweenCellsMin, kBetweenCellsMax);
    agenda_.Add(done + link, {What::kForwarded, home, 0, kAllOfCell, step.subject});
  }

  void Queue(const Step& step, Nanos call) {
    const Nanos done = StreamsOf(step.cell, 0).Serve(agenda_.now(), call).ends;
    agenda_.Add(done, {What::kQueued, step.cell, 0, kAllOfCell, step.subject});
  }

  void Queued(const Step& step) {
    Cell& cell = cells_[step.cell];
    cell.queue.push_back(step.subject);
    if (!cell.commits) Commit(step.cell);
  }

  // One commit is in flight; what comes meanwhile is the next batch.
  void Commit(uint16_t at_cell) {
    Cell& cell = cells_[at_cell];
    const size_t size = std::min<size_t>(cell.queue.size(), kBatchEventsMax);
    batches_.emplace_back(cell.queue.begin(), cell.queue.begin() + static_cast<std::ptrdiff_t>(size));
    cell.queue.erase(cell.queue.begin(), cell.queue.begin() + static_cast<std::ptrdiff_t>(size));
    cell.commits = true;
    const auto events = static_cast<Nanos>(size);
    const Nanos takes = chance_.Draw(alone() ? kLocalCommit : kCommit) + events * kApply;
    // What counts against its capacity is what it would take in a full batch: a small one wastes nothing that is
    // needed.
    cell.decides.Serve(agenda_.now(), events * (kApply + (alone() ? kLocalCommitMean : kCommitMean) / kBatchEventsMax));
    const auto batch = static_cast<uint32_t>(batches_.size() - 1);
    agenda_.Add(agenda_.now() + takes, {What::kCommitted, at_cell, 0, kAllOfCell, batch});
  }

  void Committed(const Step& step) {
    Cell& cell = cells_[step.cell];
    const std::vector<uint32_t>& batch = batches_[step.subject];
    for (const uint32_t notice : batch) Accept(notice);
    FanOut(step.cell, 0, step.subject);
    if (!alone()) {
      // To etcd's leader, from it to its two other members, and to each follower.
      const int64_t bytes = static_cast<int64_t>(batch.size()) * kRecordBytes + kFrameBytes;
      const int64_t messages = 3 + load_.brokers_per_cell - 1;
      Count(kInCell, agenda_.now(), messages, messages * bytes);
    }
    for (uint16_t follower = 1; follower < load_.brokers_per_cell; ++follower) {
      // A wake-up, and the read that it causes.
      agenda_.Add(agenda_.now() + 2 * kWithinCell, {What::kSeen, step.cell, follower, kAllOfCell, step.subject});
    }
    cell.commits = false;
    if (!cell.queue.empty()) Commit(step.cell);
  }

  void Accept(uint32_t number) {
    Notice& notice = notices_[number];
    const Operation& operation = country_.operations[notice.operation];
    notice.accepted_at = agenda_.now();
    notice.left = notice.audience;
    for (uint32_t i = 0; i < notice.audience; ++i) {
      ReaderLedger& ledger = LedgerOf(operation.participants[i]);
      ++ledger.due;
      ledger.due_sum += Hash(number);
    }
    const bool within = notice.sender.cell == operation.home;
    const bool forwarded = !within || BrokerOf(notice.sender) != 0;
    const Nanos back = within ? kWithinCell : chance_.Between(kBetweenCellsMin, kBetweenCellsMax);
    const Nanos told_at = agenda_.now() + (forwarded ? back : 0) + chance_.Draw(kLastMile);
    (within ? result_.ack_within : result_.ack_across).Record(told_at - notice.sent_at);
    if (forwarded) Count(within ? kInCell : kAcross, agenda_.now(), 1, kFrameBytes);
    Count(kDown, agenda_.now(), 1, kFrameBytes);
  }

  // ---- From the commit to the readers ----------------------------------------------------------------------------

  void Seen(const Step& step) {
    const auto events = static_cast<Nanos>(batches_[step.subject].size());
    const Nanos done = cells_[step.cell].applies[step.peer].Serve(agenda_.now(), events * kApply).ends;
    agenda_.Add(done, {What::kApplied, step.cell, step.peer, kAllOfCell, step.subject});
  }

  // A broker of the home cell: its own readers, and the relays that are subscribed at it.
  void FanOut(uint16_t cell, uint16_t broker, uint32_t batch) {
    const std::vector<uint32_t>& notices = batches_[batch];
    for (const uint32_t notice : notices) {
      WriteToReaders(cell, broker, notice, kAllOfCell);
      WriteToRelays(cell, broker, notice);
    }
  }

  void WriteToRelays(uint16_t home, uint16_t broker, uint32_t number) {
    std::fill(readers_of_cell_.begin(), readers_of_cell_.end(), 0);
    const Notice& notice = notices_[number];
    const std::vector<Reader>& participants = country_.operations[notice.operation].participants;
    for (uint32_t i = 0; i < notice.audience; ++i) {
      const Reader reader = participants[i];
      if (reader.cell == home || reader.cell % load_.brokers_per_cell != broker) continue;
      ++readers_of_cell_[reader.cell];
      if (load_.relay_for_each_agency)
        WriteToRelay({What::kOnWire, home, reader.cell, reader.index, number, 1}, broker);
    }
    if (load_.relay_for_each_agency) return;
    for (uint16_t cell = 0; cell < load_.cells; ++cell) {
      const uint32_t readers = readers_of_cell_[cell];
      if (readers > 0) WriteToRelay({What::kOnWire, home, cell, kAllOfCell, number, readers}, broker);
    }
  }

  void WriteToRelay(const Step& step, uint16_t broker) {
    agenda_.Add(StreamsOf(step.cell, broker).Serve(agenda_.now(), kDeliveryAlone).ends, step);
  }

  void OnWire(const Step& step) {
    // One notice, and what each of its readers in that cell needs to prove that none is missing.
    const int64_t bytes = kRecordBytes + kFrameBytes + kReaderHeaderBytes * step.readers;
    const Nanos sent = cells_[step.cell].wire.Serve(agenda_.now(), bytes * kBetweenCellsPerByte).ends;
    Count(kAcross, sent, 1, bytes);
    Step arrival = step;
    arrival.what = What::kAtRelay;
    arrival.cell = step.peer;
    const Nanos at = sent + chance_.Between(kBetweenCellsMin, kBetweenCellsMax);
    agenda_.Add(at, arrival);
    if (load_.relay_sends_twice) agenda_.Add(at, arrival);
  }

  void AtRelay(const Step& step) {
    const Nanos done = cells_[step.cell].relay.Serve(agenda_.now(), kCall).ends;
    for (uint16_t broker = 0; broker < load_.brokers_per_cell; ++broker) {
      if (step.only != kAllOfCell && step.only % load_.brokers_per_cell != broker) continue;
      const int64_t readers = step.readers / load_.brokers_per_cell + 1;
      Count(kInCell, done, 1, kRecordBytes + kFrameBytes + kReaderHeaderBytes * readers);
      agenda_.Add(done + kWithinCell, {What::kFromRelay, step.cell, broker, step.only, step.subject});
    }
  }

  void WriteToReaders(uint16_t cell, uint16_t broker, uint32_t number, uint16_t only) {
    const Notice& notice = notices_[number];
    const std::vector<Reader>& participants = country_.operations[notice.operation].participants;
    for (uint32_t i = 0; i < notice.audience; ++i) {
      const Reader reader = participants[i];
      if (reader.cell != cell || BrokerOf(reader) != broker) continue;
      if (only == kAllOfCell || only == reader.index) Deliver(reader, number);
    }
  }

  void Deliver(Reader reader, uint32_t number) {
    ReaderLedger& ledger = LedgerOf(reader);
    const bool joins = ledger.message_begins > agenda_.now();
    Station& streams = StreamsOf(reader.cell, BrokerOf(reader));
    const Station::Turn turn = streams.Serve(agenda_.now(), joins ? kDeliveryJoining : kDeliveryAlone);
    if (!joins) ledger.message_begins = turn.begins;
    ++ledger.arrived;
    ledger.arrived_sum += Hash(number);
    ++result_.deliveries_arrived;
    result_.deliveries_joining += joins ? 1 : 0;
    Count(kDown, turn.ends, joins ? 0 : 1, kRecordBytes + kReaderHeaderBytes + (joins ? 0 : kFrameBytes));
    Arrive(reader, notices_[number], turn.ends + chance_.Draw(kLastMile));
  }

  void Arrive(Reader reader, Notice& notice, Nanos at) {
    const bool national = notice.operation == country_.national;
    if (national) result_.national.Record(at - notice.sent_at);
    Nanos& last = reader.cell == HomeOf(notice) ? notice.last_within : notice.last_across;
    last = std::max(last, at);
    if (--notice.left > 0 || national) return;
    if (notice.last_within > 0) result_.last_within.Record(notice.last_within - notice.accepted_at);
    if (notice.last_across > 0) result_.last_across.Record(notice.last_across - notice.accepted_at);
  }

  // ---- The account -------------------------------------------------------------------------------------------------

  void Conclude() {
    result_.events_simulated = agenda_.steps_taken();
    for (const ReaderLedger& ledger : ledgers_) {
      result_.deliveries_due += ledger.due;
      if (ledger.due != ledger.arrived || ledger.due_sum != ledger.arrived_sum) ++result_.readers_wrong;
    }
    Utilisation& most = result_.utilisation;
    const auto raise = [this](int64_t& to, const Station& station) {
      to = std::max(to, station.UtilisationPerMille(load_.window));
    };
    for (const Cell& cell : cells_) {
      raise(most.leader_decides, cell.decides);
      raise(most.leader_streams, cell.streams[0]);
      for (size_t follower = 1; follower < cell.streams.size(); ++follower) {
        raise(most.follower_applies, cell.applies[follower]);
        raise(most.follower_streams, cell.streams[follower]);
      }
      raise(most.relay, cell.relay);
      raise(most.wire_between_cells, cell.wire);
    }
  }

  void Count(LinkClass link, Nanos at, int64_t messages, int64_t bytes) {
    result_.traffic[link].Add(at, messages, bytes);
  }

  bool alone() const { return load_.brokers_per_cell == 1; }
  uint16_t BrokerOf(Reader reader) const { return static_cast<uint16_t>(reader.index % load_.brokers_per_cell); }
  uint16_t HomeOf(const Notice& notice) const { return country_.operations[notice.operation].home; }
  uint16_t HomeOf(uint32_t notice) const { return HomeOf(notices_[notice]); }
  Station& StreamsOf(uint16_t cell, uint16_t broker) { return cells_[cell].streams[broker]; }
  ReaderLedger& LedgerOf(Reader reader) {
    return ledgers_[static_cast<size_t>(reader.cell) * static_cast<size_t>(load_.agencies_per_cell) + reader.index];
  }

  const Load load_;
  Chance chance_;
  const Country country_;
  Agenda<Step> agenda_;
  std::vector<Cell> cells_;
  std::vector<ReaderLedger> ledgers_;
  std::vector<Notice> notices_;
  std::vector<std::vector<uint32_t>> batches_;
  std::vector<uint32_t> readers_of_cell_;  // Used by WriteToRelays alone.
  PeakResult result_;
};

}  // namespace

void Traffic::Add(Nanos at, int64_t messages, int64_t bytes) {
  const auto slot = static_cast<size_t>(at / kSlot);
  if (slot >= slots.size()) slots.resize(slot + 1);
  slots[slot].messages += messages;
  slots[slot].bytes += bytes;
}

int64_t Traffic::messages() const {
  int64_t sum = 0;
  for (const Slot& slot : slots) sum += slot.messages;
  return sum;
}

int64_t Traffic::bytes() const {
  int64_t sum = 0;
  for (const Slot& slot : slots) sum += slot.bytes;
  return sum;
}

Traffic::Slot Traffic::Peak() const {
  Slot peak;
  for (const Slot& slot : slots) {
    peak.messages = std::max(peak.messages, slot.messages);
    peak.bytes = std::max(peak.bytes, slot.bytes);
  }
  return peak;
}

int64_t Utilisation::Highest() const {
  return std::max({leader_decides, leader_streams, follower_applies, follower_streams, relay, wire_between_cells});
}

PeakResult RunPeak(const Load& load, uint64_t seed) { return Peak(load, seed).Run(); }

}  // namespace muster::scaling
