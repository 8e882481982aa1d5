#include "client/cli/demo/tally_round.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cli/demo/subprocess.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// How long a client waits between two reports, at most. Long enough that the broker dies among them and a person can
// watch.
constexpr int kPauseMaxMs = 50;
// Of the broker, for an audience: long enough to see the dashboards say so, well below what clients wait.
constexpr absl::Duration kOutage = absl::Seconds(20);
// What somebody else may take to break and mend what serves.
constexpr absl::Duration kMiddleTimeout = absl::Minutes(3);

absl::Status CheckOutcome(const PlannedSend& send, const v1::Outcome& outcome) {
  if (outcome.has_rejected()) return ToStatus(outcome.rejected());
  if (!outcome.has_accepted()) return absl::InternalError("the broker answered without a decision");
  if (send.kind == PlannedSend::Kind::kRetry && !outcome.repeat()) {
    return absl::DataLossError("the broker did not recognise a submission that it had acknowledged before");
  }
  if (send.kind == PlannedSend::Kind::kDuplicate && !outcome.accepted().already_recorded()) {
    return absl::DataLossError("the broker did not find an entry that it had acknowledged before (rule T15)");
  }
  return absl::OkStatus();
}

class TallyRound {
 public:
  TallyRound(const PlannedTally& tally, Replay& replay) : tally_(tally), replay_(replay), random_(replay.seed) {}

  absl::StatusOr<TallyRoundReport> Run() {
    std::vector<std::thread> clients;
    for (const auto& [agency, sends] : tally_.sends) {
      const uint64_t seed = random_();
      clients.emplace_back([this, seed, name = agency, list = &sends] { RunClient(name, *list, seed); });
    }
    const absl::Status killed = BreakInTheMiddle();
    for (std::thread& client : clients) client.join();
    MUSTER_RETURN_IF_ERROR(killed);
    absl::MutexLock lock(&mu_);
    MUSTER_RETURN_IF_ERROR(first_error_);
    report_.clients = clients.size();
    report_.submissions_sent = sent_;
    report_.duplicates_injected = tally_.fault_count();
    return report_;
  }

 private:
  void RunClient(const std::string& agency, const std::vector<PlannedSend>& sends, uint64_t seed) {
    std::mt19937_64 random(seed);
    Client& client = *replay_.posts.at(agency).client;
    for (const PlannedSend& send : sends) {
      absl::SleepFor(replay_.pace.Stretch(absl::Milliseconds(static_cast<int>(random() % kPauseMaxMs))));
      if (!BeginSend()) break;
      const absl::StatusOr<v1::Outcome> outcome = client.Submit(send.submission);
      EndSend(agency, outcome.ok() ? CheckOutcome(send, *outcome) : outcome.status());
    }
    absl::MutexLock lock(&mu_);
    ++finished_;
  }

  // False when the round has failed.
  bool BeginSend() {
    absl::MutexLock lock(&mu_);
    if (!first_error_.ok()) return false;
    ++sent_;
    ++in_flight_;
    return true;
  }

  void EndSend(const std::string& agency, const absl::Status& status) {
    absl::MutexLock lock(&mu_);
    --in_flight_;
    if (!status.ok()) {
      if (first_error_.ok()) first_error_ = While(absl::StrCat(agency, " posting a tally"), status);
      return;
    }
    ++acknowledged_;
    replay_.progress.Update(
        absl::StrCat(acknowledged_, " of ", tally_.send_count(), " submissions acknowledged; the latest by ", agency));
  }

