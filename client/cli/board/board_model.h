// What the board knows: the link, and of each operation what was read last. No I/O and no clock: whoever reads puts it
// in, whoever draws takes it out.
//
// Threading: a value; its owner guards it.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_MODEL_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_MODEL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/lib/freshness.h"
#include "muster/v1/deconfliction.pb.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/plan.pb.h"
#include "muster/v1/readiness.pb.h"
#include "muster/v1/submission.pb.h"
#include "muster/v1/tally.pb.h"

namespace muster::cli {

// What of an operation is read by a call of its own. Parts are combined by `|`.
using Parts = unsigned;
inline constexpr Parts kNoPart = 0;
inline constexpr Parts kOperationPart = 1;
inline constexpr Parts kReadinessPart = 2;
inline constexpr Parts kAcknowledgementsPart = 4;
inline constexpr Parts kConflictsPart = 8;
inline constexpr Parts kTotalsPart = 16;
inline constexpr Parts kEveryPart = 31;

// What a notice may have changed.
Parts TouchedBy(const v1::Notice& notice);

struct OperationBoard {
  v1::OperationView operation;
  std::optional<v1::ReadinessBoard> readiness;
  std::optional<v1::ListAcknowledgementsResponse> acknowledgements;
  std::optional<v1::ListConflictsResponse> conflicts;
  std::optional<v1::TallyTotals> totals;
  // Why a part is not there, in a few words.
  std::map<Parts, std::string> absent;
  // Set when the last reads were answered with copies.
  std::optional<Freshness> copy;
  // When the last of them was answered.
  absl::Time read_at;
};

struct BoardLink {
  bool connected = false;
  // "CONNECTED to broker.example:7443", "OFF LINE since ...".
  std::string text = "CONNECTING";
  // What somebody must look at beside the operations: gaps, an expiring certificate.
  std::vector<std::string> alarms;
  // What waits in the outbox.
  uint64_t saved_here = 0;
};

struct BoardModel {
  BoardLink link;
  // While nothing is known of operations: why.
  std::string why_empty = "reading the operations ...";
  // In the order in which they are shown.
  std::vector<std::string> order;
  std::map<std::string, OperationBoard> operations;
  // The newest first, no more than kRecentMax.
  std::deque<v1::Notice> recent;
  // How many there have been.
  uint64_t deliveries = 0;

  static constexpr size_t kRecentMax = 200;

  void Remember(const v1::Notice& notice);
  // Takes over who takes part in what: those in `wanted`, or all that are not over when it is empty.
  void SetOperations(const v1::ListOperationsResponse& operations, const std::vector<std::string>& wanted);
};

// One thing that can be said of an operation in a line, such as {"acknowledgements", "5 of 7, missing: ky-ksp,
// tn-tbi"}. None of them changes by the mere passing of time.
struct Headline {
  std::string what;
  std::string text;
};
std::vector<Headline> Headlines(const OperationBoard& board);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_MODEL_H_
