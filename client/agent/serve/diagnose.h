// Everything the daemon depends on, looked at: its way to each broker, its certificates, its disk, and what it holds.
#ifndef MUSTER_CLIENT_AGENT_SERVE_DIAGNOSE_H_
#define MUSTER_CLIENT_AGENT_SERVE_DIAGNOSE_H_

#include <vector>

#include "client/agent/agent.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::agent {

// The findings of client/lib/doctor for this daemon. Blocks: up to some seconds for each broker that does not answer.
std::vector<v1::Finding> Diagnose(Agent* agent);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_DIAGNOSE_H_