  // Once a third to a half of all is acknowledged. The clients notice nothing but a wait.
  absl::Status BreakInTheMiddle() {
    const size_t all = tally_.send_count();
    const size_t kill_at = all / 3 + random_() % (all / 6 + 1);
    {
      absl::MutexLock lock(&mu_);
      auto reached = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return acknowledged_ >= kill_at || AllFinished(); };
      mu_.Await(absl::Condition(&reached));
    }
    if (replay_.own_broker != nullptr) return KillBroker(*replay_.own_broker);
    return replay_.in_the_middle.empty() ? absl::OkStatus() : HaveItBroken();
  }

  // Somebody else breaks and mends what serves, while the clients go on.
  absl::Status HaveItBroken() {
    replay_.progress.Say(absl::StrCat("in the middle: ", absl::StrJoin(replay_.in_the_middle, " ")));
    const size_t before = acknowledged();
    MUSTER_ASSIGN_OR_RETURN(const auto program,
                            Subprocess::Start(replay_.in_the_middle, absl::StrCat(replay_.log_folder, "/middle.log")));
    MUSTER_ASSIGN_OR_RETURN(const int status, program->Wait(kMiddleTimeout));
    if (status != 0) {
      return absl::InternalError(
          absl::StrCat(replay_.in_the_middle[0], " ended with status ", status, ": ", program->LogTail()));
    }
    report_.sent_meanwhile = acknowledged() - before;
    replay_.progress.Say(
        absl::StrCat("it is over; ", report_.sent_meanwhile, " submissions were acknowledged meanwhile"));
    return absl::OkStatus();
  }

  // The broker hangs, so that calls pile up whose fate nobody knows, then it is killed, then it is started on the same
  // data and port.
  absl::Status KillBroker(BrokerProcess& broker) {
    broker.Freeze();
    size_t acknowledged = 0;
    {
      absl::MutexLock lock(&mu_);
      auto piled_up = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
        return in_flight_ >= std::min<size_t>(6, tally_.sends.size()) || AllFinished();
      };
      mu_.AwaitWithTimeout(absl::Condition(&piled_up), absl::Seconds(5));
      report_.cut_off = in_flight_;
      acknowledged = acknowledged_;
    }
    broker.Kill();
    replay_.progress.Say(absl::StrCat("kill -9: the broker is gone, ", acknowledged, " submissions acknowledged, ",
                                      report_.cut_off, " calls without an answer"));
    replay_.pace.Hold(kOutage);
    MUSTER_RETURN_IF_ERROR(While("starting the broker again", broker.Start()));
    ++report_.broker_restarts;
    replay_.progress.Say(absl::StrCat("the broker is back at ", broker.address(), " with the same data"));
    return absl::OkStatus();
  }

  size_t acknowledged() const {
    absl::MutexLock lock(&mu_);
    return acknowledged_;
  }

  bool AllFinished() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return finished_ == tally_.sends.size(); }

  const PlannedTally& tally_;
  Replay& replay_;
  std::mt19937_64 random_;   // Main thread only.
  TallyRoundReport report_;  // Main thread only.
  mutable absl::Mutex mu_;
  size_t sent_ ABSL_GUARDED_BY(mu_) = 0;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  size_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
  size_t finished_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status first_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<TallyRoundReport> RunTallyRound(const PlannedTally& tally, Replay& replay) {
  replay.progress.Step(absl::StrCat("Posting ", tally.send_count(), " tally submissions from ", tally.sends.size(),
                                    " clients at once, ", tally.fault_count(), " of them repeats"));
  return TallyRound(tally, replay).Run();
}

absl::Status SendAfterwards(const PlannedTally& tally, Replay& replay, TallyRoundReport* report) {
  for (const auto& [agency, send] : tally.afterwards) {
    const absl::StatusOr<v1::Outcome> outcome = replay.client(agency).Submit(send.submission);
    const absl::Status status = outcome.ok() ? CheckOutcome(send, *outcome) : outcome.status();
    MUSTER_RETURN_IF_ERROR(While(absl::StrCat(agency, " sending a correction"), status));
    replay.pace.Hold(absl::Seconds(3));
    ++report->submissions_sent;
    if (send.kind != PlannedSend::Kind::kOriginal) ++report->duplicates_injected;
  }
  return absl::OkStatus();
}

}  // namespace muster
