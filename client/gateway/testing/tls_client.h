// A blocking TLS client that says exactly what a test tells it to. Test code only.
#ifndef MUSTER_CLIENT_GATEWAY_TESTING_TLS_CLIENT_H_
#define MUSTER_CLIENT_GATEWAY_TESTING_TLS_CLIENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "common/openssl_ptr.h"
#include "common/testing/test_certificates.h"

namespace muster::gateway {

// A socket that is connected to a port of loopback; -1 when it cannot be.
int ConnectToLoopback(int port, const char* from = "127.0.0.1");

// Not thread-safe. Nothing is verified: what the server shows is not what these tests are about.
class TlsClient {
 public:
  struct Options {
    const TestCertificate* certificate = nullptr;  // Not owned.
    int version_max = 0;                           // TLS1_2_VERSION ...; 0 is the newest.
    // Asks for this session to be taken up again.
    SSL_SESSION* session = nullptr;
    // The address of loopback to come from.
    const char* from = "127.0.0.1";
  };

  // Connects to a port of loopback and shakes hands.
  explicit TlsClient(int port) : TlsClient(port, Options()) {}
  TlsClient(int port, const Options& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Whether the handshake succeeded.
  bool connected() const { return connected_; }
  SSL* ssl() const { return ssl_; }

  // PEM; empty when nothing was shown.
  std::string certificate_shown() const;

  void Write(absl::string_view bytes);
  // Says that nothing more will be written.
  void EndWriting();
  // Reads until `wanted` has been seen, the other side closes, or nothing has come for long. All that was read since
  // the last call.
  std::string ReadUntil(absl::string_view wanted);
  // Whether the last read ended because nothing had come for long: the other side hangs.
  bool gave_up() const { return gave_up_; }
  std::string ReadToEnd() { return ReadUntil("\x01never\x01"); }
  // One request on this connection with these header lines, and its whole answer, which has a Content-Length.
  std::string Request(absl::string_view method, absl::string_view path, absl::string_view header_lines = "",
                      absl::string_view body = "");

 private:
  const UniqueSslContext context_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  bool gave_up_ = false;
  int port_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_TESTING_TLS_CLIENT_H_
