// Who has acknowledged the plan: read in full, shown, and waited for.
#ifndef MUSTER_CLIENT_CLI_ACKNOWLEDGEMENT_VIEW_H_
#define MUSTER_CLIENT_CLI_ACKNOWLEDGEMENT_VIEW_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/invocation.h"
#include "muster/v1/plan.pb.h"

namespace muster::cli {

// Every page, from a state that contains `at_least_cursor`.
absl::StatusOr<v1::ListAcknowledgementsResponse> ReadAcknowledgements(Client& client, const std::string& operation_id,
                                                                      const std::string& at_least_cursor = "");

void PrintAcknowledgements(Invocation& invocation, const v1::ListAcknowledgementsResponse& acknowledgements);

// What is still missing before every one of `wanted` (or everybody, when it is empty) has acknowledged.
struct AcknowledgementProgress {
  int acknowledged = 0;
  std::vector<std::string> missing;
  // "agency: reason" of those that rejected the plan.
  std::vector<std::string> rejected;
};
AcknowledgementProgress Progress(const v1::ListAcknowledgementsResponse& acknowledgements,
                                 const std::vector<std::string>& wanted);

// Waits, following the feed, until nothing is missing; prints the acknowledgements then.
//
// Errors: DEADLINE_EXCEEDED naming who is missing; FAILED_PRECONDITION when one rejected the plan or there is nobody to
//         wait for; those of the reads and of the feed.
absl::Status WaitForAcknowledgements(Invocation& invocation, const std::string& operation_id,
                                     const std::vector<std::string>& wanted, absl::Duration patience);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_ACKNOWLEDGEMENT_VIEW_H_
