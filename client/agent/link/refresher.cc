#include "client/agent/link/refresher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

// How much longer than a round the pause after it is.
constexpr int kPausePerRound = 9;

}  // namespace

Refresher::Refresher(Link* link, Inbox* inbox, Mirror* mirror, Outbox* outbox, const Clock* clock,
                     std::function<void(const absl::Status&)> failed)
    : link_(link), inbox_(inbox), mirror_(mirror), clock_(clock), failed_(std::move(failed)), seen_(outbox, clock) {
  link_->OnChange([this] { OnLinkChange(); });
}

Refresher::~Refresher() { Stop(); }

void Refresher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Refresher::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  changed_.Bump();
  if (thread_.joinable()) thread_.join();
}

void Refresher::OnLinkChange() {
  const bool connected = link_->connected();
  {
    absl::MutexLock lock(&mu_);
    if (connected && !connected_) due_.all = true;
    connected_ = connected;
  }
  changed_.Bump();
}

void Refresher::Arrived(absl::Span<const muster::v1::Delivery> deliveries) {
  {
    absl::MutexLock lock(&mu_);
    for (const muster::v1::Delivery& delivery : deliveries) {
      due_.changes[delivery.notice().operation_id()].insert(delivery.notice().content_case());
    }
  }
  changed_.Bump();
}

void Refresher::RefreshAll() {
  {
    absl::MutexLock lock(&mu_);
    due_.all = true;
  }
  changed_.Bump();
}

bool Refresher::Stopping() {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Refresher::Run() {
  Due due;
  while (AwaitDue(&due)) {
    const absl::Duration begun = clock_->Monotonic();
    const absl::Status done = Round(due);
    if (!done.ok()) {
      if (absl::IsUnknown(done)) {
        if (failed_) failed_(done);
        return;
      }
      LogWarn("the reads for off line could not all be kept", {{"why", done.message()}});
      Restore(due);
    }
    const absl::Duration pause = std::clamp((clock_->Monotonic() - begun) * kPausePerRound, kPauseMin, kPauseMax);
    if (changed_.Await(pause, [this] { return Stopping(); })) return;
  }
}

bool Refresher::AwaitDue(Due* due) {
  const auto wanted = [this] {
    absl::MutexLock lock(&mu_);
    return stopping_ || (connected_ && !due_.empty());
  };
  while (!changed_.Await(kAllEvery, wanted)) RefreshAll();
  // What comes in a burst is read once.
  if (changed_.Await(kBurst, [this] { return Stopping(); })) return false;
  absl::MutexLock lock(&mu_);
  *due = std::exchange(due_, {});
  return true;
}

void Refresher::Restore(const Due& due) {
  absl::MutexLock lock(&mu_);
  due_.all |= due.all;
  for (const auto& [operation_id, cases] : due.changes) due_.changes[operation_id].insert(cases.begin(), cases.end());
}

absl::Status Refresher::Round(const Due& due) {
  const Link::Current current = link_->current();
  if (current.connection == nullptr) return absl::OkStatus();
  Cases all_cases;
  for (const auto& [operation_id, cases] : due.changes) all_cases.insert(cases.begin(), cases.end());
  MUSTER_RETURN_IF_ERROR(RefreshAgency(current, due.all ? nullptr : &all_cases));
  if (due.all) {
    for (const std::string& operation_id : operations_) {
      MUSTER_RETURN_IF_ERROR(RefreshOperation(current, operation_id, nullptr));
    }
    return absl::OkStatus();
  }
  for (const auto& [operation_id, cases] : due.changes) {
    if (!operation_id.empty()) MUSTER_RETURN_IF_ERROR(RefreshOperation(current, operation_id, &cases));
  }
  return absl::OkStatus();
}

absl::Status Refresher::RefreshAgency(const Link::Current& current, const Cases* changes) {
  for (const KeptRead& read : KeptReads()) {
    if (read.scope != KeptRead::Scope::kAgency || !read.ChangedByAny(changes)) continue;
    MUSTER_RETURN_IF_ERROR(Refresh(current, read, ""));
  }
  return absl::OkStatus();
}

absl::Status Refresher::RefreshOperation(const Link::Current& current, const std::string& operation_id,
                                         const Cases* changes) {
  for (const KeptRead& read : KeptReads()) {
    if (read.scope != KeptRead::Scope::kEachOperation || !read.ChangedByAny(changes)) continue;
    MUSTER_RETURN_IF_ERROR(Refresh(current, read, operation_id));
  }
  return absl::OkStatus();
}

absl::Status Refresher::Refresh(const Link::Current& current, const KeptRead& read, const std::string& operation_id) {
  {
    absl::MutexLock lock(&mu_);
    if (stopping_ || !connected_) return absl::UnavailableError("the link is down");
  }
  const auto request = RequestOf(read, operation_id, link_->agency_id());
  const auto response = ResponseOf(read.rpc);
  // Both before asking: the answer is at least as new as these say.
  MirrorAnswer answer;
  answer.as_of = clock_->Now();
  answer.inbox_row = inbox_->last_row();
  const absl::Status status = ReadWhole(*current.connection, read.rpc, *request, response.get(), kCallMax);
  if (NoBrokerAnswered(status)) {
    link_->Unanswered();
    return status;
  }
  link_->Answered();
  answer.key = MirrorKey(read.rpc, *request);
  // What we may not see, or no longer, or is not there, is not kept.
  if (IsNotForUs(status)) return mirror_->Remove(answer.key);
  if (!status.ok()) return absl::OkStatus();
  if (const auto* list = dynamic_cast<const muster::v1::ListOperationsResponse*>(response.get())) {
    MUSTER_RETURN_IF_ERROR(TakeOperations(answer.key, *list));
  }
  answer.operation_id = operation_id;
  answer.response = response->SerializeAsString();
  MUSTER_RETURN_IF_ERROR(mirror_->Put(answer));
  return seen_.Take(operation_id, *response);
}

absl::Status Refresher::TakeOperations(const std::string& key, const muster::v1::ListOperationsResponse& list) {
  operations_.clear();
  for (const auto& operation : list.operations()) operations_.insert(operation.operation().operation_id());
  MUSTER_ASSIGN_OR_RETURN(const std::optional<Mirror::Found> kept, mirror_->Get(key));
  muster::v1::ListOperationsResponse before;
  if (!kept.has_value() || !before.ParseFromString(kept->response)) return absl::OkStatus();
  for (const auto& operation : before.operations()) {
    const std::string& operation_id = operation.operation().operation_id();
    if (operations_.count(operation_id) == 0) MUSTER_RETURN_IF_ERROR(mirror_->RemoveOperation(operation_id));
  }
  return absl::OkStatus();
}

}  // namespace muster::agent
