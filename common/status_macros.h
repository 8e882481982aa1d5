// Early return for absl::Status and absl::StatusOr, which Abseil 20220623 lacks.
#ifndef MUSTER_COMMON_STATUS_MACROS_H_
#define MUSTER_COMMON_STATUS_MACROS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define MUSTER_RETURN_IF_ERROR(expression)                      \
  do {                                                          \
    absl::Status muster_status_ = (expression);                 \
    if (!muster_status_.ok()) return muster_status_;            \
  } while (false)

#define MUSTER_CONCAT_INNER_(a, b) a##b
#define MUSTER_CONCAT_(a, b) MUSTER_CONCAT_INNER_(a, b)

#define MUSTER_ASSIGN_OR_RETURN(target, expression) \
  MUSTER_ASSIGN_OR_RETURN_IMPL_(MUSTER_CONCAT_(muster_or_, __LINE__), target, expression)

#define MUSTER_ASSIGN_OR_RETURN_IMPL_(temporary, target, expression) \
  auto temporary = (expression);                                     \
  if (!temporary.ok()) return std::move(temporary).status();         \
  target = *std::move(temporary)

#endif  // MUSTER_COMMON_STATUS_MACROS_H_
