// The rules of the domain once more, as plain as possible: maps and loops, nothing shared with the state but the
// messages. Slow and obvious on purpose; the state is compared with it (state_oracle_test.cc). Test code only.
#ifndef MUSTER_SERVER_STATE_TESTING_ORACLE_H_
#define MUSTER_SERVER_STATE_TESTING_ORACLE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/v1/submission.pb.h"

namespace muster {

// What a viewer reads of one section: title and, unless it reads titles only, body.
using OracleText = std::map<std::string, std::pair<std::string, std::string>>;

struct OracleReading {
  uint32_t version = 0;
  uint32_t last_material = 0;
  OracleText text;
};

struct OracleAnswer {
  uint32_t version = 0;
  bool rejected = false;
};

struct OracleCorrection {
  std::string author;
  std::string reason;
  std::map<std::string, v1::TallyEntry> replacements;
};

struct OracleOperation {
  std::string lead;
  v1::OperationPhase phase = v1::OPERATION_PHASE_PLANNING;
  std::map<std::string, std::string> sites;  // By id: the state.
  std::map<std::string, v1::Participant> participants;

  // Every version whole, and which sections it changed materially.
  std::vector<std::map<std::string, v1::Section>> plan;
  std::vector<std::set<std::string>> material;
  bool withdrawn = false;
  std::map<std::string, OracleAnswer> answers;

  std::map<std::string, v1::TallyEntry> entries;
  std::map<std::string, std::string> filed_by;
  std::map<std::string, std::vector<OracleCorrection>> corrections;  // By the entry they correct.

  OracleReading ReadBy(const v1::Participant& viewer) const;
  // DELIVERED, ACKNOWLEDGED, REJECTED, or UNSPECIFIED for who reads no plan.
  v1::AcknowledgementStatus StandingOf(const v1::Participant& viewer) const;
  // The correction that takes effect, if any.
  const OracleCorrection* EffectiveCorrection(const std::string& entry_id) const;
  // The confirmed sum over entries of `categories` that `viewer` (the lead or a participant) may see.
  uint64_t Sum(const std::string& viewer, const std::set<int>& categories) const;
};

struct OracleAgency {
  bool may_lead = false;
  bool registrar = false;
  bool suspended = false;
  std::set<std::string> revoked;
};

class Oracle {
 public:
  explicit Oracle(const std::string& registrar) { agencies_[registrar].registrar = true; }

  // Whether the submission is accepted; `hash_is_right` says whether an acknowledgement names the hash that its sender
  // reads.
  bool Submit(const v1::Principal& principal, const v1::Submission& submission, bool hash_is_right);

  const std::map<std::string, OracleAgency>& agencies() const { return agencies_; }
  const std::map<std::string, OracleOperation>& operations() const { return operations_; }

 private:
  bool Decide(const v1::Principal& principal, const v1::Submission& submission, bool hash_is_right);
  bool HasOtherRegistrar(const std::string& agency_id) const;
  OracleOperation* OperationFor(const std::string& agency_id, const std::string& operation_id,
                                const std::set<v1::Role>& roles);

  bool Register(const v1::Agency& agency);
  bool SetStanding(const v1::SetAgencyStanding& change);
  bool SetParticipant(const std::string& self, const v1::SetParticipant& change);
  bool SetPhase(OracleOperation* operation, v1::OperationPhase phase);
  bool Amend(OracleOperation* operation, const v1::AmendPlan& amendment);
  bool Acknowledge(const std::string& self, const v1::AcknowledgePlan& acknowledgement, bool hash_is_right);
  bool Record(const std::string& self, const v1::RecordTally& record);
  bool Correct(const std::string& self, const v1::CorrectTally& correction);

  std::map<std::string, OracleAgency> agencies_;
  std::map<std::string, OracleOperation> operations_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, bool>> decided_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TESTING_ORACLE_H_
