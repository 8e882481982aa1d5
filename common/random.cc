#include "common/random.h"

#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

namespace muster {

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    std::fputs("OpenSSL has no random numbers to give; look at the machine's random device\n", stderr);
    std::abort();
  }
  return bytes;
}

}  // namespace muster
