// muster-peer-bench: the works of tests/bench/compare.sh for the brokers that Muster is compared with. One client for
// all of them, on epoll and OpenSSL, so that what the client costs is small and about the same for each.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/bench/peers/mqtt.h"
#include "tests/bench/peers/nats.h"
#include "tests/bench/peers/postgis.h"
#include "tests/bench/peers/postgres.h"
#include "tests/bench/peers/rabbit_stream.h"
#include "tests/bench/peers/redis.h"
#include "tests/bench/peers/works.h"

namespace muster::peers {

namespace {

// More readers than this, and each gives its buffers back while it is idle.
constexpr int kReadersWithBuffers = 200;

struct Options {
  std::string peer = "nats";
  uint16_t port = 0;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  // PostgreSQL, instead of a port and certificates.
  std::string conninfo;
  bool keep = false;
  PublishLoad publish;
  FanoutLoad fanout;
  uint64_t replay_count = 1'000'000;
  uint64_t zones = 1000;
  double query_seconds = 3;
  pid_t server = 0;
};

std::unique_ptr<Peer> NewPeer(const std::string& name) {
  if (name == "nats") return std::make_unique<NatsPeer>(/*core_readers=*/true);
  if (name == "jetstream") return std::make_unique<NatsPeer>(/*core_readers=*/false);
  if (name == "redis") return std::make_unique<RedisPeer>();
  if (name == "mqtt") return std::make_unique<MqttPeer>();
  if (name == "rabbit-stream") return std::make_unique<RabbitStreamPeer>();
  Fail(absl::StrCat(name, " has no such work"));
}

// A broker over the network, and what makes links to it.
class Network {
 public:
  Network(const Options& options, bool many_connections)
      : port_(options.port),
        peer_(NewPeer(options.peer)),
        tls_(options.ca_file, options.certificate_file, options.key_file, many_connections) {
    if (options.keep) return;
    Connection connection(tls_, port_);
    peer_->Prepare(connection);
  }

  MakeLink publishers() const {
    return [this](int index) { return NewLink(index, Role::kPublisher); };
  }
  MakeReader readers() const {
    return [this](int index) { return NewLink(index, Role::kReader); };
  }

 private:
  std::unique_ptr<SessionLink> NewLink(int index, Role role) const {
    return std::make_unique<SessionLink>(tls_, port_, peer_->NewSession(index), role);
  }

  const uint16_t port_;
  const std::unique_ptr<Peer> peer_;
  const TlsContext tls_;
};

void AllowManyFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void Publish(const Options& options) {
  if (options.peer == "postgres") {
    PreparePostgres(options.conninfo);
    return RunPublish(options.publish, [&](int) { return NewPostgresLink(options.conninfo); });
  }
  const Network network(options, /*many_connections=*/false);
  RunPublish(options.publish, network.publishers());
}

void Fanout(const Options& options) {
  AllowManyFiles();
  const Network network(options, options.fanout.readers > kReadersWithBuffers);
  RunFanout(options.fanout, network.publishers(), network.readers());
}

void Replay(Options options) {
  options.keep = true;
  const Network network(options, /*many_connections=*/false);
  RunReplay(options.replay_count, options.server, network.readers());
}

void AddPublish(CLI::App& app, Options& options) {
  CLI::App* const command = app.add_subcommand("publish", "Publish, and wait for acknowledgements");
  command->add_option("--publishers", options.publish.publishers, "Connections that publish");
  command->add_option("--window", options.publish.window, "Messages of one publisher in flight");
  command->add_option("--size", options.publish.size_bytes, "Bytes of a message")->check(CLI::Range(32, 1 << 20));
  command->add_option("--warm", options.publish.warm_seconds, "Seconds before measuring");
  command->add_option("--seconds", options.publish.seconds, "How long to measure");
  command->add_option("--count", options.publish.count, "Messages, instead of --warm and --seconds");
  command->callback([&] { Publish(options); });
}

void AddFanout(CLI::App& app, Options& options) {
  CLI::App* const command = app.add_subcommand("fanout", "One publisher, many readers that each get every message");
  command->add_option("--readers", options.fanout.readers, "Connections that read")->check(CLI::PositiveNumber);
  command->add_option("--size", options.fanout.size_bytes, "Bytes of a message")->check(CLI::Range(32, 1 << 20));
  command->add_option("--rate", options.fanout.rate, "Messages a second; full rate without it");
  command->add_option("--lag", options.fanout.lag, "At full rate: messages ahead of the slowest reader");
  command->add_option("--seconds", options.fanout.seconds, "How long to publish");
  command->add_option("--count", options.fanout.count, "Messages, instead of --seconds");
  command->callback([&] { Fanout(options); });
}

void AddOthers(CLI::App& app, Options& options) {
  CLI::App* const replay = app.add_subcommand("replay", "One new reader of what `publish --count` has stored");
  replay->add_option("--count", options.replay_count, "Messages that are stored");
  replay->callback([&] { Replay(options); });
  CLI::App* const load = app.add_subcommand("zones-load", "Make a table of zones (--conninfo)");
  load->add_option("--zones", options.zones, "How many");
  load->callback([&] { LoadZones(options.conninfo, options.zones); });
  CLI::App* const query = app.add_subcommand("zones-query", "Ask which zones collide (--conninfo)");
  query->add_option("--zones", options.zones, "Of the table of so many");
  query->add_option("--seconds", options.query_seconds, "How long to measure");
  query->callback([&] { RunZoneQueries(options.conninfo, options.zones, options.query_seconds, options.server); });
}

int Main(int argc, char** argv) {
  CLI::App app("Loads a broker on 127.0.0.1 and prints what it did as one line of JSON");
  Options options;
  app.require_subcommand(1);
  app.add_option("--peer", options.peer, "nats, jetstream, redis, mqtt, rabbit-stream or postgres");
  app.add_option("--port", options.port, "Its port");
  app.add_option("--ca", options.ca_file, "The authority that signed its certificate");
  app.add_option("--certificate", options.certificate_file, "This client's certificate");
  app.add_option("--key", options.key_file, "This client's key");
  app.add_option("--conninfo", options.conninfo, "PostgreSQL: how to connect");
  app.add_flag("--keep", options.keep, "Keep what is stored");
  app.add_option("--server-pid", options.server, "Whose processor time counts, with all processes below it");
  app.parse_complete_callback([&] { options.publish.server = options.fanout.server = options.server; });
  AddPublish(app, options);
  AddFanout(app, options);
  AddOthers(app, options);
  CLI11_PARSE(app, argc, argv);
  return 0;
}

}  // namespace
}  // namespace muster::peers

int main(int argc, char** argv) { return muster::peers::Main(argc, argv); }
