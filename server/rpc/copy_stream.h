// Sends a copy of this broker's files to a broker that joins, on a thread of its own: files are slow.
//
// Threading: deletes itself when gRPC is done with it.
#ifndef MUSTER_SERVER_RPC_COPY_STREAM_H_
#define MUSTER_SERVER_RPC_COPY_STREAM_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "common/revision.h"
#include "grpcpp/support/server_callback.h"
#include "muster/cluster/v1/peer.pb.h"

namespace muster {

// Removes the copies in `data_dir` that were made for other brokers, whole or cut short. No CopyStream may be at work.
void RemoveCopies(const std::string& data_dir);

class CopyStream final : public grpc::ServerWriteReactor<cluster::v1::FetchCopyResponse> {
 public:
  // `done` is called last.
  CopyStream(grpc::CallbackServerContext* context, std::string data_dir, std::function<void()> done);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Run();
  absl::Status SendCopy(const std::string& folder);
  absl::Status SendFile(const std::string& folder, const std::string& name);
  // Blocks until it is written.
  absl::Status Send(const cluster::v1::FetchCopyResponse& piece);

  grpc::CallbackServerContext* const context_;
  const std::string data_dir_;
  const std::function<void()> done_;
  Revision written_;  // Bumped after each write, and when the peer is gone.
  std::atomic<int> writes_done_ = 0;
  std::atomic<bool> gone_ = false;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_COPY_STREAM_H_
