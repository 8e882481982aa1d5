#include "client/agent/link/kept_reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "muster/v1/access.pb.h"

namespace muster::agent {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using muster::v1::Notice;

constexpr KeptRead::Scope kAgency = KeptRead::Scope::kAgency;
constexpr KeptRead::Scope kOperation = KeptRead::Scope::kEachOperation;
constexpr uint32_t kPageSize = 1000;

// What changes counts.
const std::vector<Notice::ContentCase>& Counts() {
  static const auto* const cases = new std::vector<Notice::ContentCase>{
      Notice::kTallyEntry, Notice::kTallyCorrection, Notice::kClaim,      Notice::kDuplicate,
      Notice::kServices,   Notice::kOperation,       Notice::kParticipant};
  return *cases;
}

const MethodDescriptor* FindMethod(absl::string_view rpc) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(absl::StrReplaceAll(rpc, {{"/", "."}}));
}

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// The request's page options; null when the RPC has no pages.
const muster::v1::PageOptions* PageOf(const Message& request) {
  const FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName("page");
  if (field == nullptr || field->message_type() != muster::v1::PageOptions::descriptor()) return nullptr;
  return static_cast<const muster::v1::PageOptions*>(&request.GetReflection()->GetMessage(request, field));
}

muster::v1::PageOptions* MutablePageOf(Message* request) {
  if (PageOf(*request) == nullptr) return nullptr;
  const FieldDescriptor* const field = request->GetDescriptor()->FindFieldByName("page");
  return static_cast<muster::v1::PageOptions*>(request->GetReflection()->MutableMessage(request, field));
}

std::string TextOf(const Message& message, const std::string& name) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) return "";
  return message.GetReflection()->GetString(message, field);
}

void SetText(Message* message, const std::string& name, std::string text) {
  const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) return;
  message->GetReflection()->SetString(message, field, std::move(text));
}

}  // namespace

bool KeptRead::ChangedByAny(const std::set<Notice::ContentCase>* arrived) const {
  if (arrived == nullptr || changed_by.empty()) return true;
  return std::any_of(changed_by.begin(), changed_by.end(),
                     [arrived](Notice::ContentCase content) { return arrived->count(content) > 0; });
}

const std::vector<KeptRead>& KeptReads() {
  static const auto* const reads = new std::vector<KeptRead>{
      {"muster.v1.AgencyService/WhoAmI", kAgency, "", {Notice::kAgency}},
      {"muster.v1.AgencyService/GetAgency", kAgency, "agency_id: 'AGENCY'", {Notice::kAgency}},
      {"muster.v1.AgencyService/ListAgencies", kAgency, "", {Notice::kAgency, Notice::kParticipant}},
      {"muster.v1.OperationService/ListOperations", kAgency, "", {Notice::kOperation, Notice::kParticipant}},
      {"muster.v1.DeconflictionService/ListActivities", kAgency, "", {Notice::kActivity, Notice::kParticipant}},
      {"muster.v1.DeconflictionService/ListConflicts",
       kAgency,
       "",
       {Notice::kAlert, Notice::kConflict, Notice::kActivity, Notice::kParticipant}},
      {"muster.v1.DeconflictionService/ListConflicts",
       kAgency,
       "open_only: true",
       {Notice::kAlert, Notice::kConflict, Notice::kActivity, Notice::kParticipant}},
      {"muster.v1.AccessService/ListDisclosures", kAgency, "", {}},

      {"muster.v1.OperationService/GetOperation", kOperation, "", {Notice::kOperation, Notice::kParticipant}},
      {"muster.v1.PlanService/GetPlan", kOperation, "", {Notice::kPlan, Notice::kParticipant}},
      {"muster.v1.PlanService/ListAcknowledgements",
       kOperation,
       "",
       {Notice::kPlan, Notice::kAcknowledgement, Notice::kParticipant}},
      {"muster.v1.ReadinessService/GetReadinessBoard", kOperation, "", {}},
      {"muster.v1.TallyService/GetTotals", kOperation, "definition: COUNTING_DEFINITION_LEAD", Counts()},
      {"muster.v1.TallyService/GetTotals", kOperation, "definition: COUNTING_DEFINITION_SOURCE", Counts()},
      {"muster.v1.TallyService/ListTallyEntries", kOperation, "", Counts()},
      {"muster.v1.TallyService/ListSuspectedDuplicates", kOperation, "", Counts()},
      {"muster.v1.ClaimService/Reconcile", kOperation, "", Counts()},
      {"muster.v1.DeconflictionService/ListActivities",
       kOperation,
       "",
       {Notice::kActivity, Notice::kOperation, Notice::kParticipant}},
      {"muster.v1.DeconflictionService/ListConflicts",
       kOperation,
       "",
       {Notice::kAlert, Notice::kConflict, Notice::kActivity, Notice::kParticipant}},
      {"muster.v1.DeconflictionService/ListConflicts",
       kOperation,
       "open_only: true",
       {Notice::kAlert, Notice::kConflict, Notice::kActivity, Notice::kParticipant}},
      {"muster.v1.ReleaseService/ListReleases", kOperation, "", {Notice::kRelease, Notice::kParticipant}},
      {"muster.v1.VictimServicesService/GetVictimServices",
       kOperation,
       "",
       {Notice::kReadinessNotice, Notice::kCapacity, Notice::kServices, Notice::kReferral, Notice::kParticipant}},
      {"muster.v1.AccessService/ListDisclosures", kOperation, "", {}},
  };
  return *reads;
}

