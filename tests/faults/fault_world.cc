#include "tests/faults/fault_world.h"

#include <algorithm>
#include <csignal>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/subscription.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "tests/faults/truth.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

const char* const kAgentAgencies[] = {kKentucky, kDakota};
constexpr absl::Duration kCallDeadline = absl::Seconds(5);
constexpr size_t kLogShown = 1500;

v1::Submission EntryOf(const std::string& agency_id, uint64_t number) {
  return agency_id == kKentucky ? KentuckyTally(number) : DakotaTally(number);
}

}  // namespace

FaultWorld::FaultWorld(FaultWorldOptions options, Report* report) : options_(std::move(options)), report_(report) {}

FaultWorld::~FaultWorld() {
  senders_stop_ = true;
  readers_stop_ = true;
  for (std::thread& thread : senders_) thread.join();
  for (std::thread& thread : readers_) thread.join();
}

std::string FaultWorld::NameOf(size_t process) const {
  return process == 0 ? "musterd" : absl::StrCat("muster-agent ", process);
}

std::vector<std::string> FaultWorld::BrokerAddresses() const {
  return cluster_ != nullptr ? cluster_->addresses() : std::vector<std::string>{broker_->address()};
}

std::shared_ptr<Connection> FaultWorld::ConnectToBroker(absl::string_view agency_id, size_t first) const {
  const CertificateFiles files = OperatorOf(agency_id);
  ConnectionOptions options;
  options.brokers = BrokerAddresses();
  std::rotate(options.brokers.begin(), options.brokers.begin() + static_cast<ptrdiff_t>(first % options.brokers.size()),
              options.brokers.end());
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.ca_file = CaFile();
  options.server_name = "localhost";
  options.deadline = kCallDeadline;
  options.attempt_deadline = absl::Seconds(3);
  options.keepalive = absl::Seconds(6);
  options.keepalive_timeout = absl::Seconds(2);
  options.retry.max_backoff = absl::Milliseconds(200);
  return *muster::Connect(std::move(options));
}

bool FaultWorld::StartBroker(size_t i, const std::vector<std::string>& environment) {
  std::vector<std::string> all = options_.broker_environment;
  all.insert(all.end(), environment.begin(), environment.end());
  const absl::Status started = (cluster_ != nullptr ? cluster_->broker(i) : *broker_).Start(all);
  if (!started.ok()) report_->Fail(absl::StrCat("musterd does not start: ", started.message()));
  return started.ok();
}

bool FaultWorld::StartAgent(size_t i, const std::vector<std::string>& environment) {
  std::vector<std::string> all = options_.agent_environment;
  all.insert(all.end(), environment.begin(), environment.end());
  const absl::Status started = agents_[i]->Start(all);
  if (!started.ok()) report_->Fail(absl::StrCat("muster-agent does not start: ", started.message()));
  return started.ok();
}

bool FaultWorld::SetUpBrokers() {
  if (!options_.cluster.has_value()) {
    broker_ = std::make_unique<TestBroker>(options_.broker);
    return StartBroker();
  }
  TestCluster::Options cluster = *options_.cluster;
  cluster.broker = options_.broker;
  cluster_ = std::make_unique<TestCluster>(std::move(cluster));
  const absl::Status started = cluster_->Start(options_.broker_environment);
  if (!started.ok()) report_->Fail(absl::StrCat("the cluster does not start: ", started.message()));
  return started.ok();
}

bool FaultWorld::SetUp() {
  if (!SetUpBrokers()) return false;
  const absl::Status set_up = SetUpOperation();
  if (!set_up.ok()) report_->Fail(absl::StrCat("the operation cannot be set up: ", set_up.message()));
  if (!set_up.ok() || !options_.agents) return set_up.ok();
  for (size_t i = 0; i < std::size(kAgentAgencies); ++i) {
    TestAgent::Options agent;
    agent.agency_id = kAgentAgencies[i];
    agent.brokers = BrokerAddresses();
    agent.link = options_.agent_link;
    agent.program = options_.agent_program;
    agent.wrapper = options_.agent_wrapper;
    if (i < options_.agent_state_dirs.size()) agent.state_dir = options_.agent_state_dirs[i];
    agents_.push_back(std::make_unique<TestAgent>(std::move(agent)));
    if (!StartAgent(i)) return false;
    agent::v1::EnrollmentBundle bundle = BundleOf(OperatorOf(kAgentAgencies[i]), BrokerAddresses());
    bundle.set_server_name("localhost");
    const absl::Status enrolled = agents_[i]->Enroll(bundle);
    if (!enrolled.ok() || !agents_[i]->WaitUntil(agent::v1::LINK_STATE_CONNECTED)) {
      report_->Fail(absl::StrCat("muster-agent does not connect: ", enrolled.message()));
      return false;
    }
  }
  return true;
}

