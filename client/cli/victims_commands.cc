#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/cli/victims_view.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::StatusOr<v1::GetVictimServicesResponse> Read(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetVictimServicesRequest request;
  request.set_operation_id(operation_id);
  return client->GetVictimServices(request);
}

// The mode from what victim services may read: the operation itself they may not.
template <typename Body>
absl::Status ChangeServices(Invocation& invocation, const Body& body, ChangeCall<Body> call, absl::string_view done) {
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, call));
  const absl::StatusOr<v1::GetVictimServicesResponse> now = Read(invocation, body.operation_id());
  if (now.ok()) invocation.printer().AllIsOf(now->mode());
  const std::string& ticket = outcome.accepted().referral_ticket();
  Extras extras;
  if (!ticket.empty()) extras.emplace_back("ticket", ticket);
  invocation.PrintOutcome(outcome, done, std::move(extras));
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetVictimServicesResponse response, Read(invocation, operation_id));
  invocation.printer().Print(VictimServicesView(response));
  return absl::OkStatus();
}

void AddDate(CLI::App* verb, const std::string& flag, std::function<v1::Date*()> target, const std::string& help) {
  AddParsed(
      verb, flag, Times::kOnce,
      [target = std::move(target)](const std::string& text) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(*target(), ParseDate(text));
        return absl::OkStatus();
      },
      absl::StrCat(help, " (such as 2021-08-26)"));
}

void AddNotice(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::PublishReadinessNotice>();
  CLI::App* verb =
      AddVerb(noun, invocation, "notice", "Tell victim services what to be ready for, and nothing more",
              {"victims notice united-front-2021 --earliest 2021-08-25 --latest 2021-08-29 --min 20 --max 60 --gender "
               "female=45,male=5 --language es=12 --minors --states KY,MO,TN"},
              [&invocation, body] {
                return ChangeServices(invocation, *body, &Client::PublishReadinessNotice, "victim services are told");
              });
  v1::ReadinessNotice* notice = body->mutable_notice();
  AddOperationId(verb, body->mutable_operation_id());
  AddDate(
      verb, "--earliest", [notice] { return notice->mutable_earliest(); }, "The first day");
  AddDate(
      verb, "--latest", [notice] { return notice->mutable_latest(); }, "The last day");
  AddNumber(
      verb, "--min", [notice](uint32_t persons) { notice->set_persons_min(persons); }, "At least so many persons");
  AddNumber(
      verb, "--max", [notice](uint32_t persons) { notice->set_persons_max(persons); }, "At most so many persons")
      ->required();
  AddPairs(
      verb, "--gender", [notice] { return notice->add_genders(); }, "An estimate as GENDER=PERSONS");
  AddPairs(
      verb, "--language", [notice] { return notice->add_languages(); }, "LANGUAGE=PERSONS, an ISO 639 code such as es");
  verb->add_flag_callback(
      "--minors", [notice] { notice->set_minors_expected(true); }, "Minors are expected");
  AddTexts(verb, "--states", notice->mutable_states(), "The region, by USPS states with commas")->required();
}

void AddCapacity(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::ReportCapacity>();
  CLI::App* verb =
      AddVerb(noun, invocation, "capacity", "Say how many people your agency can take",
              {"victims capacity united-front-2021 --beds 12 --language es=2 --minors 4 --until 2021-09-05"},
              [&invocation, body] {
                return ChangeServices(invocation, *body, &Client::ReportCapacity, "the capacity is on record");
              });
  v1::Capacity* capacity = body->mutable_capacity();
  AddOperationId(verb, body->mutable_operation_id());
  AddNumber(
      verb, "--beds", [capacity](uint32_t beds) { capacity->set_beds(beds); }, "Beds in all")
      ->required();
  AddPairs(
      verb, "--language", [capacity] { return capacity->add_languages(); },
      "Of them, where a language is spoken, as LANGUAGE=BEDS");
  AddNumber(
      verb, "--minors", [capacity](uint32_t beds) { capacity->set_beds_for_minors(beds); }, "Of them, for minors");
  AddDate(
      verb, "--until", [capacity] { return capacity->mutable_until(); }, "The last day");
}

