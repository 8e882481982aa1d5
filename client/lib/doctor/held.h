// Checks of what the daemon holds, from what it says of itself.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_HELD_H_
#define MUSTER_CLIENT_LIB_DOCTOR_HELD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/lib/doctor/finding.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::doctor {

// queue: what waits to be sent, and since when. Waiting is no fault while off line; it is when connected.
Finding CheckQueue(const agent::v1::OutboxStatus& outbox, const agent::v1::LinkStatus& link, absl::Time now);

// database: `verified` is what Store::Verify said, `failed` what Store::failed says.
Finding CheckDatabase(const absl::Status& verified, const absl::Status& failed, const std::string& state_dir);

// feed: gaps, whether it has caught up, how old the last contact is.
Finding CheckFeed(const agent::v1::InboxStatus& inbox, const agent::v1::LinkStatus& link, absl::Time now);

// hook: deliveries that the on-delivery command failed on or has not been run for.
Finding CheckHook(const agent::v1::HookStatus& hook);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_HELD_H_