absl::Status FaultWorld::SetUpOperation() {
  Client lead(ConnectToBroker(kLead));
  const std::vector<v1::Submission> steps = {
      RegisterAgency(kKentucky, "KY"),
      RegisterAgency(kDakota, "ND"),
      RegisterAgency(kAuditor),
      CreateOperation({MakeSite("ky-1", "KY"), MakeSite("nd-1", "ND"), MakeSite("mo-1", "MO")}),
      SetParticipant(kKentucky, v1::ROLE_PARTICIPANT, {"ky-1"}),
      SetParticipant(kDakota, v1::ROLE_PARTICIPANT, {"nd-1"}),
      SetParticipant(kAuditor, v1::ROLE_AUDITOR, {}),
      PublishPlan({MakeSection("situation", "All.")}),
      SetPhase(v1::OPERATION_PHASE_ARMED)};
  for (const v1::Submission& step : steps) {
    MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, lead.Submit(WithNewId(step)));
    if (!outcome.has_accepted()) return absl::InternalError(outcome.ShortDebugString());
  }
  baseline_ = steps.size() + 1;  // And the genesis.
  return absl::OkStatus();
}

void FaultWorld::StartTraffic() {
  const auto start = [this](std::vector<std::thread>* threads, auto method, const std::string& name,
                            const std::string& agency_id, std::shared_ptr<Connection> connection) {
    threads->emplace_back([this, method, name, agency_id, connection = std::move(connection)] {
      (this->*method)(name, agency_id, connection);
    });
  };
  if (options_.direct) {
    start(&senders_, &FaultWorld::Send, "direct sender 1", kKentucky, ConnectToBroker(kKentucky));
    start(&senders_, &FaultWorld::Send, "direct sender 2", kDakota, ConnectToBroker(kDakota, 1));
    start(&readers_, &FaultWorld::Read, "direct reader 1", kLead, ConnectToBroker(kLead));
    start(&readers_, &FaultWorld::Read, "direct reader 2", kAuditor, ConnectToBroker(kAuditor, 2));
  }
  for (size_t i = 0; i < agents_.size(); ++i) {
    start(&senders_, &FaultWorld::Send, absl::StrCat("sender of agent ", i + 1), kAgentAgencies[i],
          agents_[i]->Connect(kCallDeadline));
    start(&readers_, &FaultWorld::Read, absl::StrCat("reader of agent ", i + 1), kAgentAgencies[i],
          agents_[i]->Connect(kCallDeadline));
  }
}

bool FaultWorld::WaitForTraffic(uint64_t more, absl::Duration patience) {
  return history_.WaitForAcknowledged(history_.acknowledged() + more, patience);
}

void FaultWorld::Send(const std::string& sender, const std::string& agency_id, std::shared_ptr<Connection> connection) {
  Client client(std::move(connection));
  std::mt19937 random(static_cast<uint32_t>(std::hash<std::string>()(sender)));
  while (!senders_stop_) {
    const v1::Submission submission = EntryOf(agency_id, ++entries_);
    history_.Sent(sender, agency_id, submission);
    SendOne(client, sender, submission);
    // Some things are sent twice, as by a program that lost its answer.
    if (random() % 4 == 0) SendOne(client, sender, submission);
    absl::SleepFor(options_.pace);
  }
}

// Until it is answered, whatever happens meanwhile.
void FaultWorld::SendOne(Client& client, const std::string& sender, const v1::Submission& submission) {
  absl::Time give_up = absl::InfiniteFuture();
  for (;;) {
    const absl::StatusOr<v1::Outcome> outcome = client.Submit(submission);
    if (outcome.ok()) return history_.Answered(submission.submission_id(), *outcome);
    const bool passes = absl::IsUnavailable(outcome.status()) || absl::IsDeadlineExceeded(outcome.status()) ||
                        absl::IsResourceExhausted(outcome.status()) || absl::IsUnauthenticated(outcome.status());
    history_.Refused();
    // Once all faults are over it must work out.
    if (senders_stop_ && give_up == absl::InfiniteFuture()) give_up = SystemClock()->Now() + options_.patience;
    if (passes && SystemClock()->Now() < give_up) continue;
    absl::MutexLock lock(&mu_);
    trouble_.push_back(absl::StrCat(sender, " gets no answer: ", outcome.status().ToString()));
    return;
  }
}

