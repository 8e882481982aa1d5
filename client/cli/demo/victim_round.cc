// The victim-services steps of a replay: what the partner is told, and what it answers (rules V1, V2).
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/demo/rounds.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// "12 beds, 2 es".
std::string InWords(const v1::Capacity& capacity) {
  std::string words = absl::StrCat(capacity.beds(), " beds");
  for (const v1::LanguageCount& language : capacity.languages()) {
    absl::StrAppend(&words, ", ", language.count(), " ", language.language());
  }
  return words;
}

bool IsTicket(const std::string& ticket) {
  return ticket.size() == 32 && absl::c_all_of(ticket, [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
         });
}

// Something about the operation that is neither the notice nor an answer to it nor the partner's own place.
bool IsMoreThanReadiness(const v1::Notice& notice) {
  return !notice.operation_id().empty() && !notice.has_participant() && !notice.has_readiness_notice() &&
         !notice.has_capacity() && !notice.has_services() && !notice.has_referral();
}

class VictimRound {
 public:
  explicit VictimRound(Replay& replay)
      : replay_(replay),
        scenario_(replay.scenario),
        partner_id_(AgencyWithRole(scenario_, v1::ROLE_VICTIM_SERVICES)),
        partner_(replay.client(partner_id_)) {}

  absl::StatusOr<Findings> Run() {
    replay_.progress.Step("Telling victim services what to expect");
    MUSTER_RETURN_IF_ERROR(While("publishing the readiness notice", Publish()));
    replay_.pace.Hold(absl::Seconds(2));
    MUSTER_RETURN_IF_ERROR(While("answering with capacity", Answer()));
    replay_.pace.Hold(absl::Seconds(2));
    MUSTER_RETURN_IF_ERROR(While("referring a person", Refer()));
    MUSTER_RETURN_IF_ERROR(JudgeAnswers());
    MUSTER_RETURN_IF_ERROR(JudgePartnersFeed());
    return std::move(findings_);
  }

 private:
  absl::Status Publish() {
    v1::PublishReadinessNotice publication;
    publication.set_operation_id(scenario_.operation_id());
    *publication.mutable_notice() = scenario_.victims.notice();
    return replay_.lead().PublishReadinessNotice(std::move(publication)).status();
  }

  absl::Status Answer() {
    v1::ReportCapacity report;
    report.set_operation_id(scenario_.operation_id());
    *report.mutable_capacity() = scenario_.victims.capacity();
    MUSTER_RETURN_IF_ERROR(partner_.ReportCapacity(std::move(report)).status());
    replay_.progress.Say(absl::StrCat(partner_id_, " answers: ", InWords(scenario_.victims.capacity())));
    v1::ReportServiceCounts counts;
    counts.set_operation_id(scenario_.operation_id());
    *counts.mutable_counts() = scenario_.victims.services();
    return partner_.ReportServiceCounts(std::move(counts)).status();
  }

  absl::Status Refer() {
    v1::RequestReferral request = scenario_.victims.referral();
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome,
                            replay_.client(scenario_.victims.referred_by()).RequestReferral(std::move(request)));
    const std::string& ticket = outcome.accepted().referral_ticket();
    replay_.progress.Say(absl::StrCat(scenario_.victims.referred_by(), " refers one person: ticket ", ticket));
    findings_.Check("a person is known by a ticket of 128 random bits", "yes", IsTicket(ticket) ? "yes" : ticket);
    v1::AnswerReferral answer;
    answer.set_operation_id(scenario_.operation_id());
    answer.set_ticket(ticket);
    answer.set_state(v1::REFERRAL_STATE_ACCEPTED);
    return partner_.AnswerReferral(std::move(answer)).status();
  }

  // As the lead sees them.
  absl::Status JudgeAnswers() {
    v1::GetVictimServicesRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::GetVictimServicesResponse answers, replay_.lead().GetVictimServices(request));
    std::string capacity;
    uint64_t beds = 0;
    for (const v1::CapacityReport& report : answers.capacities()) {
      absl::StrAppend(&capacity, capacity.empty() ? "" : "; ", InWords(report.capacity()));
      beds += report.capacity().beds();
    }
    uint64_t services = 0;
    for (const v1::ServiceReport& report : answers.services()) services += report.counts().accepted();
    findings_.Check("capacity, as the lead reads it", InWords(scenario_.victims.capacity()), capacity);
    findings_.Count("beds", "beds", scenario_.victims.capacity().beds(), beds);
    findings_.Check("services accepted, by the partner's count", absl::StrCat(scenario_.victims.services().accepted()),
                    absl::StrCat(services));
    findings_.Count("referrals_accepted", "referrals accepted", 1, answers.referrals_accepted());
    return absl::OkStatus();
  }

  absl::Status JudgePartnersFeed() {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::Delivery> feed, ReadFeed(partner_id_, replay_));
    const auto told = absl::c_count_if(feed, [&](const v1::Delivery& one) {
      return one.notice().has_readiness_notice() &&
             one.notice().readiness_notice().SerializeAsString() == scenario_.victims.notice().SerializeAsString();
    });
    findings_.Check("readiness notices told to the partner", "1", absl::StrCat(told));
    const auto more = absl::c_count_if(feed, [](const v1::Delivery& one) { return IsMoreThanReadiness(one.notice()); });
    findings_.Check("  anything else of the operation", "0", absl::StrCat(more));
    return absl::OkStatus();
  }

  Replay& replay_;
  const Scenario& scenario_;
  const std::string partner_id_;
  Client& partner_;
  Findings findings_{"victim services"};
};

}  // namespace

absl::StatusOr<Findings> RunVictimRound(Replay& replay) { return VictimRound(replay).Run(); }

}  // namespace muster
