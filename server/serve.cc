#include "server/serve.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/logging.h"
#include "common/openssl_config.h"
#include "common/random.h"
#include "common/service_notify.h"
#include "common/status_macros.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/util/json_util.h"
#include "server/admin/admin_server.h"
#include "server/admin/broker_metrics.h"
#include "server/broker/broker.h"
#include "server/cluster/node.h"
#include "server/cluster/opening.h"
#include "server/log/local_log.h"
#include "server/rpc/rpc_server.h"

namespace muster {
namespace {

using config::v1::BrokerConfig;

constexpr unsigned int kDrainSecondsMax = 30;

absl::Status PrepareDataDir(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot create ", dir, ": ", error.message()));
  if (chmod(dir.c_str(), 0700) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot protect ", dir));
  return absl::OkStatus();
}

// Each agency that is connected needs a descriptor: as many as the system lets this process have.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) LogWarn("the limit of open descriptors cannot be raised");
}

// Whether somebody has asked this process to end, before it waits for that.
bool SignalPending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

// The broker's log, and in a cluster what comes with it.
struct OpenedLog {
  std::unique_ptr<EventLog> log;
  ClusterLog cluster;               // Its `log` is the one above.
  MirroredLog* mirrored = nullptr;  // Null: this broker is alone.
};

absl::StatusOr<OpenedLog> OpenLog(const BrokerConfig& config) {
  OpenedLog opened;
  LocalLog::Options options;
  options.limits.batch_bytes_max = size_t{config.limits().message_bytes_max()} * 2;
  if (config.has_cluster()) {
    // What another broker has committed must fit here too, whatever the limits are.
    options.limits = {2 * kDefaultBatchLimits.batch_events_max, 2 * kDefaultBatchLimits.batch_bytes_max};
    MUSTER_ASSIGN_OR_RETURN(opened.cluster, OpenClusterLog(config, options, SystemClock(), SignalPending));
    opened.mirrored = opened.cluster.log.get();
    opened.log = std::move(opened.cluster.log);
    LogInfo("event log mirrored", {{"events", opened.log->last_sequence()}});
    return opened;
  }
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<LocalLog> log, LocalLog::Open(config.data_dir(), options));
  LogInfo("event log opened", {{"events", log->last_sequence()},
                               {"wal_frames_recovered", log->open_report().wal_frames_recovered},
                               {"wal_frames_discarded", log->open_report().wal_frames_discarded}});
  opened.log = std::move(log);
  return opened;
}

absl::StatusOr<std::unique_ptr<Broker>> OpenBroker(const BrokerConfig& config, std::unique_ptr<EventLog> log) {
  Broker::Options options;
  options.data_dir = config.data_dir();
  options.genesis = NewGenesis(config);
  options.sequencer = {config.limits().queue_max(), config.limits().batch_max()};
  options.publisher.reader_queue_max = config.limits().reader_queue_max();
  options.publisher.reader_queue_bytes_max = config.limits().reader_queue_bytes_max();
  options.snapshot_every_events = config.snapshot().every_events();
  options.snapshots_kept = config.snapshot().keep();
  options.history_notices_max = config.limits().history_notices_max();
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Broker> broker, Broker::Open(options, std::move(log), SystemClock()));
  for (const std::string& path : broker->recovery().damaged_snapshots) LogWarn("damaged snapshot", {{"path", path}});
  const std::string trust_domain = broker->WithState([](const State& state) { return state.genesis().trust_domain(); });
  if (trust_domain != config.tls().trust_domain()) {
    LogWarn("the log was begun for another trust domain than the configuration names",
            {{"log", trust_domain}, {"configuration", config.tls().trust_domain()}});
  }
  LogInfo("recovered", {{"from_snapshot", broker->recovery().from_snapshot},
                        {"events_replayed", broker->recovery().events_replayed},
                        {"feed_rebuilt", broker->recovery().feed_rebuilt}});
  return broker;
}

RpcServer::Options RpcOptions(const BrokerConfig& config, ClusterNode* node) {
  RpcServer::Options options;
  options.address = config.listen().address();
  options.tls = {config.tls().certificate_file(), config.tls().key_file(), config.tls().ca_file()};
  options.tls_live_dir = absl::StrCat(config.data_dir(), "/tls");
  options.tls_reload_interval = absl::Seconds(config.tls().reload_interval().seconds());
  options.trust_domain = config.tls().trust_domain();
  options.message_bytes_max = static_cast<int>(config.limits().message_bytes_max());
  options.stream_in_flight_max = config.limits().stream_in_flight_max();
  options.broker_id = config.cluster().broker_id();
  if (node != nullptr) options.everywhere = &node->presence();
  return options;
}

std::string ToJson(const cluster::v1::ClusterStatus& status) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(status, &json, options).ok()) return "{}";
  return json;
}

// What serves, for the admin port and the hooks that other threads call.
struct Service {
  Broker* broker = nullptr;
  ClusterNode* node = nullptr;  // Null: this broker is alone.
  std::atomic<RpcServer*> rpc = nullptr;
  std::atomic<bool> serving = false;
  std::atomic<bool> failed = false;  // Only a new start mends what has happened.
};

