// Makes an after-action report from an agency's feed.
//
// The feed is the operation's record as far as its reader may see it, in order and without gap; so the report needs
// nothing else but a few reads that the caller adds (totals, reconciliation, disclosures). What the reader has not been
// told is not in it, and what is missing is said.
//
// Not thread-safe.
#ifndef MUSTER_CLIENT_LIB_REPORT_REPORT_BUILDER_H_
#define MUSTER_CLIENT_LIB_REPORT_REPORT_BUILDER_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "muster/v1/access.pb.h"
#include "muster/v1/report.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

class ReportBuilder {
 public:
  ReportBuilder(std::string operation_id, std::string reader_agency_id);

  // The feed's deliveries from the beginning of history, in order. Those of other operations are left out, but for
  // alerts and conflicts, which say themselves which operation they are about.
  void Add(const v1::Delivery& delivery);

  // Reads that complete it; each at most once, in any order.
  void SetTotals(v1::TallyTotals totals) { *report_.mutable_totals() = std::move(totals); }
  void SetDisputes(const v1::ReconcileResponse& disputes);
  void SetDuplicates(const v1::ListSuspectedDuplicatesResponse& duplicates);
  void SetReleases(const v1::ListReleasesResponse& releases);
  void SetBoard(const v1::ReadinessBoard& board);
  void SetAcknowledgements(const v1::ListAcknowledgementsResponse& acknowledgements);
  void AddDisclosures(const v1::ListDisclosuresResponse& disclosures);
  // Something that the reader asked for and did not get.
  void AddGap(std::string sentence) { report_.add_gaps(std::move(sentence)); }

  // The report, with its gaps. `arrests` of the totals must be what the entries of the feed add up to; a difference is
  // a gap. Call once.
  v1::AfterActionReport Finish() &&;

 private:
  struct Reporter {
    google::protobuf::Timestamp h_hour_set_at;
    google::protobuf::Timestamp h_hour;
    google::protobuf::Timestamp go_given_at;
  };

  void Take(const v1::Notice& notice);
  void TakeOperation(const v1::Notice& notice);
  void TakePlan(const v1::Notice& notice);
  void TakeAcknowledgement(const v1::Notice& notice);
  void TakeEntry(const v1::TallyEntryRecord& record);
  void TakeCorrection(const v1::Notice& notice);
  void TakeReadiness(const v1::Notice& notice);
  void TakeAgencyReadiness(const std::string& site_id, const v1::AgencyReadiness& row);
  void TakeConflict(const v1::ConflictRecord& conflict);
  void TakeAlert(const v1::Notice& notice);
  void Tell(const google::protobuf::Timestamp& at, std::string text);
  void FindGaps();

  v1::AfterActionReport report_;
  std::map<uint32_t, google::protobuf::Timestamp> published_;  // By the reader's plan version.
  std::map<uint32_t, Reporter> epochs_;
  uint32_t epoch_ = 0;
  v1::GoState go_ = v1::GO_STATE_UNSPECIFIED;
  std::map<std::string, v1::TallyEntryRecord> entries_;
  std::map<std::string, v1::ConflictSummary> conflicts_;
  std::map<std::string, v1::ReadinessLatency> readiness_;  // By site, agency and epoch.
  std::map<std::pair<std::string, std::string>, std::map<std::string, uint32_t>> disclosures_;
  std::map<std::pair<std::string, uint32_t>, v1::AcknowledgementLatency> acknowledgements_;
  std::set<std::string> waived_;
  std::vector<std::string> silent_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_REPORT_REPORT_BUILDER_H_
