// What the parts of a submission's way cost, each by itself: its bytes taken apart and looked at, its event encoded, a
// batch of events made durable, and all of it together; and a deconfliction question.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "common/wire_check.h"
#include "server/broker/event_encoding.h"
#include "server/deconfliction/space_time_index.h"
#include "server/log/local_log.h"
#include "server/log/testing/log_files.h"
#include "server/rpc/submission_intake.h"
#include "server/state/testing/test_support.h"
#include "tests/bench/commit_path.h"
#include "tests/bench/must.h"
#include "tests/bench/zones.h"

namespace muster::bench {
namespace {

v1::Submission ATally() {
  v1::Submission submission = RecordTally(MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1));
  submission.set_submission_id(EntryId(2));
  return submission;
}

void Certify(benchmark::State& state) {
  const std::string bytes = ATally().SerializeAsString();
  const WireTable& table = WireTableOf(v1::Submission::descriptor());
  for (auto _ : state) benchmark::DoNotOptimize(WireIsSound(table, bytes));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Certify);

void ParseMessage(benchmark::State& state) {
  v1::StreamSubmitRequest request;
  for (int i = 0; i < 256; ++i) *request.add_submissions() = ATally();
  const std::string bytes = request.SerializeAsString();
  for (auto _ : state) benchmark::DoNotOptimize(SubmissionIntake::Parse(bytes));
  state.SetItemsProcessed(state.iterations() * request.submissions_size());
}
BENCHMARK(ParseMessage);

void EncodeOneEvent(benchmark::State& state) {
  v1::Event event;
  event.set_sequence(1'000'000);
  *event.mutable_accepted_at() = ToProto(absl::FromUnixSeconds(1'630'033'200));
  event.set_rules_version(kRulesVersion);
  const std::string principal = PrincipalOf("ky-ago").SerializeAsString();
  const std::string submission = ATally().SerializeAsString();
  for (auto _ : state) benchmark::DoNotOptimize(EncodeEvent(event, principal, submission));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(EncodeOneEvent);

// Argument: events in a batch, each of which is durable when Append returns.
void AppendToTheLog(benchmark::State& state) {
  const TemporaryFolder folder;
  const std::unique_ptr<EventLog> log = Must(LocalLog::Open(folder.path(), {}));
  const std::string event(384, 'e');
  for (auto _ : state) {
    std::vector<EncodedEvent> events;
    for (int64_t i = 1; i <= state.range(0); ++i) {
      events.push_back({log->last_sequence() + static_cast<Sequence>(i), event});
    }
    Must(log->Append(events));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AppendToTheLog)->Arg(1)->Arg(64)->Arg(512)->UseRealTime();

// Argument: submissions in a message. The sequencer's thread works, this one waits.
void Commit(benchmark::State& state) {
  const TemporaryFolder folder;
  CommitPath path(folder.path());
  for (auto _ : state) {
    state.PauseTiming();
    std::string message = path.NextMessage(static_cast<int>(state.range(0)));
    state.ResumeTiming();
    path.Take(std::move(message));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Commit)->Arg(1)->Arg(64)->Arg(512)->MeasureProcessCPUTime()->UseRealTime();

// Argument: activities in the index.
void Ask(benchmark::State& state) {
  SpaceTimeIndex index(absl::ZeroDuration());
  ZoneGenerator zones(kZoneSeed);
  for (int64_t i = 0; i < state.range(0); ++i) index.Add({"agency", absl::StrCat(i)}, FootprintOf(zones.Next()));
  ZoneGenerator questions(kQuestionSeed);
  for (auto _ : state) benchmark::DoNotOptimize(index.Colliding(QuestionOf(questions.Next())));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Ask)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace muster::bench

BENCHMARK_MAIN();