std::unique_ptr<Message> RequestOf(const KeptRead& read, const std::string& operation_id,
                                   const std::string& agency_id) {
  // Links the file that no other message refers to.
  (void)muster::v1::ListDisclosuresRequest::descriptor();
  std::unique_ptr<Message> request = NewMessage(FindMethod(read.rpc)->input_type());
  if (!read.fields.empty()) {
    google::protobuf::TextFormat::ParseFromString(absl::StrReplaceAll(read.fields, {{"AGENCY", agency_id}}),
                                                  request.get());
  }
  if (read.scope == kOperation) SetText(request.get(), "operation_id", operation_id);
  return request;
}

std::unique_ptr<Message> ResponseOf(absl::string_view rpc) {
  const MethodDescriptor* const method = FindMethod(rpc);
  return method == nullptr ? nullptr : NewMessage(method->output_type());
}

bool IsWhole(const Message& request, const Message& response) {
  const muster::v1::PageOptions* const page = PageOf(request);
  return page == nullptr || (page->page_token().empty() && TextOf(response, "next_page_token").empty());
}

absl::Status ReadWhole(Connection& connection, absl::string_view rpc, const Message& request, Message* response,
                       absl::Duration within) {
  const std::unique_ptr<Message> asked(request.New());
  asked->CopyFrom(request);
  muster::v1::PageOptions* const page = MutablePageOf(asked.get());
  if (page != nullptr) page->set_page_size(kPageSize);
  response->Clear();
  const std::unique_ptr<Message> answer(response->New());
  std::string first_cursor;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    answer->Clear();
    MUSTER_RETURN_IF_ERROR(connection.Call(absl::StrCat("/", rpc), *asked, answer.get(), within));
    if (pages == 0) first_cursor = TextOf(*answer, "cursor");
    const std::string next = TextOf(*answer, "next_page_token");
    response->MergeFrom(*answer);
    SetText(response, "next_page_token", "");
    if (page == nullptr || next.empty()) {
      SetText(response, "cursor", first_cursor);
      return absl::OkStatus();
    }
    page->set_page_token(next);
  }
  return absl::ResourceExhaustedError(absl::StrCat(rpc, " has more than ", kPagesMax, " pages"));
}

bool IsNotForUs(const absl::Status& status) {
  const muster::v1::ErrorReason reason =
      status.ok() ? muster::v1::ERROR_REASON_UNSPECIFIED : RejectedOf(status).reason();
  return reason == muster::v1::ERROR_REASON_NOT_PERMITTED || reason == muster::v1::ERROR_REASON_NOT_FOUND;
}

}  // namespace muster::agent