void FaultWorld::Read(const std::string& reader, const std::string& agency_id, std::shared_ptr<Connection> connection) {
  std::string cursor;
  absl::Time give_up = absl::InfiniteFuture();
  while (true) {
    SubscriptionOptions options;
    options.after_cursor = cursor;
    Subscription feed(connection, options);
    absl::Status ended;
    while (ended.ok()) {
      const auto next = feed.Next(absl::Milliseconds(50));
      if (next.ok() && next->has_value()) {
        history_.Read(reader, agency_id, **next);
        cursor = (*next)->cursor();
        continue;
      }
      ended = next.status();
      if (!readers_stop_) continue;
      if (give_up == absl::InfiniteFuture()) give_up = SystemClock()->Now() + options_.patience;
      const std::string end = [&] {
        absl::MutexLock lock(&mu_);
        return feed_ends_[agency_id];
      }();
      if (history_.HasRead(reader, end)) return history_.ReadAll(reader, agency_id);
      if (SystemClock()->Now() >= give_up) {
        absl::MutexLock lock(&mu_);
        trouble_.push_back(absl::StrCat(reader, " does not come to the end of its feed: ", feed.trouble().ToString()));
        return;
      }
    }
    if (absl::IsUnauthenticated(ended)) continue;  // A handshake that was cut off again and again.
    absl::MutexLock lock(&mu_);
    trouble_.push_back(absl::StrCat(reader, "'s feed broke: ", ended.ToString()));
    return;
  }
}

// What the agents say has become of what they saved.
void FaultWorld::TakeOutboxes() {
  for (size_t i = 0; i < agents_.size(); ++i) {
    if (!agents_[i]->WaitUntilAllDecided()) {
      report_->Fail(absl::StrCat("muster-agent ", i + 1, " still has undecided items"));
    }
    const auto items = agents_[i]->Outbox();
    if (!items.ok()) report_->Fail(absl::StrCat("the outbox cannot be listed: ", items.status().ToString()));
    for (const agent::v1::OutboxItem& item : items.value_or(std::vector<agent::v1::OutboxItem>())) {
      if (item.has_outcome()) history_.Answered(item.submission_id(), item.outcome());
    }
    const auto status = agents_[i]->Status();
    if (status.ok() && status->inbox().gaps_size() > 0) {
      report_->Fail(
          absl::StrCat("muster-agent ", i + 1, " reports a gap: ", status->inbox().gaps(0).ShortDebugString()));
    }
  }
}

absl::StatusOr<std::string> FaultWorld::EndOfFeed(absl::string_view agency_id) const {
  v1::GetFeedCursorResponse end;
  MUSTER_RETURN_IF_ERROR(
      ConnectToBroker(agency_id)->Call("/muster.v1.FeedService/GetFeedCursor", v1::GetFeedCursorRequest(), &end));
  return end.cursor();
}

void FaultWorld::NoteEndsOfFeeds() {
  // Any of several brokers may be asked.
  const absl::Status caught_up =
      cluster_ != nullptr ? cluster_->WaitUntilCaughtUp(options_.patience) : absl::OkStatus();
  if (!caught_up.ok()) report_->Fail(absl::StrCat("a broker does not catch up: ", caught_up.message()));
  for (const char* agency_id : {kLead, kKentucky, kDakota, kAuditor}) {
    absl::StatusOr<std::string> end = EndOfFeed(agency_id);
    if (!end.ok()) report_->Fail(absl::StrCat("the end of the feed of ", agency_id, ": ", end.status().ToString()));
    absl::MutexLock lock(&mu_);
    feed_ends_[agency_id] = end.value_or("");
  }
}

void FaultWorld::Finish(const std::function<void()>& before_check) {
  senders_stop_ = true;
  for (std::thread& thread : senders_) thread.join();
  senders_.clear();
  TakeOutboxes();
  NoteEndsOfFeeds();
  readers_stop_ = true;
  for (std::thread& thread : readers_) thread.join();
  readers_.clear();
  if (before_check) before_check();
  {
    absl::MutexLock lock(&mu_);
    for (const std::string& what : trouble_) report_->Fail(what);
  }
  CheckAll();
}

