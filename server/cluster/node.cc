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
// Of each member of etcd, one after another: whoever asks for the status waits.
constexpr absl::Duration kHealthWithin = absl::Milliseconds(500);
constexpr absl::Duration kForwardWithin = absl::Seconds(3);
// A follower that is further behind has worse troubles.
constexpr absl::Duration kAppliedWithin = absl::Seconds(2);
constexpr absl::Duration kTellEvery = absl::Seconds(1);
constexpr absl::Duration kTellAtLeastEvery = absl::Seconds(5);
constexpr absl::Duration kTidyEvery = absl::Seconds(10);
constexpr absl::Duration kStepDownWithin = absl::Seconds(15);
// Beside a few leases: etcd may grant longer ones than were asked for.
constexpr absl::Duration kFormerLifeMore = absl::Seconds(10);
// How long one that stands back waits for another to lead.
constexpr absl::Duration kLeaderlessFor = absl::Seconds(2);
constexpr absl::Duration kStandBackFor = absl::Seconds(30);

// Whether trying again may mend it: etcd or the disk are not as they should be just now.
bool MayMend(const absl::Status& status) {
  return !absl::IsOutOfRange(status) && !absl::IsDataLoss(status) && !absl::IsInternal(status);
}

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
          &peers_, [this] { return Others(); },
          [this](const PeerPresence::Other& other, const absl::Status& status) { NoteAsked(other.broker_id, status); }),
      reach_(clock),
      forwarder_(options_.forwarder, ForwarderHooks(), clock),
      housekeeping_(options_.housekeeping, client, etcd_log, clock),
      look_again_(absl::ZeroDuration(), *clock),
      tell_again_(absl::ZeroDuration(), *clock),
      tell_anyway_(absl::ZeroDuration(), *clock),
      look_at_certificate_(kTidyEvery, *clock),
      cut_off_(options_.cut_off_after, *clock),
      stand_back_(absl::ZeroDuration(), *clock),
      leaderless_(absl::ZeroDuration(), *clock) {}

ClusterNode::~ClusterNode() { Stop(); }

Forwarder::Hooks ClusterNode::ForwarderHooks() {
  Forwarder::Hooks hooks;
  hooks.way = [this] {
    if (broker_->leads() && !deposed_) return Forwarder::Way{true, ""};
    const ClusterView seen = view();
    const bool other = seen.leading.has_value() && seen.leader_id() != options_.broker_id;
    return Forwarder::Way{false, other ? seen.leader_address() : ""};
  };
  hooks.send = [this](const std::string& address, const cluster::v1::ForwardRequest& request) {
    auto response = peers_.Forward(address, request, kForwardWithin);
    NoteAsked(view().leader_id(), response.status());
    return response;
  };
  hooks.await_applied = [this](uint64_t applied) { AwaitApplied(applied); };
  hooks.submit_here = [this](std::vector<PendingSubmission> pending) { broker_->SubmitAll(std::move(pending)); };
  return hooks;
}

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
  tidy_thread_ = std::thread([this] { TidyLoop(); });
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
  tidy_stop_.Bump();
  thread_.join();
  tidy_thread_.join();
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
  TellOfSelf();
}

