// For measuring programs: what cannot fail there stops them when it does.
#ifndef MUSTER_TESTS_BENCH_MUST_H_
#define MUSTER_TESTS_BENCH_MUST_H_

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"

namespace muster::bench {

inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_MUST_H_