void FaultWorld::CheckStopped(const std::string& program, const absl::StatusOr<int>& exit_code,
                              const std::string& log) {
  if (exit_code.value_or(-1) == 0) return;
  report_->Fail(absl::StrCat(program, " does not stop in order: ",
                             exit_code.ok() ? absl::StrCat("exit code ", *exit_code) : exit_code.status().ToString(),
                             "\n", log.substr(log.size() - std::min(log.size(), kLogShown))));
}

std::string FaultWorld::EndOfLog(size_t i) {
  const std::string log = cluster_->broker(i).Log();
  return log.substr(log.size() - std::min(log.size(), kLogShown));
}

void FaultWorld::ReportEnded(size_t i) {
  report_->Fail(absl::StrCat("musterd ", i + 1, " ended by itself: exit code ",
                             cluster_->broker(i).WaitForEnd().value_or(-1), "\n", EndOfLog(i)));
}

void FaultWorld::ReportStuck() {
  report_->Fail("nothing is acknowledged any more, or a process does not start");
  for (size_t i = 0; i < cluster_->size(); ++i) report_->Fail(absl::StrCat("musterd ", i + 1, "\n", EndOfLog(i)));
}

void FaultWorld::StopProcesses() {
  for (const std::unique_ptr<TestAgent>& agent : agents_) {
    if (agent->Running()) CheckStopped("muster-agent", agent->Stop(), agent->Log());
  }
  if (cluster_ != nullptr) return StopCluster();
  if (broker_->Running()) CheckStopped("musterd", broker_->Stop(), broker_->Log());
  const absl::StatusOr<uint64_t> verified = broker_->VerifiedEvents();
  if (!verified.ok()) report_->Fail(std::string(verified.status().message()));
}

void FaultWorld::StopCluster() {
  const absl::StatusOr<std::vector<TestCluster::Contents>> contents = cluster_->StopAndVerify();
  if (!contents.ok()) return report_->Fail(absl::StrCat("the brokers' folders: ", contents.status().message()));
  for (size_t i = 0; i < cluster_->size(); ++i) {
    TestBroker& broker = cluster_->broker(i);
    CheckStopped(absl::StrCat("musterd ", i + 1), broker.WaitForEnd(), broker.Log());
    if ((*contents)[i] == contents->front()) continue;
    report_->Fail(absl::StrCat("broker 1 holds ", contents->front().events, " events and the state ",
                               contents->front().state_digest, ", broker ", i + 1, " ", (*contents)[i].events, " and ",
                               (*contents)[i].state_digest));
  }
}

Transcript FaultWorld::FeedAnew(const std::string& agency_id, size_t first) {
  const auto feed = FeedOf(ConnectToBroker(agency_id, first));
  if (!feed.ok()) report_->Fail(absl::StrCat("the feed of ", agency_id, ": ", feed.status().ToString()));
  Transcript fresh;
  fresh.reader = absl::StrCat("a new reader of ", agency_id, " at broker ", first + 1);
  fresh.agency_id = agency_id;
  fresh.complete = true;
  for (const v1::Delivery& delivery : feed.value_or(std::vector<v1::Delivery>())) {
    fresh.deliveries.push_back({delivery.cursor(), delivery.previous_cursor(), EncodeNotice(delivery.notice())});
  }
  return fresh;
}

std::vector<Transcript> FaultWorld::FeedsAnew() {
  std::vector<Transcript> feeds;
  for (size_t first = 0; first < BrokerAddresses().size(); ++first) {
    for (const char* agency_id : {kLead, kKentucky, kDakota, kAuditor}) feeds.push_back(FeedAnew(agency_id, first));
  }
  return feeds;
}

void FaultWorld::CheckAll() {
  std::vector<Transcript> feeds = FeedsAnew();
  StopProcesses();
  TestBroker& stopped = cluster_ != nullptr ? cluster_->broker(0) : *broker_;
  absl::StatusOr<Truth> truth = ReplayDataDir(stopped.data_dir(), baseline_);
  if (!truth.ok()) return report_->Fail(absl::StrCat("the log: ", truth.status().ToString()));
  truth->feeds = std::move(feeds);
  report_->verdict.Add(Check(history_.data(), *truth));
}

}  // namespace muster
