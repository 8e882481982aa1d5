#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "server/state/paging.h"
#include "server/state/queries.h"
#include "server/state/releases/release_check.h"
#include "server/state/releases/release_view.h"
#include "server/state/tallies/suppressed_totals.h"

namespace muster {
namespace {

absl::Status GetRelease(const Viewer& viewer, const v1::GetReleaseRequest& request, v1::GetReleaseResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  const storage::v1::ReleaseImage* found = operation.releases().Find(request.release_id());
  // One that is not issued yet is not there for who reads issued ones only.
  if (found == nullptr || !SeesRelease(self, found->release())) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   absl::StrCat("there is no release ", request.release_id(), "; list the releases there are"));
  }
  *response->mutable_release() = ViewRelease(self, found->release());
  return absl::OkStatus();
}

absl::Status ListReleases(const Viewer& viewer, const v1::ListReleasesRequest& request,
                          v1::ListReleasesResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  return ShowPage(
      operation.releases().releases(), request.page(),
      [&](const std::string&, const storage::v1::ReleaseImage& image) { return SeesRelease(self, image.release()); },
      [&](const std::string&, const storage::v1::ReleaseImage& image) {
        *response->add_releases() = ViewRelease(self, image.release());
      },
      response->mutable_next_page_token());
}

absl::Status PreviewRelease(const Viewer& viewer, const v1::PreviewReleaseRequest& request,
                            v1::PreviewReleaseResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const int64_t k = SmallCellLimitOf(operation.operation());
  const Figures figures = ConfirmedFigures(LeadQuestion(viewer.state, operation, v1::COUNTING_DEFINITION_LEAD));
  storage::v1::ReleaseImage preview;
  FreezeRelease(request.cells(), request.withheld(), figures, k, &preview);
  const std::vector<const storage::v1::ReleaseImage*> issued = operation.releases().Issued();
  *response->mutable_cells() = preview.release().cells();
  for (const std::string& finding : FindingsOf(preview, issued, k)) response->add_findings(finding);
  if (response->findings().empty()) return absl::OkStatus();
  for (const v1::ReleaseCellName& name : SuggestWithheld(preview, issued, k)) {
    *response->add_suggested_withheld() = name;
  }
  return absl::OkStatus();
}

}  // namespace

void AddReleaseQueries(QueryTable* table) {
  table->Add("muster.v1.ReleaseService/GetRelease", &GetRelease);
  table->Add("muster.v1.ReleaseService/ListReleases", &ListReleases);
  table->Add("muster.v1.ReleaseService/PreviewRelease", &PreviewRelease);
}

}  // namespace muster
