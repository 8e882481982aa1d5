#include "common/crc32.h"

#include <libdeflate.h>

namespace muster {

uint32_t Crc32(absl::string_view bytes, uint32_t so_far) {
  if (bytes.empty()) return so_far;  // To libdeflate, a null pointer asks for the initial value.
  return libdeflate_crc32(so_far, bytes.data(), bytes.size());
}

}  // namespace muster
