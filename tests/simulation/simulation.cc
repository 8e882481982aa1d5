#include "tests/simulation/simulation.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/error_reason.h"
#include "common/sha256.h"
#include "gtest/gtest.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

constexpr int kSteps = 25;
constexpr size_t kEntryIds = 100;

std::string FeedFile(const std::string& folder) { return absl::StrCat(folder, "/feed.db"); }

}  // namespace

void SimulationStats::Add(const SimulationStats& other) {
  submissions += other.submissions;
  sends += other.sends;
  accepted += other.accepted;
  rejected += other.rejected;
  repeats += other.repeats;
  gaps += other.gaps;
  refused += other.refused;
  fate_unknown += other.fate_unknown;
  answers_lost += other.answers_lost;
  restarts += other.restarts;
  snapshots_lost += other.snapshots_lost;
  feeds_lost += other.feeds_lost;
  deliveries += other.deliveries;
}

Simulation::Simulation(uint32_t seed) : random_(seed), clock_(World().clock().Now()) {
  options_.data_dir = folder_.path();
  options_.genesis = TestGenesis();
  options_.sequencer.batch_events_max = 16;
  options_.snapshot_every_events = ~uint64_t{0} >> 1;
  for (const char* agency_id : {kRegistrar, "lead", "ky-ago", "nd-bci", "ky-prosecutor"}) {
    clients_.emplace_back().agency_id = agency_id;
  }
  for (const char* numbering : {"ky-ago", "lead"}) {
    ClientOf(numbering).outbox_id = TestUuid(clock_.Now(), ++ids_made_);
  }
}

void Simulation::Run() {
  Open(std::make_unique<MemoryLog>());
  SetUp();
  for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
    MoveClock();
    MakeSubmissions();
    PlanAFault();
    SendAndHear(ChooseWhatToSend(), /*answers_may_be_lost=*/true);
    if (OneIn(3)) ReadFeed(&clients_[Pick(clients_.size())]);
    if (broker_failed_ || OneIn(10)) Restart();
    if (broker_ == nullptr) return;  // It refused to start.
  }
  Restart();  // Without faults from here on.
  if (broker_ == nullptr) return;
  for (int attempts = 0; attempts < 3; ++attempts) {
    std::vector<Sent> rest;
    for (Client& client : clients_) {
      for (const v1::Submission& submission : client.undecided) rest.push_back({&client, submission});
    }
    SendAndHear(rest, /*answers_may_be_lost=*/false);
  }
  for (const Client& client : clients_) EXPECT_TRUE(client.undecided.empty()) << client.agency_id << " waits for ever";
  EXPECT_EQ(acknowledged_.size(), stats_.submissions);
  Restart();
  if (broker_ != nullptr) broker_->Stop();
}

std::string Simulation::LogDigest() const {
  std::string all;
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(*log_);
  for (const EncodedEvent& event : *events) absl::StrAppend(&all, event.sequence, ":", event.bytes, "\n");
  return Sha256Hex(all);
}

void Simulation::Open(std::unique_ptr<MemoryLog> log) {
  log_ = log.get();
  absl::StatusOr<std::unique_ptr<Broker>> broker = Broker::Open(options_, std::move(log), &clock_);
  ASSERT_EQ(broker.status(), absl::OkStatus());
  broker_ = *std::move(broker);
  broker_->Start({});
  broker_failed_ = false;
}

// The operation that everything is about.
void Simulation::SetUp() {
  World world;
  SetUpOperation(&world);
  Answers answers;
  for (const v1::Event& event : SubmittedTo(world)) {
    broker_->Submit(answers.Expect(event.principal(), event.submission()));
  }
  for (const absl::StatusOr<v1::Outcome>& answer : answers.Wait()) ASSERT_TRUE(answer.ok() && answer->has_accepted());
}

