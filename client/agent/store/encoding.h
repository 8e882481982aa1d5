// How messages and times are kept in the database.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_STORE_ENCODING_H_
#define MUSTER_CLIENT_AGENT_STORE_ENCODING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/agent/store/sealer.h"
#include "google/protobuf/message.h"

namespace muster::agent {

// The same bytes for the same content, in this build.
std::string EncodeDeterministically(const google::protobuf::Message& message);

// Nanoseconds since 1970: years 1678 to 2262, times beyond are clamped.
inline int64_t ToColumn(absl::Time time) { return absl::ToUnixNanos(time); }
inline absl::Time FromColumn(int64_t nanoseconds) { return absl::FromUnixNanos(nanoseconds); }

std::string SealMessage(const Sealer& sealer, const google::protobuf::Message& message, absl::string_view place);

// DATA_LOSS when it does not open, or is no such message.
absl::Status OpenMessage(const Sealer& sealer, absl::string_view sealed, absl::string_view place,
                         google::protobuf::Message* message);

// What stands for an operation in an index; empty for none.
std::string OperationFingerprint(const Sealer& sealer, absl::string_view operation_id);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_ENCODING_H_
