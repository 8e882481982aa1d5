// What the feed store costs per notice of 256 bytes: appending in batches, reading on, and finding a position.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "server/broker/feed_store.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

constexpr uint64_t kHistory = 200'000;

// A feed in a folder of its own, whose notices go to so many audiences in turn.
class Feed {
 public:
  explicit Feed(AudienceId audiences) : store_(*FeedStore::Open(folder_.path())), ranks_(audiences, 0) {}

  // The next `count` notices, each of an event of its own.
  absl::Span<const FeedRow> Next(uint64_t count) {
    rows_.clear();
    for (uint64_t i = 0; i < count; ++i) {
      const auto audience = static_cast<AudienceId>(++sequence_ % ranks_.size());
      rows_.push_back({sequence_, audience, ++ranks_[audience], bytes_});
    }
    return rows_;
  }

  void Append(absl::Span<const FeedRow> rows) {
    if (!store_->Append(sequence_, rows).ok()) std::abort();
  }

  void Fill(uint64_t notices, uint64_t batch) {
    while (store_->last_id() < notices) Append(Next(batch));
  }

  FeedStore* store() { return store_.get(); }

 private:
  const TemporaryFolder folder_;
  const std::string bytes_ = std::string(256, 'n');
  std::unique_ptr<FeedStore> store_;
  std::vector<uint64_t> ranks_;
  std::vector<FeedRow> rows_;
  Sequence sequence_ = 0;
};

void CountNotices(uint64_t notices, benchmark::State* state) {
  state->counters["s/notice"] =
      benchmark::Counter(static_cast<double>(notices), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Append(benchmark::State& state) {
  const auto batch = static_cast<uint64_t>(state.range(0));
  Feed feed(static_cast<AudienceId>(state.range(1)));
  for (auto _ : state) {
    state.PauseTiming();
    const absl::Span<const FeedRow> rows = feed.Next(batch);
    state.ResumeTiming();
    feed.Append(rows);
  }
  CountNotices(feed.store()->last_id(), &state);
}
BENCHMARK(Append)->ArgNames({"batch", "audiences"})->ArgsProduct({{1, 12, 64, 512}, {12, 18'000}});

void Replay(benchmark::State& state) {
  Feed feed(12);
  feed.Fill(kHistory, static_cast<uint64_t>(state.range(0)));
  const std::unique_ptr<FeedReader> reader = *feed.store()->NewReader();
  size_t bytes = 0;
  FeedId after = 0;
  uint64_t read = 0;
  for (auto _ : state) {
    if (after == feed.store()->last_id()) after = 0;
    const auto visit = [&](FeedId id, const FeedRow& row, const FeedReader::Block&) {
      bytes += row.bytes.size();
      after = id;
      ++read;
      return true;
    };
    if (!reader->ReadAfter(after, feed.store()->last_id(), 4096, visit).ok()) std::abort();
  }
  benchmark::DoNotOptimize(bytes);
  CountNotices(read, &state);
}
BENCHMARK(Replay)->ArgName("batch")->Arg(1)->Arg(12)->Arg(64)->Arg(512);

// Of an agency in a tenth of the audiences, anywhere in the history.
void Seek(benchmark::State& state) {
  const auto audiences = static_cast<AudienceId>(state.range(1));
  Feed feed(audiences);
  feed.Fill(kHistory, static_cast<uint64_t>(state.range(0)));
  const std::unique_ptr<FeedReader> reader = *feed.store()->NewReader();
  std::vector<AudienceId> ours;
  for (AudienceId id = 0; id < audiences; id += 10) ours.push_back(id);
  const uint64_t deliveries = kHistory / audiences * ours.size();
  uint64_t position = 0;
  for (auto _ : state) {
    position = (position + 7919) % deliveries;
    if (!reader->Seek(ours, position).ok()) std::abort();
  }
}
BENCHMARK(Seek)->ArgNames({"batch", "audiences"})->ArgsProduct({{1, 64}, {12, 1'000, 18'000}});

}  // namespace
}  // namespace muster

BENCHMARK_MAIN();
