// A request and its answer, apart from how they travel: what serves them knows nothing of sockets.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_MESSAGE_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_MESSAGE_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::gateway {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The certificate that a browser showed.
struct PeerCertificate {
  // SHA-256 of its DER form.
  std::string sha256_hex;
  absl::Time not_after;
  // 0 (X509_V_OK) when it leads to an authority of ours and is valid now; otherwise what OpenSSL found first.
  int verify_error = 0;
};

struct HttpRequest {
  std::string method;
  // Without the query, and not decoded.
  std::string path;
  HttpHeaders headers;
  std::string body;
  // The other end's IP address.
  std::string peer;
  std::optional<PeerCertificate> certificate;

  // The value of the only header of this name, whatever its case; empty when there is none. Several are one list.
  std::string Header(absl::string_view name) const {
    std::string value;
    for (const auto& [each, text] : headers) {
      if (!absl::EqualsIgnoreCase(each, name)) continue;
      value += (value.empty() ? "" : ", ") + text;
    }
    return value;
  }
};

// Where the body of an answer goes that is made bit by bit. Used by one thread.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Blocks until the bytes are on their way, so that a slow reader slows the writer. False when the reader is gone.
  virtual bool Write(absl::string_view bytes) = 0;
  // `on_gone` is called once, on another thread, when the reader goes away, or when the server stops and the stream has
  // a moment for its last words; at once when that has happened. It may still be running when the sink is gone: it owns
  // what it uses.
  virtual void OnGone(std::function<void()> on_gone) = 0;
};

struct HttpAnswer {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  // If set, it is called once on a thread of its own after status and headers were sent, and writes the body.
  std::function<void(StreamSink&)> stream;
};

// Thread-safe; may block.
using HttpHandler = std::function<HttpAnswer(const HttpRequest&)>;

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_MESSAGE_H_
