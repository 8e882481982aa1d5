#include "tests/noninterference/transcript.h"

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "google/protobuf/message.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/state/queries.h"
#include "tests/noninterference/steps.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

template <typename T>
void SortOnce(std::vector<T>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

// The values that a request's field is tried with.
std::vector<std::string> ChoicesFor(const std::string& field, const Names& names) {
  std::vector<std::string> choices;
  if (field == "operation_id") return {kOperation, kOtherOperation, "no-such-operation", ""};
  if (field == "agency_id") choices = names.agency_ids;
  if (field == "activity_id") choices = names.activity_ids;
  if (field == "conflict_id") choices = names.conflict_ids;
  if (field == "release_id") choices = names.release_ids;
  if (field == "object") {
    choices = {"plan", "plan/common", "plan/secret", "site/s-a", "site/s-hidden", "tally", "release", "nonsense"};
    for (const std::string& id : names.activity_ids) choices.push_back(absl::StrCat("activity/", id));
    for (const std::string& id : names.conflict_ids) choices.push_back(absl::StrCat("conflict/", id));
    for (const std::string& id : names.release_ids) choices.push_back(absl::StrCat("release/", id));
  }
  choices.emplace_back();  // Left out.
  return choices;
}

// All requests of the prototype's type that differ in their strings, enumerations and versions.
std::vector<std::unique_ptr<Message>> RequestsLike(const Message& prototype, const Names& names) {
  std::vector<std::unique_ptr<Message>> requests;
  requests.emplace_back(prototype.New());
  for (int i = 0; i < prototype.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = prototype.GetDescriptor()->field(i);
    if (field->is_repeated()) continue;
    std::vector<std::unique_ptr<Message>> grown;
    for (const std::unique_ptr<Message>& request : requests) {
      const auto add = [&](auto set) {
        std::unique_ptr<Message> copy(request->New());
        copy->CopyFrom(*request);
        set(copy.get());
        grown.push_back(std::move(copy));
      };
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        for (const std::string& choice : ChoicesFor(field->name(), names)) {
          add([&](Message* copy) { copy->GetReflection()->SetString(copy, field, choice); });
        }
      } else if (field->type() == FieldDescriptor::TYPE_ENUM) {
        for (int value = 1; value < field->enum_type()->value_count(); ++value) {
          add([&](Message* copy) { copy->GetReflection()->SetEnum(copy, field, field->enum_type()->value(value)); });
        }
      } else if (field->name() == "version") {
        for (const uint32_t version : {0u, 1u, 2u, 3u}) {
          add([&](Message* copy) { copy->GetReflection()->SetUInt32(copy, field, version); });
        }
      } else {
        add([](Message*) {});
      }
    }
    requests = std::move(grown);
  }
  return requests;
}

// Reads page by page when the request has pages; two sizes, so that page ends fall elsewhere.
std::string AskWhole(const Viewer& viewer, const std::string& rpc, const QueryTable::Query& query, Message* request) {
  std::string received;
  const FieldDescriptor* page_field = request->GetDescriptor()->FindFieldByName("page");
  const FieldDescriptor* token_field = query.response->GetDescriptor()->FindFieldByName("next_page_token");
  for (const uint32_t page_size : {2u, 0u}) {
    std::string token;
    do {
      if (page_field != nullptr) {
        auto* page = static_cast<v1::PageOptions*>(request->GetReflection()->MutableMessage(request, page_field));
        page->set_page_size(page_size);
        page->set_page_token(token);
      }
      const std::unique_ptr<Message> response(query.response->New());
      const absl::Status status = AnswerQuery(viewer, rpc, *request, response.get());
      if (!status.ok()) {
        absl::StrAppend(&received, "error ", RejectedOf(status).ShortDebugString(), "\n");
        break;
      }
      absl::StrAppend(&received, response->SerializeAsString(), "\n");
      token = token_field == nullptr ? "" : response->GetReflection()->GetString(*response, token_field);
    } while (!token.empty());
    if (page_field == nullptr) break;
  }
  return received;
}

}  // namespace

void CollectNames(const State& state, Names* names) {
  const storage::v1::StateImage image = state.ToImage();
  for (const auto& agency : image.agencies()) names->agency_ids.push_back(agency.agency().agency_id());
  for (const auto& activity : image.activities()) {
    names->activity_ids.push_back(activity.record().activity().activity_id());
  }
  for (const auto& conflict : image.conflicts()) names->conflict_ids.push_back(conflict.record().conflict_id());
  for (const auto& operation : image.operations()) {
    for (const auto& release : operation.releases()) names->release_ids.push_back(release.release().release_id());
  }
  names->activity_ids.push_back(EntryId(999999));
  names->conflict_ids.push_back("c-0000");
  for (auto* list : {&names->agency_ids, &names->activity_ids, &names->conflict_ids, &names->release_ids}) {
    SortOnce(list);
  }
}

Transcript TranscriptOf(const State& state, const std::string& feed, const std::string& viewer, absl::Time now,
                        const Names& names, bool with_disclosures) {
  Transcript transcript;
  transcript.emplace_back("feed", feed);
  const v1::Principal principal = PrincipalOf(viewer);
  const Viewer asking{state, principal, now, now + absl::Hours(24)};
  for (const auto& [rpc, query] : Queries().queries()) {
    if (!with_disclosures && rpc == "muster.v1.AccessService/ListDisclosures") continue;
    for (const std::unique_ptr<Message>& request : RequestsLike(*query.request, names)) {
      std::string asked = absl::StrCat(rpc, " ", request->ShortDebugString());
      transcript.emplace_back(std::move(asked), AskWhole(asking, rpc, query, request.get()));
    }
  }
  return transcript;
}

}  // namespace muster
