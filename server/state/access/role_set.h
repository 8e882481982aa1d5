// Roles as a bit set.
#ifndef MUSTER_SERVER_STATE_ACCESS_ROLE_SET_H_
#define MUSTER_SERVER_STATE_ACCESS_ROLE_SET_H_

#include <cstdint>

#include "muster/v1/operation.pb.h"

namespace muster {

using RoleSet = uint32_t;
constexpr RoleSet Roles() { return 0; }
template <typename... Rest>
constexpr RoleSet Roles(v1::Role first, Rest... rest) {
  return (1u << first) | Roles(rest...);
}

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_ROLE_SET_H_
