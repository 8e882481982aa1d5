// Versions as programs state their own: "3.5.14".
#ifndef MUSTER_COMMON_VERSION_H_
#define MUSTER_COMMON_VERSION_H_

#include "absl/strings/string_view.h"

namespace muster {

// Whether `version` comes before `than`. Compares the numbers between the dots, one that is absent counts as 0. What
// follows a dash or a plus is a release candidate or a build of that very version: 3.5.14-rc.0 is not older
// than 3.5.14. A version that does not begin with a number is older than any that does.
bool IsOlderVersion(absl::string_view version, absl::string_view than);

}  // namespace muster

#endif  // MUSTER_COMMON_VERSION_H_