void AddCounts(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::ReportServiceCounts>();
  CLI::App* verb =
      AddVerb(noun, invocation, "counts", "Report your running totals; they take the place of the ones before",
              {"victims counts united-front-2021 --offered 11 --accepted 7 --declined 2 --pending 2 --medical 3"},
              [&invocation, body] {
                return ChangeServices(invocation, *body, &Client::ReportServiceCounts, "the counts are on record");
              });
  v1::ServiceCounts* counts = body->mutable_counts();
  AddOperationId(verb, body->mutable_operation_id());
  const auto count = [&](const std::string& flag, void (v1::ServiceCounts::*set)(uint32_t), const std::string& help) {
    return AddNumber(
        verb, flag, [counts, set](uint32_t value) { (counts->*set)(value); }, help);
  };
  count("--offered", &v1::ServiceCounts::set_offered, "Services offered; at least those accepted, declined and pending")
      ->required();
  count("--accepted", &v1::ServiceCounts::set_accepted, "Accepted");
  count("--declined", &v1::ServiceCounts::set_declined, "Declined");
  count("--pending", &v1::ServiceCounts::set_pending, "Not answered yet");
  count("--medical", &v1::ServiceCounts::set_medical, "Medical");
}

void AddReferrals(CLI::App& noun, Invocation& invocation) {
  const auto request = std::make_shared<v1::RequestReferral>();
  CLI::App* verb = AddVerb(noun, invocation, "refer",
                           "Ask a partner to help one person; the answer is a ticket, the only name there is",
                           {"victims refer united-front-2021 --to haven-ky --needs shelter,interpreter --language es",
                            "victims refer united-front-2021 --to haven-ky --needs child-advocacy --minor"},
                           [&invocation, request] {
                             return ChangeServices(invocation, *request, &Client::RequestReferral,
                                                   absl::StrCat("help is requested from ", request->to_agency_id()));
                           });
  AddOperationId(verb, request->mutable_operation_id());
  AddText(verb, "--to", request->mutable_to_agency_id(), "The victim-services agency")->required();
  AddParsed(
      verb, "--needs", Times::kList,
      [request](const std::string& text) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(const int need, ParseEnum(v1::VictimNeed_descriptor(), text));
        request->add_needs(static_cast<v1::VictimNeed>(need));
        return absl::OkStatus();
      },
      absl::StrCat("What is needed: ", absl::StrJoin(EnumLabels(v1::VictimNeed_descriptor()), ", ")))
      ->required();
  AddText(verb, "--language", request->mutable_language(), "The person's language, an ISO 639 code such as es");
  verb->add_flag_callback(
      "--minor", [request] { request->set_minor(true); }, "The person is a minor");

  const auto answer = std::make_shared<v1::AnswerReferral>();
  verb = AddVerb(noun, invocation, "answer", "Answer a referral: accepted, declined, and later completed",
                 {"victims answer united-front-2021 0123456789abcdef0123456789abcdef accepted"}, [&invocation, answer] {
                   return ChangeServices(invocation, *answer, &Client::AnswerReferral,
                                         absl::StrCat("the referral is ", Label(answer->state())));
                 });
  AddOperationId(verb, answer->mutable_operation_id());
  AddText(verb, "TICKET", answer->mutable_ticket(), "The referral's ticket")->required();
  AddEnum<v1::ReferralState>(
      verb, "ANSWER", [answer](v1::ReferralState state) { answer->set_state(state); }, "The answer")
      ->required();
}

}  // namespace

void AddVictimsCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "victims", "Victim services: counts and tickets, never anything of a person",
                           {"victims show united-front-2021"});
  AddNotice(*noun, invocation);
  AddCapacity(*noun, invocation);
  AddCounts(*noun, invocation);
  AddReferrals(*noun, invocation);
  const auto id = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(*noun, invocation, "show", "Show what victim services are told, can do, and have done",
                           {"victims show united-front-2021", "victims show united-front-2021 -o csv"},
                           [&invocation, id] { return Show(invocation, *id); });
  AddOperationId(verb, id.get());
}

}  // namespace muster::cli
