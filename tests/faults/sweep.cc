#include "tests/faults/sweep.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/faults/child.h"
#include "tests/faults/disk_model.h"
#include "tests/faults/injection.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kSecondsMax = 60;  // Of one point. A broker that hangs is a finding.
constexpr char kPromised = 'P', kReport = 'R', kFired = 'F';

// What one run of the script said.
struct RunResult {
  std::vector<std::string> promises;
  Report report;
  uint64_t fired = 0;
  int exit_code = 0;
};

class Sweeper {
 public:
  Sweeper(const SweepSubject& subject, const SweepOptions& options, int worker)
      : subject_(subject),
        options_(options),
        worker_(static_cast<uint64_t>(worker)),
        base_(absl::StrCat(options.folder, "/", subject.name, "-", worker)) {
    fs::create_directories(base_);
  }
  ~Sweeper() {
    std::error_code ignored;
    fs::remove_all(base_, ignored);
  }

  Report Run() {
    RecordWithoutFault();
    using Kind = Injection::Kind;
    for (const Injection& injection :
         {Injection{Kind::kEio, 0, false}, Injection{Kind::kEio, 0, true}, Injection{Kind::kEnospc, 0, false},
          Injection{Kind::kEnospc, 0, true}, Injection{Kind::kShort, 0, false}, Injection{Kind::kKill, 0, false}}) {
      if (Wanted(injection.Name())) SweepKind(injection);
    }
    if (Wanted("power_cut")) CutPowerEverywhere();
    return std::move(report_);
  }

 private:
  bool Wanted(const std::string& kind) const {
    return options_.inject_only.empty() || absl::StrContains(kind, options_.inject_only);
  }

  bool Mine(uint64_t point) const {
    const uint64_t jobs = static_cast<uint64_t>(std::max(options_.jobs, 1));
    return point % options_.every == 0 && point / options_.every % jobs == worker_;
  }

  std::string NewFolder() {
    const std::string folder = base_ + "/disk";
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    fs::create_directories(folder);
    return folder;
  }

  RunResult RunScript(const std::string& folder, const Injection& injection, const std::string& trace) {
    Child child(kSecondsMax, [&](const Child::Pipe& pipe) {
      StartInjection(injection, folder, trace);
      Report report;
      uint64_t promised = 0;
      subject_.run(
          folder,
          [&](const std::string& promise) {
            MarkTrace(absl::StrCat(++promised));  // First: what is promised must be on the disk by now.
            pipe.Send(kPromised, promise);
          },
          &report);
      pipe.Send(kFired, absl::StrCat(FaultsInjected()));
      StopInjection();
      pipe.Send(kReport, report.Encode());
      return 0;
    });
    RunResult result;
    for (const Child::Message& message : child.Wait(&result.exit_code)) {
      if (message.kind == kPromised) result.promises.push_back(message.text);
      if (message.kind == kReport) result.report.Add(Report::Decode(message.text));
      if (message.kind == kFired && !absl::SimpleAtoi(message.text, &result.fired)) result.fired = 0;
    }
    if (result.exit_code == 128 + SIGKILL && injection.kind == Injection::Kind::kKill) {
      result.fired = 1;
    } else if (result.exit_code != 0) {
      result.report.Fail(absl::StrCat("the script ended with ", result.exit_code));
    }
    return result;
  }

  // Adds what is wrong with `folder`, each with the point's name.
  void CheckLeft(const std::string& point, const std::string& folder, const std::vector<std::string>& promises) {
    Child child(kSecondsMax, [&](const Child::Pipe& pipe) {
      Report report;
      subject_.check(folder, promises, &report);
      pipe.Send(kReport, report.Encode());
      return 0;
    });
    int exit_code = 0;
    Report report;
    for (const Child::Message& message : child.Wait(&exit_code)) {
      if (message.kind == kReport) report.Add(Report::Decode(message.text));
    }
    if (exit_code != 0) report.Fail(absl::StrCat("the check ended with ", exit_code));
    AddNamed(point, std::move(report));
  }

  void AddNamed(const std::string& point, Report report) {
    for (std::string& violation : report.verdict.violations) {
      violation = absl::StrCat(subject_.name, ", ", point, ": ", violation);
    }
    report_.Add(report);
  }

