// Places in the code where a test can end the process as kill -9 would.
//
// MUSTER_FAILPOINT("commit.before_append") does nothing unless the build has MUSTER_FAILPOINTS and the environment
// variable MUSTER_FAILPOINT is "commit.before_append" or "commit.before_append:3": then the first (third) pass in the
// life of the process raises SIGKILL. The variable is read once, at the first pass of any failpoint. Thread-safe.
// Without MUSTER_FAILPOINTS nothing is compiled in.
#ifndef MUSTER_COMMON_FAILPOINT_H_
#define MUSTER_COMMON_FAILPOINT_H_

#include "absl/strings/string_view.h"

namespace muster {

// Use the macro.
void PassFailpoint(absl::string_view name);

}  // namespace muster

#ifdef MUSTER_FAILPOINTS
#define MUSTER_FAILPOINT(name) ::muster::PassFailpoint(name)
#else
#define MUSTER_FAILPOINT(name) static_cast<void>(0)
#endif

#endif  // MUSTER_COMMON_FAILPOINT_H_
