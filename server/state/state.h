// Everything the broker knows, as a deterministic function of its event log.
//
// Apply decides: the same events give the same outcomes, notices and digest on every machine and at every replay. It
// reads no clock, does no I/O, draws no random number and cannot fail; what the rules forbid becomes a rejected
// Outcome.
//
// Threading: not synchronised. The owner (broker::Broker) applies under an exclusive lock and reads under a shared one.
#ifndef MUSTER_SERVER_STATE_STATE_H_
#define MUSTER_SERVER_STATE_STATE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/submission.pb.h"
#include "server/state/applied.h"
#include "server/state/audiences.h"
#include "server/state/deduplication.h"
#include "server/state/model.h"
#include "server/state/rules.h"

namespace muster {

class State {
 public:
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Applies the next event. event.sequence() must be sequence() + 1 and its rules_version at most kRulesVersion.
  Applied Apply(const v1::Event& event);

  // The outcome of a submission that has been decided before, or why it can never be decided; nothing for a new one.
  // Lets the sequencer answer repeats without logging them; Apply looks again.
  std::optional<v1::Outcome> FindDecided(absl::string_view agency_id, const v1::Submission& submission,
                                         absl::Time now) const;

  // The last applied event; 0 before genesis.
  uint64_t sequence() const { return sequence_; }
  absl::Time last_accepted_at() const { return last_accepted_at_; }
  const v1::Genesis& genesis() const { return genesis_; }

  const Roster& roster() const { return model_.roster; }
  const Audiences& audiences() const { return audiences_; }
  const absl::btree_map<std::string, OperationRecord>& operations() const { return model_.operations; }
  const ActivityBook& activities() const { return model_.activities; }
  const DisclosureLog& disclosures() const { return model_.disclosures; }
  const DisclosureLog& sealed_disclosures() const { return model_.sealed_disclosures; }

  // When something falls due next; InfiniteFuture when nothing is pending. Every event lets what was due by its
  // accepted_at happen first; the leader appends a TimersDue event when no other comes in time.
  absl::Time NextDue() const { return model_.timers.NextDue(); }

  // Null when there is none of that name.
  const OperationRecord* FindOperation(absl::string_view operation_id) const;

  // Where an agency's feed stands.
  std::string CursorOf(absl::string_view agency_id) const;

  // SHA-256 (hex) of the state's deterministic encoding: equal for equal states, across processes. Leaves out the
  // wording of remembered rejections, so that it is the same for every version of the broker that decides alike.
  std::string Digest() const;

  storage::v1::StateImage ToImage() const;
  // The same with no operations but those that have changed since the last call; with all that there are the first
  // time, unless the state was made from an image. The operations are added by ToImage, which takes long and may run on
  // another thread while the state goes on, but not longer than it.
  class Changes {
   public:
    storage::v1::StateImage ToImage() &&;
    // The same in two parts, of which the second, encoded, is `encoded`: what is too much to be made messages of.
    storage::v1::StateImage ToImage(std::string* encoded) &&;

   private:
    friend class State;
    storage::v1::StateImage image_;
    std::string encoded_;
    std::vector<std::function<storage::v1::OperationImage()>> operations_;
  };
  Changes TakeChanges();
  // Returns the image of an operation; its body is taken from that.
  using LoadOperation = std::function<storage::v1::OperationImage(const std::string& operation_id)>;
  // Replaces everything. The state must be new. With `load`, operations have bodies that are loaded when something asks
  // for them, and that `image` lacks.
  void FromImage(const storage::v1::StateImage& image, const LoadOperation& load = nullptr);

 private:
  // All but the operations and what is remembered of submissions.
  storage::v1::StateImage RestToImage() const;
  void ApplyGenesis(const v1::Event& event);
  void LetDueHappen(const v1::Event& event, Applied* applied);
  void ApplySubmission(const v1::Event& event, Applied* applied);

  uint64_t sequence_ = 0;
  absl::Time last_accepted_at_ = absl::InfinitePast();
  v1::Genesis genesis_;
  Model model_;
  Deduplication deduplication_;
  Audiences audiences_;
};

// The deterministic encoding of an image, and its SHA-256 in hex.
std::string EncodeDeterministically(const storage::v1::StateImage& image);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_STATE_H_
