// Reads TOML (https://toml.io/en/v1.0.0) written by people into a protobuf message: configuration and scenario files;
// and quotes text for TOML that programs write.
//
// Keys are the field names of the message as its .proto file spells them; tables are messages, arrays are repeated
// fields. Enums are written by their full name or the short one in lower case: AGENCY_KIND_STATE_POLICE or
// state_police. A google.protobuf.Duration is a string such as "5s", "250ms" or "1h30m". A google.protobuf.Timestamp is
// a date-time with an offset, bare or as a string (RFC 3339). Bytes are base64.
//
// The message is not validated here beyond what its types say (common/validation.h does that).
//
// Threading: pure functions, from any thread.
#ifndef MUSTER_COMMON_TOML_H_
#define MUSTER_COMMON_TOML_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace muster {

// Replaces the contents of `out` with what `text` says. `name` is what errors call the text, usually its file name.
//
// Errors: INVALID_ARGUMENT. A syntax error is one line `name:line:column: ...`. Otherwise there is one such line for
//         every unknown key (with the nearest known one) and every value of the wrong type (20 at most), with the whole
//         path of the key; `out` then holds what could be read.
absl::Status ParseToml(absl::string_view text, absl::string_view name, google::protobuf::Message* out);

// The same for the file at `path`, which may have up to 16 MiB.
//
// Errors: as ParseToml, and NOT_FOUND, PERMISSION_DENIED or UNAVAILABLE when the file cannot be read.
absl::Status LoadTomlFile(absl::string_view path, google::protobuf::Message* out);

// `text`, which is UTF-8, as a TOML basic string, quotes included: for files that programs write.
std::string TomlString(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_COMMON_TOML_H_
