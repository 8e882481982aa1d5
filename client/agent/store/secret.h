// Bytes that are wiped from memory when they are no longer needed: keys and passphrases.
//
// Threading: as a std::string's.
#ifndef MUSTER_CLIENT_AGENT_STORE_SECRET_H_
#define MUSTER_CLIENT_AGENT_STORE_SECRET_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::agent {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  absl::string_view view() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_SECRET_H_
