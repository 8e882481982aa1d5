#include "client/cli/demo/demo.h"

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/contexts.h"
#include "client/cli/demo/live_show.h"
#include "client/cli/demo/replay.h"
#include "client/cli/demo/rounds.h"
#include "client/cli/demo/tally_round.h"
#include "client/cli/demo/verdict.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr char kTrustDomain[] = "muster.example";

absl::Status MakeCertificates(const DemoPaths& paths, const Workspace& workspace) {
  MUSTER_ASSIGN_OR_RETURN(const auto make_certs,
                          Subprocess::Start({paths.make_certs, "--out", workspace.certificates(), "--trust-domain",
                                             kTrustDomain, "--days", "2"},
                                            absl::StrCat(workspace.folder(), "/make-certs.log")));
  MUSTER_ASSIGN_OR_RETURN(const int status, make_certs->Wait(absl::Minutes(2)));
  if (status == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(paths.make_certs, " ended with status ", status, ":\n", make_certs->LogTail()));
}

uint64_t NewSeed() {
  std::random_device device;
  // Six digits: enough, and a person can type them.
  return device() % 1'000'000;
}

class Demo {
 public:
  Demo(const DemoOptions& options, DemoPaths paths, uint64_t seed, std::ostream& show)
      : options_(options),
        paths_(std::move(paths)),
        seed_(seed),
        show_(show),
        progress_(show, options.terminal),
        live_({options.json, options.terminal && options.keyboard}, show) {}

  absl::Status Run(Workspace& workspace, std::ostream& out) {
    MUSTER_ASSIGN_OR_RETURN(const Scenario scenario, LoadScenario(paths_.scenario));
    show_ << "EXERCISE  " << scenario.creation.operation().code_name()
          << ": published figures; times, plan, activities, readiness and the split into reports are "
             "synthetic.\n"
          << "          Seed " << seed_ << " (repeat this run with --seed " << seed_ << "), working in "
          << workspace.folder() << "\n\n";
    BrokerProcess broker({paths_.musterd, workspace.folder(), workspace.certificates(), kTrustDomain});
    // Made before any other thread, and joined before `broker` goes.
    InterruptGuard guard([&] {
      live_.Abandon();
      broker.Abandon();
      workspace.Remove();
    });
    if (own_broker()) {
      progress_.Step("Making fresh certificates");
      MUSTER_RETURN_IF_ERROR(MakeCertificates(paths_, workspace));
    }
    MUSTER_ASSIGN_OR_RETURN(const auto agencies, LoadAgencies(CertificatesOf(workspace)));
    const auto registrar = agencies.find(scenario.lead());
    if (registrar == agencies.end()) {
      return absl::NotFoundError(absl::StrCat("the lead ", scenario.lead(), " is not in agencies.csv"));
    }
    broker.set_registrar(registrar->second);
    const absl::Status played = Play(scenario, agencies, workspace, broker, out);
    // What differs is to be looked at as much as what does not; a replay that broke off has nothing more to show.
    if (options_.dashboard && judged_) MUSTER_RETURN_IF_ERROR(ServeUntilInterrupted(guard, broker));
    MUSTER_RETURN_IF_ERROR(played);
    if (workspace.kept() && own_broker()) return ShowHowToLookAround(scenario, workspace, broker);
    return absl::OkStatus();
  }

