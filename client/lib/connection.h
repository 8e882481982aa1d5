// The way to the brokers: one agency's identity, several brokers, and the loop that tries again.
//
//   ConnectionOptions options;
//   options.brokers = {"broker.example:7443"};
//   options.certificate_file = "mo-ago.pem"; options.key_file = "mo-ago.key"; options.ca_file = "ca.pem";
//   absl::StatusOr<std::shared_ptr<Connection>> connection = Connect(options);
//   Client client(*connection);
//
// Connection is a seam: tests put a fake below Client, Subscription and SubmitStream.
#ifndef MUSTER_CLIENT_LIB_CONNECTION_H_
#define MUSTER_CLIENT_LIB_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/freshness.h"
#include "client/lib/retry.h"
#include "common/revision.h"
#include "common/tls_files.h"
#include "google/protobuf/message.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct ConnectionOptions {
  // host:port of each broker. Used in order, moving on to the next when one does not answer. Or unix:PATH of the daemon
  // on this machine, which knows us by the socket's permissions: no certificate is used then.
  std::vector<std::string> brokers;
  // PEM files: this agency's certificate chain, its key, and the authorities that sign brokers' certificates.
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  // Their texts, for those who hold no files; the names above are then only for messages.
  std::optional<TlsContents> tls;
  // The name to expect in the broker's certificate when it differs from the host in `brokers`. Usually empty.
  std::string server_name;
  // How long a call may take in all, every retry included.
  absl::Duration deadline = absl::Seconds(30);
  // How long one attempt of it may take before it is tried elsewhere.
  absl::Duration attempt_deadline = absl::Seconds(10);
  RetryPolicy retry;
  // How often an idle link is proven to be alive, and how long that may take.
  absl::Duration keepalive = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  // Told, on the calling thread, of each answer that is a copy held by a daemon. May be empty.
  std::function<void(const Freshness&)> on_copy;
};

// An open feed. Read and Finish: one thread. Cancel: any thread, any time.
class FeedStream {
 public:
  virtual ~FeedStream() = default;
  // Blocks for the next message. False when the stream is over; then call Finish.
  virtual bool Read(v1::SubscribeResponse* response) = 0;
  // Why it ended. Call once, after Read returned false.
  virtual absl::Status Finish() = 0;
  virtual void Cancel() = 0;
};

// An open submit stream. Write and WritesDone: one thread. Read and Finish: one (other) thread. Cancel: any thread.
class SubmitWire {
 public:
  virtual ~SubmitWire() = default;
  // False when the stream is broken; what was written may or may not have arrived.
  virtual bool Write(const v1::StreamSubmitRequest& request) = 0;
  // Says that nothing more will be written.
  virtual void WritesDone() = 0;
  virtual bool Read(v1::StreamSubmitResponse* response) = 0;
  virtual absl::Status Finish() = 0;
  virtual void Cancel() = 0;
};

// Thread-safe.
class Connection {
 public:
  explicit Connection(ConnectionOptions options, const Clock* clock = SystemClock());
  virtual ~Connection() = default;

  // One unary call. `method` is a full gRPC path such as "/muster.v1.PlanService/GetPlan". Tries again as IsRetryable
  // says, always with this same request (and so the same submission_id: the broker deduplicates), moving on through the
  // brokers, until options().deadline has passed.
  //
  // Errors: the broker's, decoded with reason and rule (see common/rich_status.h);
  //         UNAUTHENTICATED    every attempt, until the deadline, was cut off in the TLS handshake: our certificate is
  //         not
  //                            accepted (a broker that is merely starting or full answers differently in between);
  //         UNAVAILABLE        no broker answered in time; a submission's fate is unknown: retry it with the same id;
  //         DEADLINE_EXCEEDED  a broker is there and did not answer in time; the fate is unknown likewise.
  absl::Status Call(absl::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response);
  // The same `within` so long instead of options().deadline.
  absl::Status Call(absl::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, absl::Duration within);

  // Ends every Call under way, and each later one at once, with CANCELLED; streams are left alone. For whoever must
  // stop without waiting for the network.
  void Close();

  // Opens a stream to the current broker. Whether it works out is told by the first Read. No retry here.
  virtual std::unique_ptr<FeedStream> OpenFeed(const v1::SubscribeRequest& request) = 0;
  virtual std::unique_ptr<SubmitWire> OpenSubmit() = 0;

  const ConnectionOptions& options() const { return options_; }
  const Clock& clock() const { return *clock_; }

  // The index in options().brokers of the one in use.
  size_t broker() const { return broker_.load(); }
  // Moves on to the next broker, if `broker` is still the one in use.
  void MoveOnFrom(size_t broker);

 protected:
  // One attempt at one broker, that takes no longer than `within`.
  virtual absl::Status CallOnce(size_t broker, absl::string_view method, const google::protobuf::Message& request,
                                google::protobuf::Message* response, absl::Duration within) = 0;
  // For CallOnce: marks an UNAVAILABLE as a broker that closed the connection in the TLS handshake.
  static void SetClosedInHandshake(absl::Status& status);
  // Lets `duration` pass between attempts, or less when the connection is closed.
  virtual void Wait(absl::Duration duration);
  // Ends every CallOnce, and every stream that is being opened, now and later.
  virtual void CancelAttempts() {}
  bool closed() const { return closed_.load(); }

 private:
  const ConnectionOptions options_;
  const Clock* const clock_;
  std::atomic<bool> closed_{false};
  Revision closing_;  // Bumped after closed_ was set.
  std::atomic<size_t> broker_{0};
};

// Whether `broker` names a daemon's Unix socket.
bool IsDaemon(absl::string_view broker);

// Reads the certificate files and prepares channels with mutual TLS (none for a daemon's socket); connects on first
// use.
//
// Errors: INVALID_ARGUMENT  no broker, brokers and daemons together, or a file that is missing, unreadable or not what
// it
//                           should be.
absl::StatusOr<std::shared_ptr<Connection>> Connect(ConnectionOptions options);

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_CONNECTION_H_
