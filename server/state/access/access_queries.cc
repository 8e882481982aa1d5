#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/access_matrix.h"
#include "server/state/access/explain_access.h"
#include "server/state/access/visibility.h"
#include "server/state/paging.h"
#include "server/state/queries.h"

namespace muster {
namespace {

// The same whether or not there is such an operation, participant or object.
absl::Status NotTold(const Viewer& viewer, absl::string_view what) {
  return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                 absl::StrCat("agency ", viewer.agency_id(), " may not ask this here: ", what));
}

const v1::Participant* PlaceOf(const Viewer& viewer, const std::string& operation_id, const std::string& agency_id) {
  const OperationRecord* operation = viewer.state.FindOperation(operation_id);
  return operation == nullptr ? nullptr : operation->FindParticipant(agency_id);
}

absl::Status ExplainAccess(const Viewer& viewer, const v1::ExplainAccessRequest& request,
                           v1::ExplainAccessResponse* response) {
  const std::string& agency_id = request.agency_id().empty() ? viewer.agency_id() : request.agency_id();
  const v1::Participant* asker = PlaceOf(viewer, request.operation_id(), viewer.agency_id());
  const v1::Participant* subject = PlaceOf(viewer, request.operation_id(), agency_id);
  const bool may_ask = asker != nullptr && (asker == subject || SeesWholeRoster(*asker));
  if (!may_ask) {
    return NotTold(viewer, "a participant asks about itself, the operation's lead and auditors about any participant");
  }
  if (subject == nullptr) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   absl::StrCat("agency ", agency_id, " takes no part in the operation and so sees nothing of it"));
  }
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  std::vector<v1::AccessDecision> decisions;
  if (request.object().empty()) {
    decisions = ExplainEveryClass(*subject);
  } else {
    MUSTER_ASSIGN_OR_RETURN(decisions, ExplainObject({viewer.state, operation, *asker, *subject}, request.object()));
  }
  response->set_agency_id(agency_id);
  response->set_role(subject->role());
  response->set_mode(operation.operation().mode());
  response->mutable_decisions()->Assign(decisions.begin(), decisions.end());
  return absl::OkStatus();
}

v1::Disclosure ShowDisclosure(const State& state, const OperationRecord* operation,
                              const storage::v1::DisclosureImage& recorded) {
  v1::Disclosure shown;
  *shown.mutable_at() = recorded.at();
  if (operation != nullptr) {
    shown.set_operation_id(operation->id());
    shown.set_mode(operation->operation().mode());
  }
  shown.set_from_agency_id(recorded.from_agency_id());
  for (const std::string& reader : state.audiences().Members(recorded.audience())) {
    if (reader != recorded.from_agency_id()) shown.add_to_agency_ids(reader);
  }
  shown.set_object_class(recorded.object_class());
  shown.set_object_id(recorded.object_id());
  shown.set_why(recorded.why().empty() ? WhyTold(recorded.object_class()) : recorded.why());
  return shown;
}

// A page token counts what the caller has been shown, so that it tells nothing of what is disclosed beside it (rule
// P7).
absl::StatusOr<uint64_t> ShownBefore(const v1::PageOptions& page) {
  if (page.page_token().empty()) return 0;
  uint64_t shown = 0;
  MUSTER_ASSIGN_OR_RETURN(const std::string text, DecodePageToken(page.page_token()));
  if (absl::SimpleAtoi(text, &shown)) return shown;
  return Refusal(v1::ERROR_REASON_MALFORMED,
                 "page.page_token: is not one that this broker gave; begin again without a token");
}

absl::Status ListDisclosures(const Viewer& viewer, const v1::ListDisclosuresRequest& request,
                             v1::ListDisclosuresResponse* response) {
  const OperationRecord* operation = nullptr;
  bool all = false;
  if (!request.operation_id().empty()) {
    const v1::Participant* self = PlaceOf(viewer, request.operation_id(), viewer.agency_id());
    const AccessCell cell = self == nullptr ? AccessCell() : CellOf(v1::OBJECT_CLASS_DISCLOSURE_LOG, self->role());
    if (cell.form == v1::ACCESS_FORM_NONE) {
      return NotTold(viewer, "leads, participants and watch desks list what of theirs was disclosed, auditors all");
    }
    operation = &viewer.Operation(request.operation_id());
    all = cell.scope == AccessScope::kAll;
  }
  MUSTER_ASSIGN_OR_RETURN(const uint64_t shown_before, ShownBefore(request.page()));
  const uint64_t size =
      request.page().page_size() == 0 ? kPageSizeDefault : std::min(request.page().page_size(), kPageSizeMax);
  const DisclosureLog& log = operation == nullptr ? viewer.state.disclosures() : operation->disclosures();
  uint64_t visible = 0;
  for (size_t place = 0; place < log.size(); ++place) {
    if (!all && log.FromAgencyAt(place) != viewer.agency_id()) continue;
    if (++visible <= shown_before) continue;
    if (visible > shown_before + size) {
      response->set_next_page_token(absl::BytesToHexString(absl::StrCat(shown_before + size)));
      break;
    }
    *response->add_disclosures() = ShowDisclosure(viewer.state, operation, log.At(place));
  }
  return absl::OkStatus();
}

}  // namespace

void AddAccessQueries(QueryTable* table) {
  table->Add("muster.v1.AccessService/ExplainAccess", &ExplainAccess);
  table->Add("muster.v1.AccessService/ListDisclosures", &ListDisclosures);
}

}  // namespace muster
