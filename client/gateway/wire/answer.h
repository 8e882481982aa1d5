// A call's whole answer over HTTP, and the time that a client gives it.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_WIRE_ANSWER_H_
#define MUSTER_CLIENT_GATEWAY_WIRE_ANSWER_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/gateway/wire/error.h"
#include "client/gateway/wire/framing.h"

namespace muster::gateway {

struct WireAnswer {
  int http_status = 200;
  std::string content_type;
  Metadata headers;
  std::string body;
};

// The answer to a unary call, or the refusal of a stream that has not begun: `message` is encoded with the framing's
// codec. `metadata` goes into the headers, or into the trailers of gRPC-Web.
WireAnswer EncodeAnswer(const Framing& framing, const absl::StatusOr<std::string>& message,
                        const Metadata& metadata = {});

// What ends the body of a call that was streamed. Empty for kConnectUnary.
std::string EncodeEnd(const Framing& framing, const absl::Status& status, const Metadata& metadata = {});

// Connect-Timeout-Ms: up to ten digits. INVALID_ARGUMENT for anything else; empty is no limit (InfiniteDuration).
absl::StatusOr<absl::Duration> ParseConnectTimeout(absl::string_view value);

// grpc-timeout: up to eight digits and one of H, M, S, m, u, n. Likewise.
absl::StatusOr<absl::Duration> ParseGrpcTimeout(absl::string_view value);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_WIRE_ANSWER_H_
