#include "server/etcd/etcd_session.h"

#include <pthread.h>

#include <algorithm>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace muster {
namespace {

constexpr absl::Duration kCallMin = absl::Milliseconds(50);
constexpr absl::Duration kCallMax = absl::Seconds(1);
constexpr absl::Duration kRetryPause = absl::Milliseconds(100);
constexpr absl::Duration kRevokeWait = absl::Seconds(1);

}  // namespace

class EtcdSession::Impl {
 public:
  Impl(EtcdClient* client, absl::Duration ttl, const Clock* clock, Revision* changed)
      : client_(client), ttl_(ttl), clock_(clock), changed_(changed), thread_([this] { Run(); }) {}

  ~Impl() {
    stopped_.Bump();
    thread_.join();
    // Else the keys would stay until the lease runs out.
    if (const int64_t lease = RunningLease(); lease != 0) (void)client_->RevokeLease(lease, kRevokeWait);
  }

  // The lease that has not run out by our clock; 0: none.
  int64_t RunningLease() const {
    absl::MutexLock lock(&mu_);
    return clock_->Monotonic() < lease_ends_ ? lease_ : 0;
  }

  absl::Duration last_contact() const {
    absl::MutexLock lock(&mu_);
    return last_contact_;
  }

 private:
  void Run();
  // Renews the lease, or takes one when there is none. Returns how long to wait before the next time.
  absl::Duration Tend();
  absl::Duration Renew(int64_t lease);
  absl::Duration TakeNew();
  // A lease of 0 ends now.
  void SetLease(int64_t lease, absl::Duration ends);
  void NoteContact();
  absl::Duration LeaseLeft() const;

  EtcdClient* const client_;
  const absl::Duration ttl_;
  const Clock* const clock_;
  Revision* const changed_;
  Revision stopped_;  // Bumped once.

  mutable absl::Mutex mu_;  // A leaf.
  int64_t lease_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration lease_ends_ ABSL_GUARDED_BY(mu_);  // By the monotonic clock.
  absl::Duration last_contact_ ABSL_GUARDED_BY(mu_);
  int64_t known_lease_ = 0;  // The thread's own: the lease that it last told of; it may have run out since.
  std::thread thread_;       // Begins last, when the rest is there.
};

void EtcdSession::Impl::Run() {
  pthread_setname_np(pthread_self(), "etcd-lease");
  while (stopped_.WaitBeyond(0, Tend()) == 0) {
  }
}

absl::Duration EtcdSession::Impl::Tend() {
  if (const int64_t lease = RunningLease(); lease != 0) return Renew(lease);
  if (known_lease_ != 0) {
    // What hangs on the lease that has run out by our clock may be there still, and keep the next leader waiting.
    const int64_t lost = known_lease_;
    SetLease(0, clock_->Monotonic());
    (void)client_->RevokeLease(lost, kCallMax);
  }
  return TakeNew();
}

absl::Duration EtcdSession::Impl::Renew(int64_t lease) {
  const absl::Duration sent = clock_->Monotonic();
  // No longer than the lease lives, so that its end is noticed when it comes.
  const absl::Duration within = std::min({LeaseLeft(), ttl_ / 3, kCallMax});
  const absl::StatusOr<absl::Duration> ttl = client_->KeepLeaseAlive(lease, std::max(within, kCallMin));
  if (ttl.ok() || absl::IsNotFound(ttl.status())) NoteContact();
  if (ttl.ok()) {
    SetLease(lease, sent + *ttl);
    return *ttl / 3;
  }
  if (!absl::IsNotFound(ttl.status())) return std::min(kRetryPause, LeaseLeft());
  SetLease(0, clock_->Monotonic());
  return absl::ZeroDuration();
}

absl::Duration EtcdSession::Impl::TakeNew() {
  const absl::Duration sent = clock_->Monotonic();
  const absl::StatusOr<etcdserverpb::LeaseGrantResponse> granted = client_->GrantLease(ttl_, kCallMax);
  if (!granted.ok()) return kRetryPause;
  NoteContact();
  const absl::Duration ttl = absl::Seconds(granted->ttl());
  SetLease(granted->id(), sent + ttl);
  return ttl / 3;
}

void EtcdSession::Impl::SetLease(int64_t lease, absl::Duration ends) {
  {
    absl::MutexLock lock(&mu_);
    lease_ = lease;
    lease_ends_ = ends;
  }
  if (lease == known_lease_) return;
  known_lease_ = lease;
  changed_->Bump();
}

void EtcdSession::Impl::NoteContact() {
  absl::MutexLock lock(&mu_);
  last_contact_ = clock_->Monotonic();
}

absl::Duration EtcdSession::Impl::LeaseLeft() const {
  absl::MutexLock lock(&mu_);
  return std::max(lease_ends_ - clock_->Monotonic(), absl::ZeroDuration());
}

EtcdSession::EtcdSession(EtcdClient* client, absl::Duration ttl, const Clock* clock, Revision* changed)
    : impl_(std::make_unique<Impl>(client, ttl, clock, changed)) {}

EtcdSession::~EtcdSession() = default;

int64_t EtcdSession::lease() const { return impl_->RunningLease(); }

absl::Duration EtcdSession::last_contact() const { return impl_->last_contact(); }

}  // namespace muster
