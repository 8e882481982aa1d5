#include "client/agent/link/projections.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/logging.h"
#include "muster/v1/plan.pb.h"
#include "muster/v1/readiness.pb.h"

namespace muster::agent {
namespace {

constexpr char kGetPlan[] = "muster.v1.PlanService/GetPlan";
constexpr char kGetReadinessBoard[] = "muster.v1.ReadinessService/GetReadinessBoard";

// By key, in the making.
using Answers = std::map<std::string, MirrorAnswer>;

void ProjectPlan(const muster::v1::Delivery& delivery, MirrorAnswer answer, Answers* answers) {
  muster::v1::GetPlanRequest request;
  request.set_operation_id(answer.operation_id);
  muster::v1::GetPlanResponse response;
  *response.mutable_plan() = delivery.notice().plan();
  response.set_cursor(delivery.cursor());
  answer.key = MirrorKey(kGetPlan, request);
  answer.response = response.SerializeAsString();
  (*answers)[answer.key] = std::move(answer);
}

void ProjectBoard(const muster::v1::Delivery& delivery, MirrorAnswer answer, const Mirror& mirror, Answers* answers) {
  muster::v1::GetReadinessBoardRequest request;
  request.set_operation_id(answer.operation_id);
  answer.key = MirrorKey(kGetReadinessBoard, request);
  std::string kept;
  if (const auto it = answers->find(answer.key); it != answers->end()) {
    kept = it->second.response;
  } else {
    absl::StatusOr<std::optional<Mirror::Found>> found = mirror.Get(answer.key);
    if (!found.ok()) LogError("a kept readiness board cannot be read", {{"why", found.status().message()}});
    // Changes of a board that is not known make no board.
    if (!found.ok() || !found->has_value()) return;
    kept = std::move((*found)->response);
  }
  muster::v1::GetReadinessBoardResponse response;
  if (!response.ParseFromString(kept)) return;
  MergeBoard(delivery.notice().readiness(), response.mutable_board());
  response.set_cursor(delivery.cursor());
  answer.response = response.SerializeAsString();
  (*answers)[answer.key] = std::move(answer);
}

}  // namespace

void MergeBoard(const muster::v1::ReadinessBoard& changes, muster::v1::ReadinessBoard* board) {
  board->set_operation_id(changes.operation_id());
  board->set_mode(changes.mode());
  board->set_phase(changes.phase());
  if (changes.has_h_hour()) *board->mutable_h_hour() = changes.h_hour();
  if (changes.has_go()) *board->mutable_go() = changes.go();
  std::map<std::string, muster::v1::SiteReadiness> sites;
  for (muster::v1::SiteReadiness& site : *board->mutable_sites()) sites[site.site_id()] = std::move(site);
  for (const muster::v1::SiteReadiness& site : changes.sites()) sites[site.site_id()] = site;
  board->clear_sites();
  for (auto& [site_id, site] : sites) *board->add_sites() = std::move(site);
}

std::vector<MirrorAnswer> ProjectionsOf(absl::Span<const muster::v1::Delivery> deliveries, uint64_t first_row,
                                        const Mirror& mirror, absl::Time now) {
  Answers answers;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const muster::v1::Notice& notice = deliveries[i].notice();
    if (notice.operation_id().empty()) continue;
    MirrorAnswer answer;
    answer.operation_id = notice.operation_id();
    answer.as_of = std::min(now, FromProto(notice.at()));
    answer.inbox_row = first_row + i;
    if (notice.has_plan()) {
      ProjectPlan(deliveries[i], std::move(answer), &answers);
    } else if (notice.has_readiness()) {
      ProjectBoard(deliveries[i], std::move(answer), mirror, &answers);
    }
  }
  std::vector<MirrorAnswer> list;
  list.reserve(answers.size());
  for (auto& [key, answer] : answers) list.push_back(std::move(answer));
  return list;
}

}  // namespace muster::agent
