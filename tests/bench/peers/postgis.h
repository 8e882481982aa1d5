// Deconfliction as a user of a database does it: PostGIS, zones in a GiST index over place and time, one prepared
// query.
//
// Zones and questions are those of muster-deconflict-query, so that both answer the same.
#ifndef MUSTER_TESTS_BENCH_PEERS_POSTGIS_H_
#define MUSTER_TESTS_BENCH_PEERS_POSTGIS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace muster::peers {

// Makes a table of so many zones, indexed and analysed, unless there is one.
void LoadZones(const std::string& conninfo, uint64_t zones);

// Asks that table for `seconds`, one question at a time, and prints one line of JSON.
void RunZoneQueries(const std::string& conninfo, uint64_t zones, double seconds, pid_t server);

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_POSTGIS_H_