absl::Status ClusterNode::Look() {
  MUSTER_ASSIGN_OR_RETURN(ClusterView view, ReadView(client_, options_.prefix, kAskWithin));
  housekeeping_.Note(view);
  {
    absl::MutexLock lock(&view_mu_);
    view_ = std::move(view);
    view_at_ = clock_->Monotonic();
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
  if (IsOutOfReach(seen)) {
    stand_back_ = Deadline(kStandBackFor, *clock_);
    return StopLeading("no other broker reaches it");
  }
  const uint32_t rules = std::max(rules_version_, RulesThatAllKnow(seen, kRulesVersion));
  if (rules != rules_version_) broker_->SetRulesVersion(rules_version_ = rules);
  if (!look_at_certificate_.passed()) return;
  look_at_certificate_ = Deadline(kTidyEvery, *clock_);
  if (!HasGoodCertificate()) StopLeading("its certificate is not good");
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
  // Not under a name that another broker may have.
  if (lease == 0 || lease != alive_lease_) return;
  const ClusterView seen = view();
  if (seen.leading.has_value()) leaderless_ = Deadline(kLeaderlessFor, *clock_);
  // In favour of the others, but not when none of them leads.
  if (!stand_back_.passed() && !leaderless_.passed()) return;
  int64_t term = leadership_->TermIn(seen, lease);
  if (term == 0 && !seen.leading.has_value()) {
    if (!HasGoodCertificate()) return;
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
  look_at_certificate_ = Deadline(kTidyEvery, *clock_);
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
  if (!seen.leading.has_value() || leader_gone_.exchange(0) != seen.leading->term) return;
  // Safe whoever is wrong: the lease protects nothing, and the fence goes with the key.
  LogWarn("the leader is gone; its lease is revoked", {{"leader", seen.leader_id()}});
  if (client_->RevokeLease(seen.leading->lease, kAskWithin).ok()) changed_.Bump();
}

bool ClusterNode::IsOutOfReach(const ClusterView& seen) const {
  bool another_may_lead = false;
  for (const auto& [id, member] : seen.members) {
    if (id == options_.broker_id || !seen.alive.contains(id)) continue;
    if (member.unreachable_leader_id() != options_.broker_id || member.unreachable_term() != term_) return false;
    another_may_lead = another_may_lead || !member.stands_back();
  }
  return another_may_lead;
}

bool ClusterNode::HasGoodCertificate() {
  const absl::Status good =
      CheckBrokerCertificate(options_.tls, options_.trust_domain, options_.broker_id, clock_->Now());
  if (good.message() != certificate_trouble_ && !good.ok()) {
    LogError("this broker cannot lead: the others would not speak to it", {{"why", good.message()}});
  }
  certificate_trouble_ = std::string(good.message());
  return good.ok();
}

bool ClusterNode::TellThatAlive(int64_t lease) {
  const ClusterView seen = view();
  const auto there = seen.alive.find(options_.broker_id);
  if (there != seen.alive.end() && there->second != lease) {
    if (!former_life_.has_value()) former_life_ = Deadline(3 * options_.lease + kFormerLifeMore, *clock_);
    if (former_life_->passed()) {
      Failed(absl::AlreadyExistsError(absl::StrCat("another broker runs under the name ", options_.broker_id,
                                                   "; give each its own cluster.broker_id and certificate")));
    }
    return false;
  }
  former_life_.reset();
  if (lease == alive_lease_ && there != seen.alive.end()) return true;
  etcdserverpb::PutRequest alive;
  alive.set_key(AliveKey(options_.prefix, options_.broker_id));
  alive.set_lease(lease);
  if (!client_->Put(alive, kAskWithin).ok()) return false;
  alive_lease_ = lease;
  changed_.Bump();
  return true;
}

void ClusterNode::TellOfSelf() {
  const int64_t lease = session_->lease();
  if (lease == 0 || !TellThatAlive(lease)) return;
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
  self.set_stands_back(!stand_back_.passed());
  const ClusterView seen = view();
  if (seen.leading.has_value()) self.set_unreachable_why(reach_.TroubleIn(seen.leading->term));
  if (!self.unreachable_why().empty()) {
    self.set_unreachable_leader_id(seen.leader_id());
    self.set_unreachable_term(seen.leading->term);
  }
  return self;
}

void ClusterNode::NoteContact() {
  cut_off_ = Deadline(options_.cut_off_after, *clock_);
  if (serving_ || stepping_down_) return;
  LogInfo("follows the log again");
  serving_ = true;
  hooks_.serving(true);
}

// etcd may take its time to answer, and longer to give back space: nothing else waits for that.
void ClusterNode::TidyLoop() {
  pthread_setname_np(pthread_self(), "etcd-tidy");
  for (const std::string& warning : WarningsOfEtcd(Status())) LogWarn("etcd", {{"warning", warning}});
  while (tidy_stop_.WaitBeyond(0, kTidyEvery) == 0) {
    const ClusterView seen = view();
    if (term_ != 0) {
      housekeeping_.Tidy(seen, broker_->Stats().last_snapshot);
    } else if (!seen.leading.has_value()) {
      housekeeping_.TidyWithoutLeader();
    }
  }
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

std::vector<PeerPresence::Other> ClusterNode::Others() const {
  const ClusterView seen = view();
  std::vector<PeerPresence::Other> others;
  for (const auto& [id, member] : seen.members) {
    if (id != options_.broker_id && seen.alive.contains(id)) others.push_back({id, member.address()});
  }
  return others;
}

void ClusterNode::NoteAsked(const std::string& broker_id, const absl::Status& status) {
  const ClusterView seen = view();
  if (!seen.leading.has_value() || broker_id != seen.leader_id()) return;
  const int64_t term = seen.leading->term;
  const bool reached = reach_.Note(broker_id, term, status);
  // On this thread, which may wait for it.
  if (reached || !Peers::RefusesConnections(seen.leader_address(), kAskWithin)) return;
  leader_gone_ = term;
  changed_.Bump();
}

cluster::v1::ClusterStatus ClusterNode::Status() const {
  StatusFacts facts;
  facts.now = clock_->Now();
  facts.broker_id = options_.broker_id;
  {
    absl::MutexLock lock(&view_mu_);
    facts.view = view_;
    facts.view_age = clock_->Monotonic() - view_at_;
  }
  facts.last_sequence = std::max(etcd_log_->tail().last_sequence(), log_->last_sequence());
  // What is told in etcd is a second old.
  if (const auto self = facts.view.members.find(options_.broker_id); self != facts.view.members.end()) {
    self->second.set_applied_sequence(Self().applied_sequence());
  }
  facts.etcd = client_->Health(kHealthWithin);
  const bool etcd_answers = std::any_of(facts.etcd.begin(), facts.etcd.end(),
                                        [](const EtcdMemberHealth& member) { return member.reachable.ok(); });
  if (etcd_answers) {
    facts.first_in_etcd = etcd_log_->FirstHeld().value_or(0);
    facts.alarms = client_->Alarms(kAskWithin).value_or(std::vector<etcdserverpb::AlarmMember>());
  }
  facts.etcd_quota_bytes = options_.etcd_quota_bytes;
  return DescribeCluster(facts);
}

}  // namespace muster
