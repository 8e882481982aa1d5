#include "server/rpc/copy_stream.h"

#include <pthread.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/broker/backup.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr char kCopyName[] = "copy-for-peer";
// A peer that takes nothing for so long is gone.
constexpr absl::Duration kWriteWithin = absl::Seconds(60);

}  // namespace

void RemoveCopies(const std::string& data_dir) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir, ignored)) {
    if (absl::StartsWith(entry.path().filename().string(), kCopyName)) std::filesystem::remove_all(entry, ignored);
  }
}

CopyStream::CopyStream(grpc::CallbackServerContext* context, std::string data_dir, std::function<void()> done)
    : context_(context), data_dir_(std::move(data_dir)), done_(std::move(done)), thread_([this] { Run(); }) {}

void CopyStream::Run() {
  pthread_setname_np(pthread_self(), "peer-copy");
  RemoveCopies(data_dir_);
  const absl::Status sent = SendCopy(absl::StrCat(data_dir_, "/", kCopyName));
  RemoveCopies(data_dir_);
  if (sent.ok()) {
    LogInfo("a copy was sent to a broker that joins");
  } else {
    LogWarn("a copy could not be sent to a broker that joins", {{"why", sent.message()}});
  }
  Finish(ToGrpcStatus(sent));
}

absl::Status CopyStream::SendCopy(const std::string& folder) {
  MUSTER_RETURN_IF_ERROR(CopyData(data_dir_, folder).status());
  for (const std::string& name : FilesOfCopy(folder)) MUSTER_RETURN_IF_ERROR(SendFile(folder, name));
  return absl::OkStatus();
}

absl::Status CopyStream::SendFile(const std::string& folder, const std::string& name) {
  std::ifstream file(absl::StrCat(folder, "/", name), std::ios::binary);
  Sha256 sha256;
  std::string buffer(kPieceBytes, '\0');
  for (bool last = false; !last;) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (file.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", name, " of the copy"));
    last = !file;
    cluster::v1::FetchCopyResponse piece;
    piece.set_file_name(name);
    piece.set_data(buffer.substr(0, static_cast<size_t>(file.gcount())));
    sha256.Update(piece.data());
    if (last) piece.set_sha256(absl::BytesToHexString(sha256.Finish()));
    MUSTER_RETURN_IF_ERROR(Send(piece));
  }
  return absl::OkStatus();
}

absl::Status CopyStream::Send(const cluster::v1::FetchCopyResponse& piece) {
  const int before = writes_done_;
  StartWrite(&piece);
  const auto done = [&] { return writes_done_ > before; };
  if (!written_.Await(kWriteWithin, done)) {
    context_->TryCancel();
    // gRPC holds the piece until it is done with the write, which it is once the call is cancelled.
    written_.Await(absl::InfiniteDuration(), done);
  }
  return gone_ ? absl::CancelledError("the broker that joins has gone") : absl::OkStatus();
}

void CopyStream::OnWriteDone(bool ok) {
  if (!ok) gone_ = true;
  ++writes_done_;
  written_.Bump();
}

void CopyStream::OnCancel() {
  gone_ = true;
  written_.Bump();
}

void CopyStream::OnDone() {
  thread_.detach();  // It has nothing left to do: Finish was its last call.
  done_();
  delete this;
}

}  // namespace muster
