// Submissions of the victim services, and reads through policy and validation, for tests of the state. Test code only.
#ifndef MUSTER_SERVER_STATE_VICTIMS_TESTING_VICTIM_SUPPORT_H_
#define MUSTER_SERVER_STATE_VICTIMS_TESTING_VICTIM_SUPPORT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/state/queries.h"
#include "server/state/testing/test_support.h"

namespace muster {

inline constexpr char kPartner[] = "victim-services";

inline v1::Submission PublishReadinessNotice(uint32_t persons_max = 12) {
  v1::Submission submission;
  submission.mutable_publish_readiness_notice()->set_operation_id(kTestOperation);
  v1::ReadinessNotice* notice = submission.mutable_publish_readiness_notice()->mutable_notice();
  for (v1::Date* date : {notice->mutable_earliest(), notice->mutable_latest()}) {
    date->set_year(2021);
    date->set_month(8);
    date->set_day(26);
  }
  notice->set_persons_max(persons_max);
  notice->add_states("KY");
  return submission;
}

inline v1::Submission ReportCapacity(uint32_t beds) {
  v1::Submission submission;
  submission.mutable_report_capacity()->set_operation_id(kTestOperation);
  submission.mutable_report_capacity()->mutable_capacity()->set_beds(beds);
  v1::LanguageCount* spanish = submission.mutable_report_capacity()->mutable_capacity()->add_languages();
  spanish->set_language("es");
  spanish->set_count(2);
  return submission;
}

inline v1::Submission ReportServiceCounts(uint32_t offered, uint32_t accepted) {
  v1::Submission submission;
  submission.mutable_report_service_counts()->set_operation_id(kTestOperation);
  submission.mutable_report_service_counts()->mutable_counts()->set_offered(offered);
  submission.mutable_report_service_counts()->mutable_counts()->set_accepted(accepted);
  return submission;
}

inline v1::Submission RequestReferral(absl::string_view to_agency_id = kPartner) {
  v1::Submission submission;
  submission.mutable_request_referral()->set_operation_id(kTestOperation);
  submission.mutable_request_referral()->set_to_agency_id(std::string(to_agency_id));
  submission.mutable_request_referral()->add_needs(v1::VICTIM_NEED_SHELTER);
  submission.mutable_request_referral()->set_language("es");
  return submission;
}

inline v1::Submission AnswerReferral(const std::string& ticket, v1::ReferralState state) {
  v1::Submission submission;
  submission.mutable_answer_referral()->set_operation_id(kTestOperation);
  submission.mutable_answer_referral()->set_ticket(ticket);
  submission.mutable_answer_referral()->set_state(state);
  return submission;
}

inline absl::Status AskAs(const World& world, absl::string_view agency_id, absl::string_view method,
                          const google::protobuf::Message& request, google::protobuf::Message* response) {
  const v1::Principal principal = PrincipalOf(agency_id);
  const absl::Time now = world.state().last_accepted_at();
  return AnswerQuery({world.state(), principal, now, now + absl::Hours(1)}, absl::StrCat("muster.v1.", method), request,
                     response);
}

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_VICTIMS_TESTING_VICTIM_SUPPORT_H_
