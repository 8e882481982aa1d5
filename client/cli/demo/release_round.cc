// The release steps of a replay: what would reveal a small count is refused, the rest is issued.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/rounds.h"
#include "client/lib/all_pages.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

using config::v1::ScenarioRelease;

class ReleaseRound {
 public:
  explicit ReleaseRound(Replay& replay)
      : replay_(replay), scenario_(replay.scenario), press_(replay.client(v1::ROLE_PUBLIC_INFORMATION)) {}

  absl::StatusOr<Findings> Run() {
    replay_.progress.Step(absl::StrCat("Drafting ", scenario_.releases.size(), " releases"));
    for (const ScenarioRelease& planned : scenario_.releases) {
      MUSTER_RETURN_IF_ERROR(While(absl::StrCat("release ", planned.draft().release_id()), Play(planned)));
    }
    findings_.Count("releases_refused", "releases refused by the check", to_refuse_, refused_);
    findings_.Count("releases_issued", "releases issued", to_issue_.size(), issued_.size());
    MUSTER_RETURN_IF_ERROR(JudgeObserver());
    return std::move(findings_);
  }

 private:
  absl::Status Play(const ScenarioRelease& planned) {
    v1::DraftRelease draft = planned.draft();
    draft.set_operation_id(scenario_.operation_id());
    const std::string id = draft.release_id();
    MUSTER_RETURN_IF_ERROR(press_.DraftRelease(std::move(draft)).status());
    v1::CheckRelease check;
    check.set_operation_id(scenario_.operation_id());
    check.set_release_id(id);
    replay_.pace.Hold(absl::Seconds(3));
    const absl::Status checked = press_.CheckRelease(check).status();
    if (checked.ok()) {
      replay_.progress.Say(absl::StrCat(id, ": passes the check"));
      MUSTER_RETURN_IF_ERROR(Issue(id));
    } else {
      ++refused_;
      replay_.progress.Say(absl::StrCat(id, ": ", RefusalInWords(checked), ". ", RejectedOf(checked).message()));
    }
    if (planned.refused_by().empty()) {
      to_issue_.push_back(id);
    } else {
      ++to_refuse_;
    }
    findings_.Check(
        absl::StrCat(id, ": the check"),
        planned.refused_by().empty() ? "accepted" : absl::StrCat("RELEASE_DISCLOSES (rule ", planned.refused_by(), ")"),
        RefusalInWords(checked));
    return absl::OkStatus();
  }

  // By the lead.
  absl::Status Issue(const std::string& id) {
    v1::ApproveRelease approval;
    approval.set_operation_id(scenario_.operation_id());
    approval.set_release_id(id);
    MUSTER_RETURN_IF_ERROR(replay_.lead().ApproveRelease(std::move(approval)).status());
    v1::IssueRelease issue;
    issue.set_operation_id(scenario_.operation_id());
    issue.set_release_id(id);
    MUSTER_RETURN_IF_ERROR(replay_.lead().IssueRelease(std::move(issue)).status());
    issued_.push_back(id);
    return absl::OkStatus();
  }

  // Reads what is issued, in a list and on the feed, with the figures that the lead counts.
  absl::Status JudgeObserver() {
    const std::string& observer = AgencyWithRole(scenario_, v1::ROLE_OBSERVER);
    v1::ListReleasesRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::ListReleasesResponse list,
                            AllPages(replay_.client(observer), &Client::ListReleases, std::move(request)));
    std::vector<std::string> listed;
    size_t wrong_figures = 0;
    for (const v1::Release& release : list.releases()) {
      listed.push_back(release.release_id());
      for (const v1::ReleaseCell& cell : release.cells()) wrong_figures += IsWrong(cell) ? 1 : 0;
    }
    std::vector<std::string> told;
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::Delivery> feed, ReadFeed(observer, replay_));
    for (const v1::Delivery& delivery : feed) {
      if (delivery.notice().has_release()) told.push_back(delivery.notice().release().release_id());
    }
    const std::string wanted = absl::StrJoin(to_issue_, ", ");
    findings_.Check("releases that an observer can list", wanted, absl::StrJoin(listed, ", "));
    findings_.Check("releases on the observer's feed", wanted, absl::StrJoin(told, ", "));
    findings_.Check("figures in them that are not as published", "0", absl::StrCat(wrong_figures));
    return absl::OkStatus();
  }

  // A national figure other than the published one.
  bool IsWrong(const v1::ReleaseCell& cell) const {
    if (!cell.name().state().empty() || cell.shown_case() != v1::ReleaseCell::kValue) return false;
    if (cell.name().figure() == v1::FIGURE_KIND_ARRESTS) return cell.value() != scenario_.expected.arrests;
    if (cell.name().figure() == v1::FIGURE_KIND_PERSONS) return cell.value() != scenario_.expected.persons;
    return false;
  }

  Replay& replay_;
  const Scenario& scenario_;
  Client& press_;
  Findings findings_{"releases"};
  std::vector<std::string> to_issue_;
  std::vector<std::string> issued_;
  size_t to_refuse_ = 0;
  size_t refused_ = 0;
};

}  // namespace

absl::StatusOr<Findings> RunReleaseRound(Replay& replay) { return ReleaseRound(replay).Run(); }

}  // namespace muster