void Simulation::MoveClock() {
  clock_.Advance(absl::Milliseconds(Pick(60'000)));
  if (OneIn(10)) clock_.Advance(absl::Minutes(30) - absl::Minutes(Pick(60)));
}

void Simulation::MakeSubmissions() {
  for (Client& client : clients_) {
    for (size_t i = Pick(3); i > 0; --i) {
      v1::Submission submission = RandomSubmission(client);
      submission.set_submission_id(TestUuid(clock_.Now(), ++ids_made_));
      if (!client.outbox_id.empty()) {
        v1::OutboxNumber* place = submission.mutable_outbox_number();
        place->set_outbox_id(client.outbox_id);
        place->set_number(++client.numbers_made);
      }
      client.undecided.push_back(std::move(submission));
      ++stats_.submissions;
    }
  }
}

v1::Submission Simulation::RandomSubmission(const Client& client) {
  const std::vector<std::string> others = {"ky-ago", "nd-bci", "ky-prosecutor", "auditor", "observer"};
  const std::string& other = others[Pick(others.size())];
  // Mostly what the client may do.
  const size_t first = client.agency_id == kRegistrar ? 0 : client.agency_id == "lead" ? 2 : 5;
  switch (OneIn(8) ? Pick(10) : first + Pick(10 - first)) {
    case 0:
      return RegisterAgency(OneIn(2) ? absl::StrCat("new-", Pick(5)) : other, "KY");
    case 1:
      return SetStanding(other, OneIn(4) ? v1::AGENCY_STANDING_SUSPENDED : v1::AGENCY_STANDING_ACTIVE);
    case 2:
      return AmendPlan(static_cast<uint32_t>(1 + Pick(4)), v1::SECTION_CHANGE_MATERIAL,
                       {MakeSection("situation", absl::StrCat("As of ", ids_made_), {v1::ROLE_PARTICIPANT}, {},
                                    OneIn(2) ? std::vector<std::string>{other} : std::vector<std::string>{})});
    case 3:
      return SetParticipant(other, OneIn(4) ? v1::ROLE_OBSERVER : v1::ROLE_PARTICIPANT, {"ky-1"});
    case 4:
      return OneIn(3) ? RemoveParticipant(other) : SetPhase(v1::OPERATION_PHASE_ARMED);
    case 5:
      return broker_->WithState([&client](const State& state) {
        const OperationRecord& operation = *state.FindOperation(kTestOperation);
        const v1::Participant* participant = operation.FindParticipant(client.agency_id);
        return participant == nullptr ? AcknowledgePlan({}) : AcknowledgePlan(operation.plan().ViewFor(*participant));
      });
    case 6:
      return CorrectTally(EntryId(Pick(kEntryIds)), {RandomEntry(client.agency_id)});
    default:
      return RecordTally(RandomEntry(client.agency_id));
  }
}

v1::TallyEntry Simulation::RandomEntry(const std::string& agency_id) {
  return MakeEntry(EntryId(Pick(kEntryIds)), agency_id, agency_id == "nd-bci" ? "nd-1" : "ky-1",
                   v1::TALLY_CATEGORY_ARREST_BUYER, static_cast<uint32_t>(1 + Pick(9)));
}

// Some of what each client waits for, in its order, with some of it sent twice; the clients interleaved.
std::vector<Simulation::Sent> Simulation::ChooseWhatToSend() {
  std::vector<std::vector<Sent>> queues;
  for (Client& client : clients_) {
    std::vector<Sent>& queue = queues.emplace_back();
    for (const v1::Submission& submission : client.undecided) {
      const bool numbered = !client.outbox_id.empty();
      if (OneIn(numbered ? 30 : 4)) continue;  // What a numbering client leaves out makes a gap.
      queue.push_back({&client, submission});
      if (OneIn(6)) queue.push_back({&client, submission});
      if (numbered && OneIn(12)) break;
    }
    if (!client.decided.empty() && OneIn(4)) queue.push_back({&client, client.decided[Pick(client.decided.size())]});
  }
  std::vector<Sent> sent;
  while (!queues.empty()) {
    std::vector<Sent>& queue = queues[Pick(queues.size())];
    if (queue.empty()) {
      std::swap(queue, queues.back());
      queues.pop_back();
      continue;
    }
    sent.push_back(std::move(queue.front()));
    queue.erase(queue.begin());
  }
  return sent;
}

void Simulation::PlanAFault() {
  switch (Pick(12)) {
    case 0:
      log_->RefuseNextAppend(absl::ResourceExhaustedError("the simulated disk is full"));
      break;
    case 1:
      log_->LoseNextAppend(MemoryLog::Fate::kWritten);
      break;
    case 2:
      log_->LoseNextAppend(MemoryLog::Fate::kNotWritten);
      break;
    default:
      break;
  }
}

void Simulation::SendAndHear(const std::vector<Sent>& sent, bool answers_may_be_lost) {
  Answers answers;
  std::vector<PendingSubmission> pending;
  for (const Sent& one : sent) pending.push_back(answers.Expect(one.client->agency_id, one.submission));
  stats_.sends += sent.size();
  broker_->SubmitAll(std::move(pending));
  const std::vector<absl::StatusOr<v1::Outcome>> heard = answers.Wait();
  for (size_t i = 0; i < sent.size(); ++i) Hear(sent[i], heard[i], answers_may_be_lost && OneIn(8));
}

void Simulation::Hear(const Sent& sent, const absl::StatusOr<v1::Outcome>& answer, bool lost) {
  if (!answer.ok()) {
    const v1::ErrorReason reason = RejectedOf(answer.status()).reason();
    EXPECT_TRUE(reason == v1::ERROR_REASON_STORAGE_FULL || reason == v1::ERROR_REASON_FATE_UNKNOWN) << answer.status();
    const bool fate_unknown = reason == v1::ERROR_REASON_FATE_UNKNOWN;
    broker_failed_ |= fate_unknown;
    ++(fate_unknown ? stats_.fate_unknown : stats_.refused);
    return;
  }
  if (answer->rejected().reason() == v1::ERROR_REASON_OUTBOX_GAP) {
    ++stats_.gaps;  // Not a decision: what is missing comes first.
    return;
  }
  v1::Outcome outcome = *answer;
  if (outcome.repeat()) ++stats_.repeats;
  outcome.set_repeat(false);
  // It has left the broker, so it must stand, whether or not anyone hears it.
  const std::string key = DecisionKey(sent.client->agency_id, sent.submission.submission_id());
  const auto [it, first] = acknowledged_.emplace(key, outcome.SerializeAsString());
  EXPECT_EQ(it->second, outcome.SerializeAsString()) << key << " was decided differently before";
  if (first) ++(outcome.has_accepted() ? stats_.accepted : stats_.rejected);
  if (lost) {
    ++stats_.answers_lost;
    return;
  }
  std::deque<v1::Submission>& undecided = sent.client->undecided;
  const auto heard = std::find_if(undecided.begin(), undecided.end(), [&sent](const v1::Submission& submission) {
    return submission.submission_id() == sent.submission.submission_id();
  });
  if (heard == undecided.end()) return;
  sent.client->decided.push_back(std::move(*heard));
  undecided.erase(heard);
}

void Simulation::Restart() {
  ++stats_.restarts;
  broker_->Stop();
  std::unique_ptr<MemoryLog> log = log_->Reopen();
  broker_ = nullptr;
  DamageFiles();
  Open(std::move(log));
  if (broker_ != nullptr) Check();
}

// What a kill or a power cut may do to the files beside the log.
void Simulation::DamageFiles() {
  const SnapshotStore snapshots(folder_.path(), 1);
  const std::vector<Sequence> all = *snapshots.List();
  if (!all.empty() && OneIn(3)) {
    const std::string newest = absl::StrFormat("%s/snapshot-%020d", folder_.path(), all.back());
    const std::string bytes = ReadFile(newest);
    std::filesystem::remove(newest);  // As if it was killed before Stop wrote it,
    if (OneIn(2)) WriteFile(newest, bytes.substr(0, Pick(bytes.size())));  // or the disk tore it.
    ++stats_.snapshots_lost;
  }
  const std::string old = FeedFile(old_feed_.path());
  switch (Pick(8)) {
    case 0:
      EXPECT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
      ++stats_.feeds_lost;
      break;
    case 1:
      if (!std::filesystem::exists(old)) break;
      EXPECT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
      WriteFile(FeedFile(folder_.path()), ReadFile(old));
      ++stats_.feeds_lost;
      break;
    case 2:
      WriteFile(FeedFile(folder_.path()), ReadFile(FeedFile(folder_.path())).substr(0, Pick(20'000)));
      ++stats_.feeds_lost;
      break;
    case 3:
    case 4:
      WriteFile(old, ReadFile(FeedFile(folder_.path())));
      break;
    default:
      break;
  }
}

// Goes on from the last delivery read, until told that this is all.
void Simulation::ReadFeed(Client* client) {
  const std::string cursor = EncodeCursor(broker_->log_id(), client->notices.size());
  for (ReadDelivery& delivery : ReadToPresent(broker_.get(), client->agency_id, cursor, 1 + Pick(20))) {
    EXPECT_EQ(delivery.position, client->notices.size() + 1) << "deliveries of " << client->agency_id;
    client->notices.push_back(std::move(delivery.notice));
    ++stats_.deliveries;
  }
}

void Simulation::Check() {
  CleanReplay replay;
  ReplayCleanly(*log_, &replay);
  EXPECT_EQ(broker_->WithState([](const State& state) { return state.Digest(); }), replay.state.Digest());
  for (const auto& [key, outcomes] : replay.decisions) EXPECT_EQ(outcomes.size(), 1u) << key << " was decided twice";
  for (const auto& [key, outcome] : acknowledged_) {
    const std::vector<v1::Outcome>& outcomes = replay.decisions[key];
    ASSERT_FALSE(outcomes.empty()) << key << " was acknowledged and is lost";
    EXPECT_EQ(outcomes[0].SerializeAsString(), outcome) << key << " was acknowledged with another outcome";
  }
  for (Client& client : clients_) {
    ReadFeed(&client);
    EXPECT_EQ(client.notices, replay.notices[client.agency_id]) << "feed of " << client.agency_id;
    EXPECT_EQ(broker_->FeedCursor(client.agency_id), replay.state.CursorOf(client.agency_id));
  }
}

Simulation::Client& Simulation::ClientOf(absl::string_view agency_id) {
  return *std::find_if(clients_.begin(), clients_.end(),
                       [agency_id](const Client& client) { return client.agency_id == agency_id; });
}

}  // namespace muster
