// The tables of agent.db, and its wrapped key.
//
// Threading: as the connection's.
#ifndef MUSTER_CLIENT_AGENT_STORE_SCHEMA_H_
#define MUSTER_CLIENT_AGENT_STORE_SCHEMA_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/agent/store/data_key.h"
#include "common/sqlite.h"

namespace muster::agent {

inline constexpr int kPageBytes = 4096;

// Makes the tables, with the wrapped key and a new outbox, in one commit.
absl::Status CreateSchema(SqliteDatabase* db, const WrappedKey& key);

// FAILED_PRECONDITION when a newer muster-agent made the database.
absl::Status CheckFormat(SqliteDatabase* db);

absl::StatusOr<WrappedKey> ReadWrappedKey(SqliteDatabase* db);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_SCHEMA_H_
