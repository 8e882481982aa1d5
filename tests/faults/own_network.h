// Networks of this process's own, which nobody else sees and which go with it.
//
// Threading: none; before any thread is started.
#ifndef MUSTER_TESTS_FAULTS_OWN_NETWORK_H_
#define MUSTER_TESTS_FAULTS_OWN_NETWORK_H_

#include <string>

#include "absl/status/status.h"

namespace muster {

// From now on this process and its children have a network namespace with nothing but loopback, and the namespaces that
// they name are their own. PERMISSION_DENIED without the right to.
absl::Status EnterOwnNetwork();

// Runs a program with arguments that hold no spaces. UNAVAILABLE when it fails.
absl::Status RunCommand(const std::string& command);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_OWN_NETWORK_H_
