#include "tests/bench/peers/postgis.h"

#include <array>
#include <bit>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/bench/zones.h"
#include "tests/bench/peers/bytes.h"
#include "tests/bench/peers/measure.h"
#include "tests/bench/peers/postgres.h"

namespace muster::peers {
namespace {

constexpr double kWarmSeconds = 0.7;
constexpr size_t kCopyBytes = 65'536;
constexpr char kQuery[] = "q";
constexpr Oid kFloat8 = 701;

// As PostgreSQL's clock has them.
int64_t StartS(const bench::Zone& zone) { return 1'800'000'000 + absl::ToInt64Seconds(zone.start); }
int64_t EndS(const bench::Zone& zone) { return StartS(zone) + absl::ToInt64Seconds(zone.length); }

void Put(PGconn* connection, const std::string& rows) {
  if (PQputCopyData(connection, rows.data(), static_cast<int>(rows.size())) != 1) {
    Fail(absl::StrCat("postgres: ", PQerrorMessage(connection)));
  }
}

std::string TableOf(uint64_t zones) { return absl::StrCat("zones_", zones); }

// Fills the table `numbers` with zones as the generator gives them.
void CopyNumbers(PGconn* connection, uint64_t zones) {
  PgExecute(connection, "COPY numbers FROM STDIN");
  bench::ZoneGenerator generator(bench::kZoneSeed);
  std::string rows;
  for (uint64_t i = 0; i < zones; ++i) {
    const bench::Zone zone = generator.Next();
    absl::StrAppendFormat(&rows, "%d\t%.9f\t%.9f\t%.3f\t%d\t%d\n", i, zone.latitude, zone.longitude, zone.radius_m,
                          StartS(zone), EndS(zone));
    if (rows.size() < kCopyBytes) continue;
    Put(connection, rows);
    rows.clear();
  }
  Put(connection, rows);
  PQputCopyEnd(connection, nullptr);
  for (PgResult result(PQgetResult(connection)); result != nullptr; result.reset(PQgetResult(connection))) {
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) Fail(PQerrorMessage(connection));
  }
}

// Asks question after question until `until_ns`. Returns how many, and adds to `hits` and `took`.
uint64_t Ask(PGconn* connection, bench::ZoneGenerator& questions, uint64_t until_ns, uint64_t* hits, Samples* took) {
  uint64_t asked = 0;
  for (uint64_t began_ns = NowNs(); began_ns < until_ns; ++asked) {
    const bench::Zone zone = questions.Next();
    const std::array<double, 5> numbers = {zone.longitude, zone.latitude, zone.radius_m + bench::kQuestionWiderM,
                                           static_cast<double>(StartS(zone)), static_cast<double>(EndS(zone))};
    std::array<std::string, 5> encoded;
    std::array<const char*, 5> values{};
    std::array<int, 5> lengths{};
    std::array<int, 5> formats{};
    for (size_t i = 0; i < numbers.size(); ++i) {
      AppendBigEndian(std::bit_cast<uint64_t>(numbers[i]), encoded[i]);
      values[i] = encoded[i].data();
      lengths[i] = static_cast<int>(sizeof(double));
      formats[i] = 1;
    }
    const PgResult result(PQexecPrepared(connection, kQuery, 5, values.data(), lengths.data(), formats.data(), 1));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) Fail(absl::StrCat("postgis: ", PQerrorMessage(connection)));
    *hits += static_cast<uint64_t>(PQntuples(result.get()));
    const uint64_t now_ns = NowNs();
    took->Add(now_ns - began_ns);
    began_ns = now_ns;
  }
  return asked;
}

}  // namespace

void LoadZones(const std::string& conninfo, uint64_t zones) {
  const PgConnection connection = PgConnect(conninfo);
  const std::string table = TableOf(zones);
  const PgResult known = PgExecute(connection.get(), absl::StrCat("SELECT to_regclass('", table, "') IS NOT NULL"));
  if (absl::string_view(PQgetvalue(known.get(), 0, 0)) == "t") return;
  for (const char* const command :
       {"SET client_min_messages=error", "SET maintenance_work_mem='1GB'", "CREATE EXTENSION IF NOT EXISTS postgis",
        "DROP TABLE IF EXISTS numbers",
        "CREATE UNLOGGED TABLE numbers(id bigint, latitude float8, longitude float8, radius float8, starts bigint, "
        "ends bigint)"}) {
    PgExecute(connection.get(), command);
  }
  CopyNumbers(connection.get(), zones);
  for (const std::string& command :
       {absl::StrCat("CREATE TABLE ", table, "(id bigint PRIMARY KEY, center geography(Point,4326) NOT NULL, ",
                     "radius float8 NOT NULL, lasts tstzrange NOT NULL)"),
        absl::StrCat("INSERT INTO ", table, " SELECT id, ST_MakePoint(longitude, latitude)::geography, radius, ",
                     "tstzrange(to_timestamp(starts), to_timestamp(ends)) FROM numbers"),
        std::string("DROP TABLE numbers"),
        absl::StrCat("CREATE INDEX ", table, "_index ON ", table, " USING gist (_ST_Expand(center, radius), lasts)"),
        absl::StrCat("VACUUM ANALYZE ", table)}) {
    PgExecute(connection.get(), command);
  }
}

void RunZoneQueries(const std::string& conninfo, uint64_t zones, double seconds, pid_t server) {
  const PgConnection connection = PgConnect(conninfo);
  PgExecute(connection.get(), "SET plan_cache_mode=force_generic_plan");
  const std::array<Oid, 5> types = {kFloat8, kFloat8, kFloat8, kFloat8, kFloat8};
  const std::string query =
      absl::StrCat("SELECT id FROM ", TableOf(zones),
                   " WHERE _ST_Expand(center, radius) && _ST_Expand(ST_MakePoint($1, $2)::geography, $3::float8) "
                   "AND lasts && tstzrange(to_timestamp($4), to_timestamp($5)) "
                   "AND ST_Distance(center, ST_MakePoint($1, $2)::geography, false) <= $3::float8 + radius");
  const PgResult prepared(PQprepare(connection.get(), kQuery, query.c_str(), 5, types.data()));
  if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) Fail(PQerrorMessage(connection.get()));

  bench::ZoneGenerator questions(bench::kQuestionSeed);
  uint64_t hits = 0;
  Samples warm;
  Ask(connection.get(), questions, NowNs() + static_cast<uint64_t>(kWarmSeconds * 1e9), &hits, &warm);
  hits = 0;
  Samples took;
  const CpuMeter cpu(server);
  const uint64_t started_ns = NowNs();
  const uint64_t asked =
      Ask(connection.get(), questions, started_ns + static_cast<uint64_t>(seconds * 1e9), &hits, &took);
  const double lasted = static_cast<double>(NowNs() - started_ns) / 1e9;
  const double queries = static_cast<double>(asked);
  JsonLine()
      .Add("seconds", lasted)
      .Add("queries_per_s", queries / lasted)
      .Add("server_cpu_us_per_query", cpu.server_seconds() / queries * 1e6)
      .Add("hits_per_query", static_cast<double>(hits) / queries)
      .Add("p50_us", took.PercentileUs(500))
      .Add("p99_us", took.PercentileUs(990))
      .Print();
}

}  // namespace muster::peers