  void SweepKind(Injection injection) {
    const std::string trace = base_ + "/trace";
    for (injection.at = 1;; ++injection.at) {
      if (!Mine(injection.at)) continue;
      const std::string folder = NewFolder();
      fs::remove(trace);
      RunResult result = RunScript(folder, injection, trace);
      const std::string point = absl::StrCat(injection.Name(), " at operation ", injection.at);
      if (result.fired == 0) {
        // Only a write can be cut short; and the last few operations are not made in every run.
        if (injection.at > operations_) break;
        continue;
      }
      AddNamed(point, std::move(result.report));
      ++report_.faults["inject_" + injection.Name()];
      // A power cut follows: only what was synced is there.
      if (injection.kind == Injection::Kind::kEio) {
        std::mt19937 random(options_.seed + static_cast<uint32_t>(injection.at));
        const std::string after = base_ + "/after";
        const absl::Status built = BuildFrom(trace, folder, DiskModel::Keep::kNothing, &random, after);
        if (!built.ok()) report_.Fail(std::string(built.message()));
        CheckLeft(point + " and a power cut", after, result.promises);
        ++report_.faults["simulated_power_cut"];
      }
      CheckLeft(point, folder, result.promises);
    }
  }

  absl::Status BuildFrom(const std::string& trace, const std::string& root, DiskModel::Keep keep, std::mt19937* random,
                         const std::string& target) {
    const auto operations = ReadTrace(trace);
    if (!operations.ok()) return operations.status();
    DiskModel disk(root);
    for (const DiskOperation& operation : *operations) disk.Apply(operation);
    return WriteTree(disk.AfterPowerCut(keep, random), target);
  }

  // So that it is known how far there is to go.
  void RecordWithoutFault() {
    const std::string trace = base_ + "/trace";
    recorded_folder_ = NewFolder();
    RunResult result = RunScript(recorded_folder_, {}, trace);
    promises_ = std::move(result.promises);
    AddNamed("without a fault", std::move(result.report));
    absl::StatusOr<std::vector<DiskOperation>> operations = ReadTrace(trace);
    if (!operations.ok()) return report_.Fail(std::string(operations.status().message()));
    recorded_ = *std::move(operations);
    operations_ = recorded_.size() - promises_.size();
    CheckLeft("without a fault", recorded_folder_, promises_);
  }

  void CutPowerEverywhere() {
    DiskModel disk(recorded_folder_);
    std::mt19937 random(options_.seed + static_cast<uint32_t>(worker_));
    size_t promised = 0;
    uint64_t point = 0;
    for (const DiskOperation& operation : recorded_) {
      disk.Apply(operation);
      if (operation.kind == DiskOperation::kMark) ++promised;
      if (!Mine(++point)) continue;
      const std::vector<std::string> promises(promises_.begin(),
                                              promises_.begin() + static_cast<std::ptrdiff_t>(promised));
      for (const auto& [keep, name] :
           {std::pair(DiskModel::Keep::kNothing, "nothing"), std::pair(DiskModel::Keep::kSome, "something")}) {
        const std::string after = base_ + "/after";
        const absl::Status built = WriteTree(disk.AfterPowerCut(keep, &random), after);
        if (!built.ok()) report_.Fail(std::string(built.message()));
        CheckLeft(absl::StrCat("power cut after operation ", point, " of ", recorded_.size(), ", ", name,
                               " of what was not synced is left"),
                  after, promises);
        ++report_.faults["simulated_power_cut"];
      }
    }
  }

  const SweepSubject& subject_;
  const SweepOptions options_;
  const uint64_t worker_;
  const std::string base_;
  // The run without a fault.
  std::string recorded_folder_;
  std::vector<DiskOperation> recorded_;
  std::vector<std::string> promises_;
  uint64_t operations_ = 0;
  Report report_;
};

}  // namespace

Report Sweep(const SweepSubject& subject, const SweepOptions& options) {
  Report report;
  if (!InjectionIsLoaded()) {
    report.Skip("sweep of " + subject.name, "this program was started without the library that injects faults");
    return report;
  }
  std::vector<std::unique_ptr<Child>> workers;
  for (int i = 0; i < options.jobs; ++i) {
    workers.push_back(std::make_unique<Child>(3600, [&, i](const Child::Pipe& pipe) {
      pipe.Send(kReport, Sweeper(subject, options, i).Run().Encode());
      return 0;
    }));
  }
  for (const std::unique_ptr<Child>& worker : workers) {
    int exit_code = 0;
    for (const Child::Message& message : worker->Wait(&exit_code)) report.Add(Report::Decode(message.text));
    if (exit_code != 0) report.Fail(absl::StrCat("a worker of the sweep ended with ", exit_code));
  }
  return report;
}

}  // namespace muster
