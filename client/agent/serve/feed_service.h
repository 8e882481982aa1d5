// muster.v1.FeedService of the daemon: the agency's feed, from the inbox.
//
// What is served is what is durable here, whether or not a broker can be reached: `caught_up` says that the reader
// holds all that the daemon does, and the daemon's status (AgentService/GetStatus) says how far that is. Cursors are
// the broker's, so a reader may go on there where it stopped here, and the other way round.
//
// Threading: each call on a thread of gRPC's, which may block. A reader that stops reading holds up its own thread and
// no other; what waits for it stays in the inbox.
#ifndef MUSTER_CLIENT_AGENT_SERVE_FEED_SERVICE_H_
#define MUSTER_CLIENT_AGENT_SERVE_FEED_SERVICE_H_

#include "client/agent/agent.h"
#include "client/agent/serve/open_calls.h"
#include "grpcpp/impl/service_type.h"

namespace muster::agent {

class FeedService final : public grpc::Service {
 public:
  // Both borrowed; they outlive this.
  FeedService(Agent* agent, OpenCalls* calls);
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_FEED_SERVICE_H_
