// The two orders that a load gives to everybody in an operation.
//
// Threading: calls block; one thread at a time.
#ifndef MUSTER_CLIENT_BENCH_ORDERS_H_
#define MUSTER_CLIENT_BENCH_ORDERS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/bench/identities.h"
#include "client/bench/stage.h"
#include "client/lib/client.h"

namespace muster::bench {

// Everything that has to be before an order can be given, so that giving it is one call.
class PreparedOrder {
 public:
  virtual ~PreparedOrder() = default;
  // What the notice of it that everybody gets is about: a field of v1::Notice.content.
  virtual int notice_field() const = 0;
  virtual absl::Status Give() = 0;
};

// GO: sets an H-hour, registers two operators of the caller's agency, whose certificates are of the authority in
// `folder`, and lets the first approve. Give is the word of the second. Sites of the stage must be optional for GO.
absl::StatusOr<std::unique_ptr<PreparedOrder>> PrepareGo(const Target& target, const Stage& stage,
                                                         const std::string& folder);

// A material amendment of the plan's first section.
absl::StatusOr<std::unique_ptr<PreparedOrder>> PrepareAmendment(const Target& target, const Stage& stage);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_ORDERS_H_
