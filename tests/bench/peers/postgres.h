// PostgreSQL as a place to publish to: one INSERT, and so one durable commit, for each message, pipelined.
#ifndef MUSTER_TESTS_BENCH_PEERS_POSTGRES_H_
#define MUSTER_TESTS_BENCH_PEERS_POSTGRES_H_

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "tests/bench/peers/link.h"

namespace muster::peers {

struct PgClose {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgConnection = std::unique_ptr<PGconn, PgClose>;
using PgResult = std::unique_ptr<PGresult, PgClose>;

// Fails, with the server's message, unless it is connected; see the manual of libpq for `conninfo`.
PgConnection PgConnect(const std::string& conninfo);
// Fails, with the server's message, unless the command succeeds.
PgResult PgExecute(PGconn* connection, const std::string& command);

// The table of messages, empty.
void PreparePostgres(const std::string& conninfo);
std::unique_ptr<Link> NewPostgresLink(const std::string& conninfo);

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_POSTGRES_H_
