#include "server/cluster/node.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "server/cluster/status.h"

namespace muster {
namespace {

// A wake-up may be missed: what it would have told is found after so long.
constexpr absl::Duration kLookEvery = absl::Milliseconds(200);
// Every commit wakes a follower; who leads changes less often.
constexpr absl::Duration kLookAtMostEvery = absl::Milliseconds(50);
constexpr absl::Duration kAskWithin = absl::Seconds(1);
constexpr absl::Duration kForwardWithin = absl::Seconds(3);
// A follower that is further behind has worse troubles.
constexpr absl::Duration kAppliedWithin = absl::Seconds(2);
constexpr absl::Duration kTellEvery = absl::Seconds(1);
constexpr absl::Duration kTellAtLeastEvery = absl::Seconds(5);
constexpr absl::Duration kTidyEvery = absl::Seconds(10);
constexpr absl::Duration kStepDownWithin = absl::Seconds(15);

// Whether trying again may mend it: etcd or the disk are not as they should be just now.
bool MayMend(const absl::Status& status) { return !absl::IsOutOfRange(status) && !absl::IsDataLoss(status); }

}  // namespace

ClusterNode::ClusterNode(Options options, EtcdClient* client, EtcdEventLog* etcd_log, MirroredLog* log, Broker* broker,
                         const Clock* clock)
    : options_(std::move(options)),
      client_(client),
      etcd_log_(etcd_log),
      log_(log),
      broker_(broker),
      clock_(clock),
      peers_(options_.tls),
      presence_(
          &peers_, [this] { return Others(); }, [this](const std::string& address) { NoteUnreachable(address); }),
      forwarder_(options_.forwarder,
                 {[this] {
                    if (term_ != 0 && !deposed_) return Forwarder::Way{true, ""};
                    const std::string leader = view().leader_address();
                    return Forwarder::Way{false, leader == address_ ? "" : leader};
                  },
                  [this](const std::string& address, const cluster::v1::ForwardRequest& request) {
                    auto response = peers_.Forward(address, request, kForwardWithin);
                    if (!response.ok()) NoteUnreachable(address);
                    return response;
                  },
                  [this](uint64_t applied) { AwaitApplied(applied); },
                  [this](std::vector<PendingSubmission> pending) { broker_->SubmitAll(std::move(pending)); }},
                 clock),
      housekeeping_(options_.housekeeping, client, etcd_log, clock),
      look_again_(absl::ZeroDuration(), *clock),
      tell_again_(absl::ZeroDuration(), *clock),
      tell_anyway_(absl::ZeroDuration(), *clock),
      tidy_again_(kTidyEvery, *clock),
      cut_off_(options_.cut_off_after, *clock) {}

ClusterNode::~ClusterNode() { Stop(); }

void ClusterNode::AddHooks(Broker::Hooks* hooks) {
  hooks->hand_over = [this](std::vector<PendingSubmission> pending) { forwarder_.Forward(std::move(pending)); };
  hooks->deposed = [this](const absl::Status& why) {
    LogWarn("the log takes nothing from this broker any more", {{"why", why.message()}});
    deposed_ = true;
    changed_.Bump();
  };
}

void ClusterNode::Start(std::string address, Hooks hooks) {
  address_ = std::move(address);
  hooks_ = std::move(hooks);
  cluster::v1::Leader self;
  self.set_broker_id(options_.broker_id);
  self.set_address(address_);
  leadership_ = std::make_unique<Leadership>(client_, options_.prefix, std::move(self), kAskWithin);
  forwarder_.Start();
  session_ = std::make_unique<EtcdSession>(client_, options_.lease, clock_, &changed_);
  leader_watch_ = std::make_unique<EtcdWatch>(client_, LeaderKey(options_.prefix), &changed_);
  tail_watch_ = std::make_unique<EtcdWatch>(client_, TailKey(options_.prefix), &changed_);
  thread_ = std::thread([this] { Run(); });
}

void ClusterNode::StepDown() {
  if (!thread_.joinable()) return;
  const uint64_t seen = turns_;
  stepping_down_ = true;
  changed_.Bump();
  turned_.Await(kStepDownWithin, [this, seen] { return term_ == 0 && turns_ > seen; });
}

void ClusterNode::Stop() {
  if (!thread_.joinable()) return;
  StepDown();
  presence_.Stop();
  stopping_ = true;
  changed_.Bump();
  thread_.join();
  forwarder_.Stop();
  tail_watch_ = nullptr;
  leader_watch_ = nullptr;
  session_ = nullptr;
}

// ---- The thread ----

void ClusterNode::Run() {
  pthread_setname_np(pthread_self(), "cluster");
  while (!stopping_) {
    const uint64_t seen = changed_.now();
    Tend();
    ++turns_;
    turned_.Bump();
    changed_.WaitBeyond(seen, kLookEvery);
  }
}

void ClusterNode::Tend() {
  const bool look = look_again_.passed();
  const absl::Status looked = look ? Look() : absl::OkStatus();
  if (term_ != 0) {
    TendLead();
  } else {
    TendFollowing();
  }
  if (!look || !looked.ok()) return;
  look_again_ = Deadline(kLookAtMostEvery, *clock_);
  WarnOnceOfEtcd();
  TellOfSelf();
}

absl::Status ClusterNode::Look() {
  MUSTER_ASSIGN_OR_RETURN(ClusterView view, ReadView(client_, options_.prefix, kAskWithin));
  housekeeping_.Note(view);
  {
    absl::MutexLock lock(&view_mu_);
    view_ = std::move(view);
  }
  forwarder_.LookAgain();
  if (term_ != 0) NoteContact();
  return absl::OkStatus();
}

void ClusterNode::TendLead() {
  const ClusterView seen = view();
  if (deposed_) return StopLeading("the log took nothing from it");
  if (stepping_down_) return StopLeading("it steps down");
  if (session_->lease() == 0) return StopLeading("its lease has run out");
  // The fence would say the same at the next commit; there may be none for long.
  if (leadership_->TermIn(seen, session_->lease()) != term_) return StopLeading("another broker leads");
  const uint32_t rules = std::max(rules_version_, RulesThatAllKnow(seen, kRulesVersion));
  if (rules != rules_version_) broker_->SetRulesVersion(rules_version_ = rules);
  if (!tidy_again_.passed()) return;
  tidy_again_ = Deadline(kTidyEvery, *clock_);
  housekeeping_.Tidy(seen, broker_->Stats().last_snapshot);
}

void ClusterNode::TendFollowing() {
  const absl::Status followed = FollowLog();
  if (followed.ok()) NoteContact();
  if (!followed.ok() && !MayMend(followed)) return Failed(followed);
  if (cut_off_.passed() && serving_ && !stepping_down_) {
    LogError("cut off from the log; clients are sent elsewhere", {{"why", followed.message()}});
    serving_ = false;
    hooks_.serving(false);
  }
  // Whoever is behind for a reason of its own, such as a full disk, would make a bad leader.
  if (!followed.ok() || stepping_down_) return;
  LookAfterLeader();
  TryToLead();
}

absl::Status ClusterNode::FollowLog() {
  MUSTER_RETURN_IF_ERROR(log_->Pull());
  // An error of Follow's own comes back through the broker's hook, which ends the process.
  return broker_->Follow();
}

void ClusterNode::TryToLead() {
  const int64_t lease = session_->lease();
  if (lease == 0) return;
  const ClusterView seen = view();
  int64_t term = leadership_->TermIn(seen, lease);
  if (term == 0 && !seen.leading.has_value()) {
    const absl::StatusOr<int64_t> won = leadership_->Campaign(lease);
    if (!won.ok() || *won == 0) return;
    term = *won;
  }
  if (term == 0) return;
  if (const absl::Status began = BeginToLead(term); !began.ok()) {
    LogWarn("cannot begin to lead yet", {{"term", term}, {"why", began.message()}});
    etcd_log_->SetTerm(0);
    if (!MayMend(began)) Failed(began);
  }
}

absl::Status ClusterNode::BeginToLead(int64_t term) {
  etcd_log_->SetTerm(term);
  // With the fence ours nobody else appends: where the log ends now is where we go on.
  MUSTER_RETURN_IF_ERROR(FollowLog());
  // What TendLead compares with must not be older than our own term.
  MUSTER_RETURN_IF_ERROR(Look());
  tail_watch_ = nullptr;
  deposed_ = false;
  rules_version_ = RulesThatAllKnow(view(), kRulesVersion);
  broker_->Lead(rules_version_);
  term_ = term;
  tidy_again_ = Deadline(kTidyEvery, *clock_);
  forwarder_.LookAgain();
  LogInfo("leads", {{"term", term}, {"last_sequence", log_->last_sequence()}, {"rules_version", rules_version_}});
  return absl::OkStatus();
}

void ClusterNode::StopLeading(absl::string_view why) {
  const int64_t term = term_;
  // Commits what is queued, if it still can.
  broker_->StopLeading();
  etcd_log_->SetTerm(0);
  // Nobody need wait for the lease to run out. If it was lost already, this does nothing.
  leadership_->Resign(term).IgnoreError();
  deposed_ = false;
  tail_watch_ = std::make_unique<EtcdWatch>(client_, TailKey(options_.prefix), &changed_);
  cut_off_ = Deadline(options_.cut_off_after, *clock_);
  term_ = 0;
  changed_.Bump();
  forwarder_.LookAgain();
  LogInfo("leads no longer", {{"term", term}, {"why", why}});
}

void ClusterNode::LookAfterLeader() {
  const ClusterView seen = view();
  if (!seen.leading.has_value()) return;
  const bool own_former_life = seen.leading->leader.broker_id() == options_.broker_id && session_->lease() != 0 &&
                               seen.leading->lease != session_->lease();
  const bool gone = leader_lost_.exchange(false) && Peers::RefusesConnections(seen.leader_address(), kAskWithin);
  if (!own_former_life && !gone) return;
  // Safe whoever is wrong: the lease protects nothing, and the fence goes with the key.
  LogWarn("the leader is gone; its lease is revoked", {{"leader", seen.leading->leader.broker_id()}});
  if (client_->RevokeLease(seen.leading->lease, kAskWithin).ok()) changed_.Bump();
}

void ClusterNode::TellOfSelf() {
  const int64_t lease = session_->lease();
  if (lease != 0 && lease != alive_lease_) {
    etcdserverpb::PutRequest alive;
    alive.set_key(AliveKey(options_.prefix, options_.broker_id));
    alive.set_lease(lease);
    if (!client_->Put(alive, kAskWithin).ok()) return;
    alive_lease_ = lease;
  }
  cluster::v1::Member self = Self();
  const bool same = self.SerializeAsString() == told_.SerializeAsString();
  const bool urgent = self.draining() != told_.draining();
  if (!urgent && !(same ? tell_anyway_ : tell_again_).passed()) return;
  etcdserverpb::PutRequest put;
  put.set_key(MemberKey(options_.prefix, options_.broker_id));
  told_ = self;
  *self.mutable_at() = ToProto(clock_->Now());
  put.set_value(self.SerializeAsString());
  if (!client_->Put(put, kAskWithin).ok()) return;
  tell_again_ = Deadline(kTellEvery, *clock_);
  tell_anyway_ = Deadline(kTellAtLeastEvery, *clock_);
}

cluster::v1::Member ClusterNode::Self() const {
  cluster::v1::Member self;
  self.set_broker_id(options_.broker_id);
  self.set_address(address_);
  self.set_program_version(options_.program_version);
  self.set_rules_version(kRulesVersion);
  self.set_applied_sequence(broker_->WithState([](const State& state) { return state.sequence(); }));
  self.set_mirrored_sequence(log_->last_sequence());
  self.set_snapshot_sequence(broker_->Stats().last_snapshot);
  self.set_draining(stepping_down_);
  return self;
}

void ClusterNode::NoteContact() {
  cut_off_ = Deadline(options_.cut_off_after, *clock_);
  if (serving_ || stepping_down_) return;
  LogInfo("follows the log again");
  serving_ = true;
  hooks_.serving(true);
}

void ClusterNode::WarnOnceOfEtcd() {
  if (warned_) return;
  warned_ = true;
  for (const std::string& warning : WarningsOfEtcd(Status())) LogWarn("etcd", {{"warning", warning}});
}

void ClusterNode::Failed(const absl::Status& why) {
  if (failed_ || stepping_down_) return;
  failed_ = true;
  LogError("this broker cannot go on; a new start is needed", {{"why", why.message()}});
  hooks_.failed(why);
}

// ---- From other threads ----

void ClusterNode::AwaitApplied(uint64_t sequence) const {
  broker_->progress().Await(kAppliedWithin, [this, sequence] {
    return broker_->WithState([](const State& state) { return state.sequence(); }) >= sequence;
  });
}

ClusterView ClusterNode::view() const {
  absl::MutexLock lock(&view_mu_);
  return view_;
}

std::vector<std::string> ClusterNode::Others() const {
  const ClusterView seen = view();
  std::vector<std::string> others;
  for (const auto& [id, member] : seen.members) {
    if (id != options_.broker_id && seen.alive.contains(id)) others.push_back(member.address());
  }
  return others;
}

void ClusterNode::NoteUnreachable(const std::string& address) {
  if (address != view().leader_address()) return;
  leader_lost_ = true;
  changed_.Bump();
}

cluster::v1::ClusterStatus ClusterNode::Status() const {
  StatusFacts facts;
  facts.now = clock_->Now();
  facts.broker_id = options_.broker_id;
  facts.view = view();
  facts.last_sequence = std::max(etcd_log_->tail().last_sequence(), log_->last_sequence());
  // What is told in etcd is a second old.
  if (const auto self = facts.view.members.find(options_.broker_id); self != facts.view.members.end()) {
    self->second.set_applied_sequence(Self().applied_sequence());
  }
  facts.etcd = client_->Health(kAskWithin);
  facts.first_in_etcd = etcd_log_->FirstHeld().value_or(0);
  facts.alarms = client_->Alarms(kAskWithin).value_or(std::vector<etcdserverpb::AlarmMember>());
  facts.etcd_quota_bytes = options_.etcd_quota_bytes;
  return DescribeCluster(facts);
}

}  // namespace muster
