// Wakes its owner when something under a prefix changes in etcd.
//
// Only ever a wake-up: what an event says is not looked at, because watches lose and repeat events (etcd before 3.5.14)
// and a stream may hang. Whoever is woken reads; whoever waits also looks by itself now and then.
//
// Threading: thread-safe. One thread of its own, "etcd-watch", from the constructor to the destructor; it opens the
// stream again whenever it ends.
#ifndef MUSTER_SERVER_ETCD_ETCD_WATCH_H_
#define MUSTER_SERVER_ETCD_ETCD_WATCH_H_

#include <memory>
#include <string>

#include "common/revision.h"
#include "server/etcd/etcd_client.h"

namespace muster {

class EtcdWatch {
 public:
  // Bumps `changed` after every change of a key that begins with `prefix`, and whenever one may have been missed. Both
  // borrowed; they outlive this.
  EtcdWatch(EtcdClient* client, std::string prefix, Revision* changed);
  ~EtcdWatch();

  EtcdWatch(const EtcdWatch&) = delete;
  EtcdWatch& operator=(const EtcdWatch&) = delete;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_WATCH_H_