absl::StatusOr<std::unique_ptr<AdminServer>> StartAdmin(const BrokerConfig& config, const Service& service) {
  if (config.admin().address().empty()) return nullptr;
  AdminServer::Options options;
  options.address = config.admin().address();
  options.live = [&service] {
    return service.failed || service.broker->Stats().failed
               ? absl::UnavailableError("nothing more is accepted; restarting")
               : absl::OkStatus();
  };
  options.ready = [&service] {
    return service.serving ? absl::OkStatus()
                           : absl::UnavailableError("starting, draining, or cut off from the others");
  };
  options.metrics = [&service] {
    const RpcServer* const server = service.rpc.load();
    std::vector<MetricSample> samples =
        BrokerMetrics(service.broker->Stats(), server == nullptr ? 0 : server->open_streams());
    if (service.node != nullptr) {
      for (MetricSample& sample : ClusterMetrics(service.node->Status())) samples.push_back(std::move(sample));
    }
    return samples;
  };
  if (service.node != nullptr) options.cluster = [&service] { return ToJson(service.node->Status()); };
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<AdminServer> admin, AdminServer::Start(std::move(options)));
  LogInfo("admin port open", {{"port", admin->port()}});
  return admin;
}

Broker::Hooks BrokerHooks(Service* service) {
  Broker::Hooks hooks;
  hooks.access_changed = [service] {
    if (RpcServer* server = service->rpc.load()) server->OnAccessChanged();
  };
  hooks.failed = [](const absl::Status&) { kill(getpid(), SIGTERM); };
  if (service->node != nullptr) service->node->AddHooks(&hooks);
  return hooks;
}

// The address at which the other brokers reach this one.
std::string PeerAddress(const BrokerConfig& config, const RpcServer& rpc) {
  return config.cluster().peer_address().empty() ? rpc.address() : config.cluster().peer_address();
}

void StartNode(const BrokerConfig& config, Service* service) {
  ClusterNode::Hooks hooks;
  hooks.failed = [service](const absl::Status&) {
    service->failed = true;
    kill(getpid(), SIGTERM);
  };
  hooks.serving = [service](bool serving) {
    service->serving = serving;
    if (RpcServer* server = service->rpc.load()) server->SetServing(serving);
  };
  RpcServer* const rpc = service->rpc.load();
  service->node->presence().Start(&rpc->presence());
  service->node->Start(PeerAddress(config, *rpc), std::move(hooks));
}

// The signals that end the broker. Before any thread exists, so that every thread inherits the mask and only sigwait
// takes these.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // Whoever reads the log may go away; the broker goes on.
  return signals;
}

void Drain(Service* service, RpcServer* rpc) {
  NotifyService("STOPPING=1");
  service->serving = false;
  alarm(kDrainSecondsMax);  // If anything below hangs, end all the same: everything acknowledged is durable.
  rpc->BeginDrain();
  // Another broker takes over the lead at once; what still comes here is sent there until the last call has ended.
  if (service->node != nullptr) service->node->StepDown();
  if (service->node == nullptr) service->broker->StopAccepting();
  service->rpc = nullptr;
  rpc->Shutdown(absl::Seconds(5));
  if (service->node != nullptr) service->node->Stop();
  service->broker->Stop();
}

}  // namespace

v1::Genesis NewGenesis(const BrokerConfig& config) {
  v1::Genesis genesis;
  genesis.set_log_id(RandomBytes(8));
  genesis.set_trust_domain(config.tls().trust_domain());
  *genesis.mutable_registrar() = config.bootstrap().registrar();
  return genesis;
}

absl::Status Serve(const BrokerConfig& config) {
  const sigset_t signals = BlockSignals();
  MUSTER_RETURN_IF_ERROR(InitLogging(config.logging().level(), config.logging().format()));
  RaiseDescriptorLimit();
  // libprotobuf writes a line for every text that is not UTF-8; whoever sends such gets an answer that says so.
  google::protobuf::SetLogHandler(nullptr);
  MUSTER_RETURN_IF_ERROR(DisableTlsSessionTickets());
  MUSTER_RETURN_IF_ERROR(PrepareDataDir(config.data_dir()));
  MUSTER_ASSIGN_OR_RETURN(OpenedLog opened, OpenLog(config));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Broker> broker, OpenBroker(config, std::move(opened.log)));
  std::unique_ptr<ClusterNode> node;
  if (opened.mirrored != nullptr) {
    node = std::make_unique<ClusterNode>(NodeOptions(config), opened.cluster.client.get(),
                                         opened.cluster.etcd_log.get(), opened.mirrored, broker.get(), SystemClock());
  }
  Service service;
  service.broker = broker.get();
  service.node = node.get();
  broker->Start(BrokerHooks(&service));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<AdminServer> admin, StartAdmin(config, service));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> rpc,
                          RpcServer::Start(RpcOptions(config, node.get()), broker.get(), SystemClock()));
  service.rpc = rpc.get();
  service.serving = true;
  if (node != nullptr) StartNode(config, &service);
  std::ofstream(absl::StrCat(config.data_dir(), "/address")) << rpc->address() << "\n";
  LogInfo("serving", {{"address", rpc->address()}, {"pid", getpid()}});
  NotifyService(absl::StrCat("READY=1\nSTATUS=serving on ", rpc->address()));

  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("draining", {{"signal", signal}});
  Drain(&service, rpc.get());
  if (service.failed || broker->Stats().failed)
    return absl::UnknownError("stopped because only a new start mends what has happened");
  LogInfo("stopped");
  return absl::OkStatus();
}

}  // namespace muster
