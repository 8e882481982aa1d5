// A lease that is kept alive: the keys that hang on it are there while this process is.
//
// It finds a leader and tells who is there; it protects no write (ADR 26): a process that was stopped for a
// minute believes in its lease until it looks.
//
// Threading: thread-safe. One thread of its own, "etcd-lease", from Open to the destructor. It renews the lease three
// times in its life, and when the lease is lost takes a new one.
#ifndef MUSTER_SERVER_ETCD_ETCD_SESSION_H_
#define MUSTER_SERVER_ETCD_ETCD_SESSION_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/revision.h"
#include "server/etcd/etcd_client.h"

namespace muster {

class EtcdSession {
 public:
  // Takes the first lease as soon as etcd answers. `changed` is bumped whenever lease() changes. All borrowed; they
  // outlive this.
  EtcdSession(EtcdClient* client, absl::Duration ttl, const Clock* clock, Revision* changed);
  // Revokes the lease, within a second.
  ~EtcdSession();

  EtcdSession(const EtcdSession&) = delete;
  EtcdSession& operator=(const EtcdSession&) = delete;

  // The lease in force by our own monotonic clock, counted from when the last renewal that was answered was sent; 0
  // when there is none: everything that hung on the one before is gone, or may be.
  int64_t lease() const;
  // When etcd last answered, by the monotonic clock.
  absl::Duration last_contact() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_SESSION_H_
