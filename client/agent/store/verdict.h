// What a broker's answer means for the item that it is about.
//
// Threading: a pure function.
#ifndef MUSTER_CLIENT_AGENT_STORE_VERDICT_H_
#define MUSTER_CLIENT_AGENT_STORE_VERDICT_H_

#include "muster/v1/outcome.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

enum class Verdict {
  kUndecided,    // Nothing: it is to be sent again.
  kGap,          // Nothing either: a number before it has not arrived.
  kDecided,      // The outcome stands, for ever.
  kRefused,      // The broker will not take it. Whether an earlier attempt got through is open.
  kForgotten,    // Its number was decided and confirmed, so the broker no longer knows how.
  kNumberTaken,  // Its number was decided for another submission.
};

// A rejection that was decided has decided_at; one without is about the number, and nothing is on the record.
// LIMIT_REACHED is both: decided, and, undecided, of outcomes that wait to be confirmed.
//
// Refusals that pass: what says that the broker cannot now (UNAVAILABLE, RESOURCE_EXHAUSTED), who does not know us now
// (UNAUTHENTICATED, AGENCY_SUSPENDED, AGENCY_UNKNOWN), and what is no statement about the submission at all (UNKNOWN,
// INTERNAL, CANCELLED, DEADLINE_EXCEEDED, DATA_LOSS).
Verdict Judge(const muster::v1::SubmissionAnswer& answer);

// What speaks against the submission, in whichever form; empty when nothing does.
muster::v1::Rejected ObjectionIn(const muster::v1::SubmissionAnswer& answer);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_VERDICT_H_
