// What a delivery costs the broker before gRPC writes it: published, handed to its readers, drained, made a message.
#include <optional>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "server/log/testing/log_files.h"
#include "tests/bench/publish_path.h"

namespace muster::bench {
namespace {

// Arguments: readers of one audience, notices in a commit.
void FanOut(benchmark::State& state) {
  const TemporaryFolder folder;
  PublishPath feed(folder.path(), static_cast<size_t>(state.range(0)));
  for (const std::string& agency_id : feed.agency_ids()) feed.Listen(agency_id);
  Audiences::Address next = feed.Address(feed.agency_ids());
  for (auto _ : state) {
    feed.Publish(&next, static_cast<size_t>(state.range(1)));
    benchmark::DoNotOptimize(feed.TakeAll());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0) * state.range(1));
}
BENCHMARK(FanOut)
    ->Args({12, 64})
    ->Args({12, 512})
    ->Args({100, 64})
    ->Args({1000, 1})
    ->Args({1000, 64})
    ->Args({1000, 512});

// Twelve readers of an audience among as many live readers of other audiences as the argument says.
void FewAmongMany(benchmark::State& state) {
  const TemporaryFolder folder;
  PublishPath feed(folder.path(), static_cast<size_t>(state.range(0)));
  for (const std::string& agency_id : feed.agency_ids()) {
    Audiences::Address own = feed.Address({agency_id, "headquarters"});
    feed.Publish(&own, 1);
    feed.Listen(agency_id);
  }
  const std::vector<std::string> few(feed.agency_ids().begin(), feed.agency_ids().begin() + 12);
  Audiences::Address next = feed.Address(few);
  for (auto _ : state) feed.Publish(&next, 1);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(FewAmongMany)->Arg(100)->Arg(18'000)->Iterations(2'000);

}  // namespace
}  // namespace muster::bench

BENCHMARK_MAIN();
