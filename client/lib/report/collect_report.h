// Reads what an after-action report is made of from a broker, as the connection's agency.
#ifndef MUSTER_CLIENT_LIB_REPORT_COLLECT_REPORT_H_
#define MUSTER_CLIENT_LIB_REPORT_COLLECT_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/lib/client.h"
#include "muster/v1/report.pb.h"

namespace muster {

// Reads the feed from the beginning up to the present, then the reads that the agency may make. A read that it may not
// make leaves its part out; history that has been trimmed is a gap, said in the report.
//
// Errors: those of the feed and of the connection.
absl::StatusOr<v1::AfterActionReport> CollectReport(Client& client, const std::string& operation_id);

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_REPORT_COLLECT_REPORT_H_
