#include "client/cli/bench_command.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/bench/connections_load.h"
#include "client/bench/deconflict_load.h"
#include "client/bench/fanout_load.h"
#include "client/bench/replay_load.h"
#include "client/bench/stage.h"
#include "client/bench/submit_load.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "common/identity.h"
#include "common/status_macros.h"
#include "common/tls_files.h"
#include "google/protobuf/struct.pb.h"

namespace muster::cli {
namespace {

using bench::Report;
using bench::Target;

constexpr char kDurable[] = " Every acknowledgement means that the broker has it on its disk (fsync).";

// As a table for people, and as one JSON object with a number for each figure.
void Print(Invocation& invocation, const Report& report) {
  google::protobuf::Struct object;
  View view;
  view.object = &object;
  view.mode = report.mode;
  view.table.columns = {{"figure"}, {"value", /*right=*/true}};
  for (const bench::Figure& figure : report.figures) {
    (*object.mutable_fields())[figure.name].set_number_value(figure.value);
    view.table.rows.push_back({figure.name, absl::StrFormat("%.*f", figure.decimals, figure.value)});
  }
  if (!report.operation_id.empty()) {
    (*object.mutable_fields())["operation_id"].set_string_value(report.operation_id);
    view.table.rows.push_back({"operation_id", report.operation_id});
  }
  if (!report.first_error.empty()) {
    (*object.mutable_fields())["first_error"].set_string_value(report.first_error);
    view.body = absl::StrCat("The first error: ", report.first_error, "\n");
  }
  invocation.printer().Print(view);
}

// spiffe://TRUST-DOMAIN/agency/...
absl::StatusOr<std::string> TrustDomainOf(const std::string& certificate, const std::string& file) {
  MUSTER_ASSIGN_OR_RETURN(const CertificateInfo info, DescribeCertificatePem(certificate, file));
  const std::vector<std::string> parts = absl::StrSplit(info.uris.empty() ? "" : info.uris[0], '/');
  if (parts.size() < 4) return absl::InvalidArgumentError(absl::StrCat(file, " names no agency of Muster"));
  return parts[2];
}

// Runs `load` against the broker that the flags and the context name.
absl::Status Measure(Invocation& invocation, const std::vector<int>& server_pids,
                     const std::function<absl::StatusOr<Report>(const Target&)>& load) {
  MUSTER_ASSIGN_OR_RETURN(const ConnectionOptions options, invocation.Options());
  if (absl::StartsWith(options.brokers[0], "unix:")) {
    return UsageError("bench measures a broker, and this context is a daemon's: name a broker with --broker");
  }
  MUSTER_ASSIGN_OR_RETURN(const TlsContents tls,
                          ReadTlsFiles({options.certificate_file, options.key_file, options.ca_file}));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<bench::Route> route,
                          bench::Route::Make(options.brokers[0], options.server_name, tls));
  MUSTER_ASSIGN_OR_RETURN(const std::string trust_domain, TrustDomainOf(tls.certificate, options.certificate_file));
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const Report report, load({client, route.get(), trust_domain, server_pids}));
  Print(invocation, report);
  if (!report.first_error.empty()) invocation.set_verdict(kFailure);
  return absl::OkStatus();
}

// A verb with the flags that all of them share. `Options` are the load's, filled by the parser.
template <typename Options>
struct Verb {
  CLI::App* command;
  std::shared_ptr<Options> options;
};

template <typename Options>
Verb<Options> AddLoad(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
                      std::initializer_list<absl::string_view> examples,
                      absl::StatusOr<Report> (*load)(const Target&, const Options&)) {
  const auto options = std::make_shared<Options>();
  const auto server_pids = std::make_shared<std::vector<int>>();
  CLI::App* command = AddVerb(noun, invocation, name, description, examples, [&invocation, options, server_pids, load] {
    return Measure(invocation, *server_pids, [&](const Target& target) { return load(target, *options); });
  });
  command
      ->add_option("--server-pid", *server_pids,
                   "The broker's process on this machine, whose processor time is measured; with commas, or repeated")
      ->delimiter(',');
  if constexpr (requires { options->operation_id; }) {
    AddText(command, "--operation", &options->operation_id,
            "The operation to use, an EXERCISE or a TEST; default: a new EXERCISE");
  }
  return {command, options};
}

void AddSize(CLI::App* command, size_t* size) {
  command->add_option("--size", *size, "Bytes of an encoded submission, about")
      ->check(CLI::Range(200, 1200))
      ->capture_default_str();
}

