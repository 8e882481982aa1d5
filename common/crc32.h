// CRC-32 as in zlib and gzip (polynomial 0xEDB88320), with the processor's help: libdeflate, several times as fast as
// zlib. It finds damage, not intent.
//
// Threading: from any thread.
#ifndef MUSTER_COMMON_CRC32_H_
#define MUSTER_COMMON_CRC32_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace muster {

// Of `bytes`; or of what `so_far` is of, with `bytes` behind it.
uint32_t Crc32(absl::string_view bytes, uint32_t so_far = 0);

}  // namespace muster

#endif  // MUSTER_COMMON_CRC32_H_
