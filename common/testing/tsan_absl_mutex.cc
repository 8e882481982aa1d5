// Shows ThreadSanitizer the locks of an Abseil that was built without it, as Debian's is. Linked into every program of
// a ThreadSanitizer build and into no other.
//
// Without this the sanitizer sees no order between two critical sections of one absl::Mutex and reports a race for
// nearly everything that a mutex guards. A suppression would hide the real races too. So the program's own definitions
// stand before the library's (symbol interposition), tell the sanitizer what happens, and call the library's.
//
// Await and LockWhen poll here: the library may evaluate a condition on whichever thread unlocks, unseen by the
// sanitizer. A Mutex that is awaited must be held exclusively.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <typeinfo>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace {

constexpr std::chrono::microseconds kPollInterval(200);

// The library's own definition of a member function. `type` is the mangled name of its class, "N4absl5MutexE" with
// whatever inline namespace this Abseil has; `member` the mangled rest, "4LockEv".
void* FindInLibrary(const std::type_info& type, const char* qualifiers, const std::string& member) {
  std::string name = type.name();
  name = "_ZN" + std::string(qualifiers) + name.substr(1, name.size() - 2) + member;
  void* found = dlsym(RTLD_NEXT, name.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "tsan_absl_mutex: Abseil has no %s; link it as a shared library\n", name.c_str());
    std::abort();
  }
  return found;
}

// Member functions are called with the object as their first argument (Itanium C++ ABI).
template <typename Result, typename... Arguments>
Result (*InLibrary(const std::type_info& type, const std::string& member, const char* qualifiers = ""))(Arguments...) {
  return reinterpret_cast<Result (*)(Arguments...)>(FindInLibrary(type, qualifiers, member));
}

template <typename Call>
void Locked(void* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_lock(mutex, flags);
  call();
  __tsan_mutex_post_lock(mutex, flags, 0);
}

template <typename Call>
void Unlocked(void* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_unlock(mutex, flags);
  call();
  __tsan_mutex_post_unlock(mutex, flags);
}

template <typename Call>
bool TriedToLock(void* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_lock(mutex, flags | __tsan_mutex_try_lock);
  const bool locked = call();
  __tsan_mutex_post_lock(mutex, flags | __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

Mutex::~Mutex() {
  static const auto destroy = InLibrary<void, Mutex*>(typeid(Mutex), "D1Ev");
  __tsan_mutex_destroy(this, __tsan_mutex_not_static);
  destroy(this);
}

void Mutex::Lock() {
  static const auto lock = InLibrary<void, Mutex*>(typeid(Mutex), "4LockEv");
  Locked(this, 0, [this] { lock(this); });
}

void Mutex::Unlock() {
  static const auto unlock = InLibrary<void, Mutex*>(typeid(Mutex), "6UnlockEv");
  Unlocked(this, 0, [this] { unlock(this); });
}

bool Mutex::TryLock() {
  static const auto try_lock = InLibrary<bool, Mutex*>(typeid(Mutex), "7TryLockEv");
  return TriedToLock(this, 0, [this] { return try_lock(this); });
}

void Mutex::ReaderLock() {
  static const auto lock = InLibrary<void, Mutex*>(typeid(Mutex), "10ReaderLockEv");
  Locked(this, __tsan_mutex_read_lock, [this] { lock(this); });
}

void Mutex::ReaderUnlock() {
  static const auto unlock = InLibrary<void, Mutex*>(typeid(Mutex), "12ReaderUnlockEv");
  Unlocked(this, __tsan_mutex_read_lock, [this] { unlock(this); });
}

bool Mutex::ReaderTryLock() {
  static const auto try_lock = InLibrary<bool, Mutex*>(typeid(Mutex), "13ReaderTryLockEv");
  return TriedToLock(this, __tsan_mutex_read_lock, [this] { return try_lock(this); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  while (!condition.Eval()) {
    if (muster::SystemClock()->Now() >= deadline) return false;
    Unlock();
    std::this_thread::sleep_for(kPollInterval);
    Lock();
  }
  return true;
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  return AwaitWithDeadline(condition, muster::SystemClock()->Now() + timeout);
}

void Mutex::Await(const Condition& condition) { AwaitWithDeadline(condition, InfiniteFuture()); }

void Mutex::LockWhen(const Condition& condition) {
  Lock();
  Await(condition);
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  Lock();
  return AwaitWithDeadline(condition, deadline);
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  Lock();
  return AwaitWithTimeout(condition, timeout);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto wait = InLibrary<void, CondVar*, Mutex*>(typeid(CondVar), "4WaitEPNS0_5MutexE");
  Unlocked(mutex, 0, [] {});
  Locked(mutex, 0, [=, this] { wait(this, mutex); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto wait =
      InLibrary<bool, CondVar*, Mutex*, Time>(typeid(CondVar), "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  bool timed_out = false;
  Unlocked(mutex, 0, [] {});
  Locked(mutex, 0, [&] { timed_out = wait(this, mutex, deadline); });
  return timed_out;
}

// Not the library's, which calls the one above.
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  return WaitWithDeadline(mutex, muster::SystemClock()->Now() + timeout);
}

void Notification::Notify() {
  static const auto notify = InLibrary<void, Notification*>(typeid(Notification), "6NotifyEv");
  __tsan_release(this);
  __tsan_release(&notified_yet_);  // What the inline HasBeenNotified loads.
  notify(this);
}

void Notification::WaitForNotification() const {
  static const auto wait = InLibrary<void, const Notification*>(typeid(Notification), "19WaitForNotificationEv", "K");
  wait(this);
  __tsan_acquire(const_cast<Notification*>(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static const auto wait = InLibrary<bool, const Notification*, Duration>(
      typeid(Notification), "30WaitForNotificationWithTimeoutENS0_8DurationE", "K");
  const bool notified = wait(this, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static const auto wait = InLibrary<bool, const Notification*, Time>(
      typeid(Notification), "31WaitForNotificationWithDeadlineENS0_4TimeE", "K");
  const bool notified = wait(this, deadline);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static const auto decrement = InLibrary<bool, BlockingCounter*>(typeid(BlockingCounter), "14DecrementCountEv");
  __tsan_release(this);
  return decrement(this);
}

void BlockingCounter::Wait() {
  static const auto wait = InLibrary<void, BlockingCounter*>(typeid(BlockingCounter), "4WaitEv");
  wait(this);
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
