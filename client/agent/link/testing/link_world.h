// What the threads of the link work with, for their tests: a store in a folder of its own, a link, and connections that
// the test answers.
#ifndef MUSTER_CLIENT_AGENT_LINK_TESTING_LINK_WORLD_H_
#define MUSTER_CLIENT_AGENT_LINK_TESTING_LINK_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/agent/link/link.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/store.h"
#include "client/agent/store/testing/store_folder.h"
#include "client/lib/testing/fake_connection.h"
#include "common/clock.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class LinkWorld {
 public:
  LinkWorld();

  // The link uses a new connection from now on, which `prepare` has been given first.
  std::shared_ptr<FakeConnection> Connect(const std::function<void(FakeConnection&)>& prepare = {});

  // Polls until `condition` holds; false after a minute.
  static bool Eventually(const std::function<bool()>& condition);

  Outbox& outbox() { return store->outbox(); }
  Inbox& inbox() { return store->inbox(); }
  Mirror& mirror() { return store->mirror(); }

  StoreFolder folder;
  std::unique_ptr<Store> store;
  FakeClock clock;
  Link link;
};

// Waits that a test hardly notices.
RetryPolicy QuickRetry();

muster::v1::SubscribeResponse FeedMessage(const std::vector<muster::v1::Delivery>& deliveries, bool caught_up = false);

// READY with a new submission_id.
muster::v1::Submission NewReady();

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_TESTING_LINK_WORLD_H_