 private:
  absl::Status Play(const Scenario& scenario, const std::map<std::string, v1::Agency>& agencies,
                    const Workspace& workspace, BrokerProcess& broker, std::ostream& out) {
    if (own_broker()) {
      progress_.Step("Starting the broker");
      MUSTER_RETURN_IF_ERROR(broker.Start());
      progress_.Say(absl::StrCat("musterd serves at ", broker.address()));
    }
    Replay replay = {scenario,
                     own_broker() ? std::vector<std::string>{broker.address()} : options_.brokers,
                     own_broker() ? &broker : nullptr,
                     progress_,
                     seed_,
                     Pace(options_.pace.value_or(options_.dashboard ? 1 : 0)),
                     InTheMiddle(),
                     workspace.folder()};
    MUSTER_RETURN_IF_ERROR(OpenPosts(CertificatesOf(workspace), replay));
    MUSTER_RETURN_IF_ERROR(Enrol(agencies, replay));
    if (options_.dashboard) MUSTER_RETURN_IF_ERROR(live_.Open(paths_, scenario, agencies, workspace, broker));
    replay.pace.Hold(absl::Seconds(3));
    MUSTER_RETURN_IF_ERROR(RunPlanRounds(replay));
    MUSTER_ASSIGN_OR_RETURN(Findings victims, RunVictimRound(replay));
    MUSTER_ASSIGN_OR_RETURN(Findings deconfliction, RunDeconflictionRound(replay));
    MUSTER_ASSIGN_OR_RETURN(Findings go, RunGoRound(replay));
    const PlannedTally tally = PlanTally(scenario, seed_);
    MUSTER_ASSIGN_OR_RETURN(TallyRoundReport report, RunTallyRound(tally, replay));
    MUSTER_ASSIGN_OR_RETURN(Findings completion, RunCompletionRound(replay));
    MUSTER_ASSIGN_OR_RETURN(ClaimRoundResult claims, RunClaimRound(tally, replay, &report));
    MUSTER_RETURN_IF_ERROR(SetPhase(v1::OPERATION_PHASE_REPORTING, replay));
    MUSTER_ASSIGN_OR_RETURN(Findings releases, RunReleaseRound(replay));
    MUSTER_ASSIGN_OR_RETURN(Verdict verdict, Judge(tally, replay));
    verdict.rounds = {std::move(victims),    std::move(deconfliction),   std::move(go),
                      std::move(completion), std::move(claims.findings), std::move(releases)};
    verdict.reconciliations = std::move(claims.reconciliations);
    replay.lead_posts.clear();
    replay.posts.clear();
    if (own_broker()) {
      progress_.Step("Stopping the broker, and verifying its log");
      MUSTER_RETURN_IF_ERROR(broker.Stop());
      verdict.promises.push_back({"log and state, by musterd verify", "OK", broker.Verify().ToString()});
    }
    PrintVerdict(scenario, verdict, show_);
    show_ << report.clients << " clients sent " << report.submissions_sent << " submissions, "
          << report.duplicates_injected << " of them repeats; ";
    if (own_broker()) {
      show_ << "the broker was killed and restarted " << report.broker_restarts << " time, with " << report.cut_off
            << " calls in flight.\n";
    } else {
      show_ << report.sent_meanwhile << " were acknowledged while what serves was broken and mended.\n";
    }
    if (options_.json) out << VerdictJson(scenario, verdict, report, seed_) << std::endl;
    judged_ = true;
    const std::vector<std::string> differing = verdict.Differing(scenario.published);
    if (differing.empty()) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("the replay did not end as it must (", absl::StrJoin(differing, "; "),
                                            "); repeat it with --seed ", seed_));
  }

  bool own_broker() const { return options_.brokers.empty(); }
  std::string CertificatesOf(const Workspace& workspace) const {
    return own_broker() ? workspace.certificates() : options_.certificates;
  }
  std::vector<std::string> InTheMiddle() const {
    return options_.in_the_middle.empty() ? std::vector<std::string>()
                                          : std::vector<std::string>{options_.in_the_middle};
  }

  // The broker again, for the dashboards; then everything ends in order.
  absl::Status ServeUntilInterrupted(InterruptGuard& guard, BrokerProcess& broker) {
    MUSTER_RETURN_IF_ERROR(While("starting the broker again for the dashboards", broker.Start()));
    show_ << "\nThe dashboards stay open, and you may act in them now. Ctrl-C ends everything.\n" << std::flush;
    guard.Wait();
    show_ << "\nending the dashboards and the broker\n" << std::flush;
    MUSTER_RETURN_IF_ERROR(live_.Close());
    return broker.Stop();
  }

  // Writes a contexts file with every participant and says how to use it.
  absl::Status ShowHowToLookAround(const Scenario& scenario, const Workspace& workspace, const BrokerProcess& broker) {
    config::v1::ClientContexts contexts;
    contexts.set_current(scenario.lead());
    for (const v1::Participant& participant : scenario.participants) {
      const std::string post = absl::StrCat(workspace.certificates(), "/", participant.agency_id(), "/operator");
      config::v1::ClientContext& context = *contexts.add_contexts();
      context.set_name(participant.agency_id());
      context.add_brokers(broker.address());
      context.set_certificate_file(post + ".crt");
      context.set_key_file(post + ".key");
      context.set_ca_file(absl::StrCat(workspace.certificates(), "/ca/ca.crt"));
    }
    const std::string file = absl::StrCat(workspace.folder(), "/contexts.toml");
    MUSTER_RETURN_IF_ERROR(cli::SaveContexts(contexts, file));
    const std::string& operation = scenario.operation_id();
    show_ << "\nEverything is kept in " << workspace.folder() << ". To look around, as the lead and as others:\n\n"
          << "  " << paths_.musterd << " serve --config " << broker.config_file() << " &\n"
          << "  export MUSTER_CONFIG=" << file << "\n"
          << "  muster tally explain " << operation << " arrests\n"
          << "  muster tally explain " << operation << " persons --definition source\n"
          << "  muster plan acknowledgements " << operation << "\n"
          << "  muster claim reconcile " << operation << "\n"
          << "  muster conflict list --operation " << operation << " --context mo-watch\n"
          << "  muster plan show " << operation << " --context nd-bci   # who must not see one of the sections\n";
    return absl::OkStatus();
  }

  const DemoOptions& options_;
  const DemoPaths paths_;
  const uint64_t seed_;
  std::ostream& show_;
  Progress progress_;
  LiveShow live_;
  bool judged_ = false;  // The replay came to its verdict.
};

}  // namespace

absl::Status RunDemo(const DemoOptions& options, std::ostream& out, std::ostream& err) {
  MUSTER_ASSIGN_OR_RETURN(DemoPaths paths, FindPaths(options.paths, options.dashboard));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Workspace> workspace, Workspace::Make(paths.keep));
  return Demo(options, std::move(paths), options.seed.value_or(NewSeed()), options.json ? err : out)
      .Run(*workspace, out);
}

}  // namespace muster
