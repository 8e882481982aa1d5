// What an outbox must know of a submission without being told.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_STORE_SUBMISSION_FACTS_H_
#define MUSTER_CLIENT_AGENT_STORE_SUBMISSION_FACTS_H_

#include <string>

#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// The body's field name: "record_tally". Empty without a body.
std::string KindOf(const muster::v1::Submission& submission);

// The operation that the body is about; empty when it concerns none.
std::string SubjectOf(const muster::v1::Submission& submission);

// The body alone, encoded: what two submissions under one id must agree in.
std::string EncodedBody(const muster::v1::Submission& submission);

// Whether `item` waits for its fate to be settled: it was refused for good, or dropped.
bool WithdrawalIsDue(const v1::OutboxItem& item);

// What settles it: under the same id and, once that is set, number.
muster::v1::Submission WithdrawalOf(const v1::OutboxItem& item);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_SUBMISSION_FACTS_H_
