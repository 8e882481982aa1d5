// Who is signed in: sessions in memory, known by a random token of which only the hash is kept.
//
// A session ends when it has been idle too long (an open stream counts as activity), when it has lasted too long, when
// the certificate by which it began expires, when its person is removed or changed in any way, or when it is signed
// out. Its streams end with it.
//
// Threading: thread-safe. What streams gave to be told of the end runs on whichever thread ends the session, without
// locks.
#ifndef MUSTER_CLIENT_GATEWAY_SESSION_SESSIONS_H_
#define MUSTER_CLIENT_GATEWAY_SESSION_SESSIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "muster/gateway/v1/people.pb.h"
#include "muster/gateway/v1/session.pb.h"

namespace muster::gateway {

struct SessionLimits {
  absl::Duration idle = absl::Minutes(30);
  absl::Duration longest = absl::Hours(12);
};

// What others may know of a session.
struct SessionView {
  v1::Session session;
  // The person's record as it was when the session began.
  v1::PersonRecord person;
};

class Sessions {
 public:
  // A person who begins more ends the one that was used least recently; one with an open stream is in use.
  static constexpr size_t kPerPersonMax = 16;
  static constexpr size_t kStreamsPerSessionMax = 8;
  // In all sessions of one person, so that nobody takes every stream that there may be.
  static constexpr size_t kStreamsPerPersonMax = 32;

  // While one is held, its session is active, and the end of the session is told.
  class Hold;

  // `clock` is not owned and outlives this.
  Sessions(SessionLimits limits, const Clock* clock) : limits_(limits), clock_(clock) {}

  // Begins a session and returns its token: 43 characters that fit a cookie. `not_after` is when the certificate
  // expires by which the person signed in; absent: it was by password.
  std::string Begin(const v1::PersonRecord& person, std::optional<absl::Time> not_after);

  // The session of `token`; this counts as activity. Nothing when there is none, or it has ended.
  std::optional<SessionView> Find(absl::string_view token);

  void End(absl::string_view token);

  // For a stream: `on_end` is called once if the session ends before the Hold does. Null when there is no such session,
  // or it or its person has as many as may be. `on_end` may still be running when the Hold is gone: it owns what it
  // uses.
  std::unique_ptr<Hold> HoldOpen(absl::string_view token, std::function<void()> on_end);

  // Ends the sessions whose time is over and those for which `stands` says no. Call about once a second. `stands` is
  // called without locks.
  void Sweep(const std::function<bool(const SessionView&)>& stands);

  size_t count() const;

 private:
  struct Entry {
    SessionView view;
    absl::Duration begun;
    absl::Duration last_active;
    std::optional<absl::Time> not_after;
    absl::flat_hash_map<uint64_t, std::function<void()>> streams;
  };
  using Entries = absl::flat_hash_map<std::string, Entry>;

  bool IsOver(const Entry& entry) const;
  size_t StreamsOf(const std::string& person) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes the entry out; its streams' callbacks are added to `ended`, to be called without the lock.
  void Erase(Entries::iterator entry, std::vector<std::function<void()>>* ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MakeRoomFor(const std::string& person, std::vector<std::function<void()>>* ended)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Release(const std::string& key, uint64_t stream);

  const SessionLimits limits_;
  const Clock* const clock_;
  mutable absl::Mutex mu_;
  // By the SHA-256 of their tokens.
  Entries entries_ ABSL_GUARDED_BY(mu_);
  uint64_t next_stream_ ABSL_GUARDED_BY(mu_) = 1;
};

class Sessions::Hold {
 public:
  Hold(Sessions* sessions, std::string key, uint64_t stream)
      : sessions_(sessions), key_(std::move(key)), stream_(stream) {}
  ~Hold() { sessions_->Release(key_, stream_); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  Sessions* const sessions_;
  const std::string key_;
  const uint64_t stream_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_SESSION_SESSIONS_H_
