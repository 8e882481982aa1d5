#include "client/lib/admin_port.h"

#include <httplib.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace muster {
namespace {

constexpr size_t kAnswerBytesMax = 1 << 20;

struct HostAndPort {
  std::string host;
  int port = 0;
};

absl::StatusOr<HostAndPort> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostAndPort result;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(absl::string_view(address).substr(colon + 1), &result.port) || result.port <= 0 ||
      result.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\" is no admin port; use host:port, such as 127.0.0.1:7444"));
  }
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  result.host = std::string(host);
  return result;
}

absl::Status NotAnAdminPort(const std::string& address, absl::string_view why) {
  return absl::InternalError(absl::StrCat("what answers at ", address, " is not the admin port of a broker: ", why));
}

// The body of the answer with status 200.
absl::StatusOr<std::string> Get(const std::string& address, const char* path, absl::Duration within) {
  MUSTER_ASSIGN_OR_RETURN(const HostAndPort where, ParseAddress(address));
  httplib::Client client(where.host, where.port);
  const auto microseconds = absl::ToInt64Microseconds(within);
  client.set_connection_timeout(microseconds / 1'000'000, microseconds % 1'000'000);
  client.set_read_timeout(microseconds / 1'000'000, microseconds % 1'000'000);
  std::string body;
  const httplib::Result result = client.Get(path, [&body](const char* data, size_t size) {
    body.append(data, size);
    return body.size() <= kAnswerBytesMax;
  });
  if (body.size() > kAnswerBytesMax) return NotAnAdminPort(address, "its answer is too long");
  if (!result) {
    return absl::UnavailableError(absl::StrCat("the admin port at ", address, " does not answer (",
                                               absl::AsciiStrToLower(httplib::to_string(result.error())),
                                               "); is musterd running there, with [admin] in its configuration?"));
  }
  if (result->status == 200) return body;
  if (result->status != 404) return NotAnAdminPort(address, absl::StrCat("it says ", result->status));
  return absl::FailedPreconditionError(
      absl::StrCat(address, ": ", body.empty() ? "it has no cluster to tell of" : absl::StripAsciiWhitespace(body)));
}

}  // namespace

absl::StatusOr<cluster::v1::ClusterStatus> AskClusterStatus(const std::string& address, absl::Duration within) {
  MUSTER_ASSIGN_OR_RETURN(const std::string json, Get(address, "/cluster", within));
  cluster::v1::ClusterStatus status;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // The broker may be newer than this program.
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &status, options);
  if (!parsed.ok()) return NotAnAdminPort(address, "its answer is not a cluster's status");
  return status;
}

}  // namespace muster
