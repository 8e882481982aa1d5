// The web application's built files, read into memory once: no request ever names a file of the disk.
//
// Threading: immutable once loaded.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_STATIC_FILES_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_STATIC_FILES_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/gateway/http/message.h"

namespace muster::gateway {

class StaticFiles {
 public:
  static constexpr size_t kBytesMax = 64 << 20;

  // Reads every file below `folder`. FILE.gz beside FILE is what browsers get that understand gzip.
  //
  // Errors: NOT_FOUND there is no index.html; RESOURCE_EXHAUSTED there are more than kBytesMax.
  static absl::StatusOr<StaticFiles> Load(const std::string& folder);

  // The file at the request's path, or 304 when the browser has it; the first page for an address within the
  // application, which has no dot in it; 404 for anything else. Names that carry a hash (/assets/NAME-HASH.js) may be
  // kept for ever, others are asked for each time.
  HttpAnswer Serve(const HttpRequest& request) const;

 private:
  struct File {
    std::string content_type;
    std::string etag;
    std::string body;
    std::string gzip;  // Empty: there is none.
    bool immutable = false;
  };

  const File* Find(absl::string_view path) const;

  absl::flat_hash_map<std::string, File> files_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_STATIC_FILES_H_
