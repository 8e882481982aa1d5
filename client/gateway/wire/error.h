// How a call's error is told to a browser: as Connect's JSON, or as the trailers of gRPC-Web.
//
// Both carry google.rpc.Status's details (common/rich_status.h) of a status that carries a reason, so that a client
// sees it and the rule; and of any other the RetryInfo that it was given (WithRetryDelay), and nothing more.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_WIRE_ERROR_H_
#define MUSTER_CLIENT_GATEWAY_WIRE_ERROR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::gateway {

// Names in lower case, and values of visible ASCII.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// Connect's name of a code: "permission_denied". "unknown" for one that gRPC does not have.
absl::string_view ConnectCodeName(absl::StatusCode code);

// The HTTP status of a unary Connect call that ends with `code`. 200 for OK.
int HttpStatusOf(absl::StatusCode code);

// {"code":...,"message":...,"details":[{"type":...,"value":base64 without padding}]}. Not for OK.
std::string ConnectErrorJson(const absl::Status& status);

// The message of a Connect stream's last envelope: {} for OK, and {"error":...,"metadata":...}.
std::string ConnectEndJson(const absl::Status& status, const Metadata& metadata);

// The message of a gRPC-Web answer's last envelope: grpc-status, and with an error grpc-message and
// grpc-status-details-bin, as lines of HTTP/1.1.
std::string GrpcWebTrailers(const absl::Status& status, const Metadata& metadata);

// `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_WIRE_ERROR_H_
