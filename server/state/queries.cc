#include "server/state/queries.h"

#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/validation.h"
#include "server/state/access/policy.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status CheckAtLeast(const Viewer& viewer, const Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("read");
  if (field == nullptr) return absl::OkStatus();
  const auto& read = static_cast<const v1::ReadOptions&>(request.GetReflection()->GetMessage(request, field));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t position,
                          DecodeCursor(viewer.state.genesis().log_id(), read.at_least_cursor()));
  if (position <= viewer.state.audiences().Position(viewer.agency_id())) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_BEHIND_CURSOR, "this broker has not reached that cursor yet; try again in a moment");
}

// The cursor, which every response carries, is the answer.
absl::Status GetFeedCursor(const Viewer&, const v1::GetFeedCursorRequest&, v1::GetFeedCursorResponse*) {
  return absl::OkStatus();
}

}  // namespace

const QueryTable::Query* QueryTable::Find(absl::string_view rpc) const {
  const auto it = queries_.find(std::string(rpc));
  return it == queries_.end() ? nullptr : &it->second;
}

const QueryTable& Queries() {
  static const QueryTable* const kTable = [] {
    auto* table = new QueryTable;
    AddAgencyQueries(table);
    AddOperationQueries(table);
    AddPlanQueries(table);
    AddTallyQueries(table);
    AddClaimQueries(table);
    AddActivityQueries(table);
    AddReadinessQueries(table);
    AddReleaseQueries(table);
    AddVictimQueries(table);
    AddAccessQueries(table);
    table->Add("muster.v1.FeedService/GetFeedCursor", &GetFeedCursor);
    return table;
  }();
  return *kTable;
}

absl::Status AnswerQuery(const Viewer& viewer, absl::string_view rpc, const Message& request, Message* response) {
  MUSTER_RETURN_IF_ERROR(Authorize(viewer.state, viewer.agency_id(), FindRule(rpc), SubjectOf(request)));
  MUSTER_RETURN_IF_ERROR(Validate(request));
  MUSTER_RETURN_IF_ERROR(CheckAtLeast(viewer, request));
  MUSTER_RETURN_IF_ERROR(Queries().Find(rpc)->answer(viewer, request, response));
  response->GetReflection()->SetString(response, response->GetDescriptor()->FindFieldByName("cursor"),
                                       viewer.state.CursorOf(viewer.agency_id()));
  return absl::OkStatus();
}

}  // namespace muster
