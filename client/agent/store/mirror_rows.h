// The mirror's table.
//
// Threading: as the session's.
#ifndef MUSTER_CLIENT_AGENT_STORE_MIRROR_ROWS_H_
#define MUSTER_CLIENT_AGENT_STORE_MIRROR_ROWS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/agent/store/database.h"
#include "client/agent/store/mirror.h"

namespace muster::agent {

// See Mirror::Put and Mirror::Get.
absl::Status PutMirrorRow(Session& session, const MirrorAnswer& answer);
absl::StatusOr<std::optional<Mirror::Found>> FindMirrorRow(Session& session, absl::string_view key);

absl::Status RemoveMirrorRow(Session& session, absl::string_view key);
absl::Status RemoveMirrorRowsOf(Session& session, absl::string_view operation_id);

// That every row opens.
absl::Status VerifyMirrorRows(Session& session);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_MIRROR_ROWS_H_