void AddWindow(CLI::App* command, bench::PublisherOptions* publisher) {
  command->add_option("--window", publisher->window, "Submissions without an answer, for each connection")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--per-message", publisher->per_message, "Submissions in one message of the stream")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

void AddAuthority(CLI::App* command, std::string* folder, const std::string& what) {
  AddText(command, "--authority", folder,
          absl::StrCat("A folder with ca/ca.crt and ca/ca.key, as certs-example/make-certs.sh makes it: ", what,
                       ". Needs a registrar's context"));
}

void AddTimes(CLI::App* command, double* warm_s, double* seconds) {
  command->add_option("--warm", *warm_s, "Seconds before it measures")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  command->add_option("--seconds", *seconds, "Seconds that it measures")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
}

void AddSubmit(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::SubmitOptions>(
      noun, invocation, "submit",
      absl::StrCat("Submissions of tally entries through StreamSubmit, as fast as they are acknowledged.", kDurable),
      {"bench submit", "bench submit --publishers 12 --window 256 --server-pid 4711 -o json",
       "bench submit --count 100000 --numbered"},
      bench::RunSubmit);
  command->add_option("--publishers", options->publishers, "Connections that submit")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddWindow(command, &options->publisher);
  command->add_flag("--numbered", options->publisher.numbered, "With outbox numbers, as a command post's daemon sends");
  AddSize(command, &options->size);
  AddTimes(command, &options->warm_s, &options->seconds);
  command->add_option("--count", options->count, "Measure so many submissions instead of some seconds")
      ->check(CLI::Range(1, 1'000'000'000));
}

void AddLatency(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::LatencyOptions>(
      noun, invocation, "latency",
      absl::StrCat("One submission at a time: how long until it is acknowledged, busy and after a pause.", kDurable),
      {"bench latency", "bench latency --pauses 50 --pause 2s -o json"}, bench::RunLatency);
  AddSize(command, &options->size);
  AddTimes(command, &options->warm_s, &options->seconds);
  command->add_option("--pauses", options->pauses, "Then so many more, each after a pause")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  AddDuration(
      command, "--pause", [options = options](absl::Duration pause) { options->pause = pause; },
      "How long a pause is (default 1s)");
}

void AddFanout(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::FanoutOptions>(
      noun, invocation, "fanout",
      absl::StrCat("One publisher and many readers, each of whom must get every event in order.", kDurable),
      {"bench fanout --readers 100", "bench fanout --readers 1000 --rate 10 --authority certs -o json"},
      bench::RunFanout);
  command->add_option("--readers", options->readers, "Streams that subscribe, each on a connection of its own")
      ->check(CLI::Range(1, 18000))
      ->capture_default_str();
  AddAuthority(command, &options->authority, "each reader is a new agency, a prosecutor in the operation");
  command->add_option("--rate", options->rate, "Events a second; default: as many as the slowest reader gets")
      ->check(CLI::Range(0.1, 1e6));
  command->add_option("--lag", options->lag, "Without --rate: how far the publisher may be ahead of the slowest reader")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  AddWindow(command, &options->publisher);
  AddSize(command, &options->size);
  command->add_option("--seconds", options->seconds, "Seconds that it publishes")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command->add_option("--count", options->count, "Publish so many events instead")->check(CLI::Range(1, 4'000'000));
}

void AddReplay(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::ReplayOptions>(
      noun, invocation, "replay", "One new reader, from the beginning of your agency's feed to the present.",
      {"bench replay", "bench replay --server-pid 4711 -o json"}, bench::RunReplay);
  command->add_option("--seconds-max", options->seconds_max, "Give up after so many seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

void AddConnections(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::ConnectionsOptions>(
      noun, invocation, "connections", "Many agencies connect, and one order goes out to all of them.",
      {"bench connections --agencies 1000 --authority certs --server-pid 4711",
       "bench connections --agencies 18000 --authority certs --order plan -o json"},
      bench::RunConnections);
  command
      ->add_option("--agencies", options->agencies, "New agencies, each with a connection and a certificate of its own")
      ->check(CLI::Range(1, 18000))
      ->capture_default_str();
  AddAuthority(command, &options->authority, "for the agencies' certificates, and those of two persons who approve GO");
  const std::map<std::string, bench::Order> orders = {{"go", bench::Order::kGo}, {"plan", bench::Order::kPlan}};
  command->add_option("--order", options->order, "go (default) or plan, an amendment of it")
      ->transform(CLI::CheckedTransformer(orders));
}

void AddDeconflict(CLI::App& noun, Invocation& invocation) {
  const auto [command, options] = AddLoad<bench::DeconflictOptions>(
      noun, invocation, "deconflict",
      absl::StrCat("Activities compared with many others, as they are entered.", kDurable),
      {"bench deconflict --zones 100000 --server-pid 4711",
       "bench deconflict --zones 0 --operation bench-1630000000000  # with those that an earlier run entered"},
      bench::RunDeconflict);
  command->add_option("--zones", options->zones, "Activities to enter first; 0: compare with those that are there")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--queries", options->queries, "Activities to enter and take back, of which entering is measured")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  AddWindow(command, &options->publisher);
}

}  // namespace

void AddBenchCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun =
      AddNoun(app, "bench", "Load tests against a broker: in an EXERCISE of their own, never in an ACTUAL operation",
              {"bench submit", "bench latency", "bench fanout --readers 100"});
  AddSubmit(*noun, invocation);
  AddLatency(*noun, invocation);
  AddFanout(*noun, invocation);
  AddReplay(*noun, invocation);
  AddConnections(*noun, invocation);
  AddDeconflict(*noun, invocation);
}

}  // namespace muster::cli
