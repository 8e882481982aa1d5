// The replay of Operation United Front from one command: a broker of its own, every agency, the plan, deconfliction,
// GO, the tallies, claims and releases, the verdict.
//
// Everything happens in one folder with fresh certificates, on loopback, as an EXERCISE. Nothing outlives it but that
// folder, and that only when asked for. Or against brokers that are there already, whose log must be new: the lead is
// their registrar.
#ifndef MUSTER_CLIENT_CLI_DEMO_DEMO_H_
#define MUSTER_CLIENT_CLI_DEMO_DEMO_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/demo/workspace.h"

namespace muster {

struct DemoOptions {
  DemoPaths paths;
  std::optional<uint64_t>
      seed;                // Decides when repeats are sent and when the broker dies. Unset: another one each time.
  bool json = false;       // `out` gets one JSON object and nothing else.
  bool terminal = false;   // A person is looking.
  bool keyboard = false;   // And can press a key.
  bool dashboard = false;  // A show: gateways for browsers, and the replay slowed down. Ends with SIGINT or SIGTERM.
  // 1 is for people who watch and takes about three minutes; 0: no pauses. Unset: 1 with `dashboard`, 0 without.
  std::optional<double> pace;
  // Brokers that are there already, host:port, instead of one of its own; and the certificates to use with them.
  std::vector<std::string> brokers;
  std::string certificates;
  std::string in_the_middle;  // The program that breaks and mends them in the middle of the tallies; may be empty.
};

// Runs on the main thread, which must be the only one so far. Writes progress and the table to `out`, or to `err` with
// `json`.
//
// Errors: INTERNAL when the replay ran to its end and a figure, a finding or a promise is not as it should be;
// otherwise what went wrong on the way.
absl::Status RunDemo(const DemoOptions& options, std::ostream& out, std::ostream& err);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_DEMO_H_
