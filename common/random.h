// Randomness that nobody can guess.
#ifndef MUSTER_COMMON_RANDOM_H_
#define MUSTER_COMMON_RANDOM_H_

#include <cstddef>
#include <string>

namespace muster {

// From the operating system, through OpenSSL. Stops the process when there is none to give: a secret or an id that can
// be guessed is worse than none. Thread-safe.
std::string RandomBytes(size_t count);

}  // namespace muster

#endif  // MUSTER_COMMON_RANDOM_H_
