#include "tests/bench/peers/postgres.h"

#include <sys/epoll.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::peers {
namespace {

constexpr Oid kBytea = 17;
constexpr char kInsert[] = "i";

class PostgresLink : public Link {
 public:
  explicit PostgresLink(PgConnection connection) : connection_(std::move(connection)) {
    const PgResult prepared(
        PQprepare(connection_.get(), kInsert, "INSERT INTO messages(payload) VALUES($1)", 1, &kBytea));
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK || PQenterPipelineMode(connection_.get()) != 1 ||
        PQsetnonblocking(connection_.get(), 1) != 0) {
      Fail(absl::StrCat("postgres: ", PQerrorMessage(connection_.get())));
    }
  }

  void JoinEpoll(int epoll, void* data) override {
    epoll_ = epoll;
    data_ = data;
    Register(EPOLL_CTL_ADD);
  }

  void Publish(absl::string_view payload) override {
    const char* const values[] = {payload.data()};
    const int lengths[] = {static_cast<int>(payload.size())};
    const int formats[] = {1};
    // A sync ends the transaction: each message is durable by itself, as it is with brokers.
    if (PQsendQueryPrepared(connection_.get(), kInsert, 1, values, lengths, formats, 1) != 1 ||
        PQpipelineSync(connection_.get()) != 1) {
      Fail(absl::StrCat("postgres: ", PQerrorMessage(connection_.get())));
    }
  }

  void Flush() override {
    const bool wants_write = PQflush(connection_.get()) == 1;
    if (std::exchange(wants_write_, wants_write) != wants_write) Register(EPOLL_CTL_MOD);
  }

  bool Pump(Listener& listener) override {
    if (PQconsumeInput(connection_.get()) != 1) return false;
    // Between the results of two commands there is one null; two mean that there are no more.
    bool after_null = false;
    while (PQisBusy(connection_.get()) == 0) {
      const PgResult result(PQgetResult(connection_.get()));
      if (result == nullptr) {
        if (std::exchange(after_null, true)) break;
        continue;
      }
      after_null = false;
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_PIPELINE_SYNC) {
        listener.OnAcknowledged(1);
      } else if (status != PGRES_COMMAND_OK) {
        listener.OnError(PQresultErrorMessage(result.get()));
      }
    }
    Flush();
    return true;
  }

 private:
  void Register(int operation) {
    epoll_event event{};
    event.events = EPOLLIN | (wants_write_ ? static_cast<uint32_t>(EPOLLOUT) : 0U);
    event.data.ptr = data_;
    epoll_ctl(epoll_, operation, PQsocket(connection_.get()), &event);
  }

  const PgConnection connection_;
  int epoll_ = -1;
  void* data_ = nullptr;
  bool wants_write_ = false;
};

}  // namespace

PgConnection PgConnect(const std::string& conninfo) {
  PgConnection connection(PQconnectdb(conninfo.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    Fail(absl::StrCat("postgres: ", PQerrorMessage(connection.get())));
  }
  return connection;
}

PgResult PgExecute(PGconn* connection, const std::string& command) {
  PgResult result(PQexec(connection, command.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
    Fail(absl::StrCat("postgres: ", command, ": ", PQerrorMessage(connection)));
  }
  return result;
}

void PreparePostgres(const std::string& conninfo) {
  const PgConnection connection = PgConnect(conninfo);
  PgExecute(connection.get(), "SET client_min_messages=error");
  PgExecute(connection.get(), "DROP TABLE IF EXISTS messages");
  PgExecute(connection.get(), "CREATE TABLE messages(id bigserial PRIMARY KEY, payload bytea)");
}

std::unique_ptr<Link> NewPostgresLink(const std::string& conninfo) {
  return std::make_unique<PostgresLink>(PgConnect(conninfo));
}

}  // namespace muster::peers
