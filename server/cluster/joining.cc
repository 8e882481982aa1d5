#include "server/cluster/joining.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/logging.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/broker/backup.h"
#include "server/cluster/peers.h"
#include "server/cluster/view.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr char kJoining[] = "/joining";

absl::Status FromSystem(const std::error_code& error, absl::string_view what) {
  return error ? absl::UnavailableError(absl::StrCat("cannot ", what, ": ", error.message())) : absl::OkStatus();
}

// In reverse, so that what lies beside a database (-wal, -shm) goes before it.
std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.rbegin(), names.rend());
  return names;
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() < 64 && name.find('/') == std::string::npos && name.front() != '.';
}

// Writes what a peer sends into the files of a folder.
class Receiver {
 public:
  explicit Receiver(std::string folder) : folder_(std::move(folder)) {}

  absl::Status Take(const cluster::v1::FetchCopyResponse& piece) {
    if (!IsPlainName(piece.file_name())) {
      return absl::DataLossError("the copy has a file whose name is none");
    }
    if (piece.file_name() != name_) {
      if (file_.is_open()) return absl::DataLossError(absl::StrCat(name_, " of the copy came without its end"));
      name_ = piece.file_name();
      file_.open(absl::StrCat(folder_, "/", name_), std::ios::binary | std::ios::trunc);
      sha256_ = std::make_unique<Sha256>();
    }
    file_ << piece.data();
    sha256_->Update(piece.data());
    if (!file_) return absl::ResourceExhaustedError(absl::StrCat("cannot write ", name_, " of the copy"));
    if (piece.sha256().empty()) return absl::OkStatus();
    file_.close();
    ++files_;
    if (file_.fail() || absl::BytesToHexString(sha256_->Finish()) != piece.sha256()) {
      return absl::DataLossError(absl::StrCat(name_, " of the copy did not arrive whole"));
    }
    return absl::OkStatus();
  }

  int files() const { return file_.is_open() ? 0 : files_; }

 private:
  const std::string folder_;
  std::string name_;
  std::ofstream file_;
  std::unique_ptr<Sha256> sha256_;
  int files_ = 0;
};

absl::Status FetchInto(const std::string& folder, const std::string& address, const std::function<bool()>& stop_asked,
                       Peers* peers) {
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  MUSTER_RETURN_IF_ERROR(FromSystem(error, absl::StrCat("make ", folder)));
  Receiver receiver(folder);
  MUSTER_RETURN_IF_ERROR(peers->FetchCopy(address, [&](const cluster::v1::FetchCopyResponse& piece) {
    return stop_asked() ? absl::CancelledError("asked to stop") : receiver.Take(piece);
  }));
  return receiver.files() > 0 ? absl::OkStatus() : absl::UnavailableError("it sent nothing");
}

}  // namespace

absl::Status JoinFromPeer(const config::v1::BrokerConfig& config, EtcdClient* client, absl::Duration ask_within,
                          const std::function<bool()>& stop_asked) {
  const std::string folder = absl::StrCat(config.data_dir(), kJoining);
  MUSTER_ASSIGN_OR_RETURN(const ClusterView view, ReadView(client, config.cluster().prefix(), ask_within));
  Peers peers({config.tls().certificate_file(), config.tls().key_file(), config.tls().ca_file()});
  std::vector<std::string> refused;
  for (const auto& [id, member] : view.members) {
    if (id == config.cluster().broker_id() || !view.alive.contains(id)) continue;
    LogInfo("takes a copy of another broker's files", {{"broker", id}, {"address", member.address()}});
    const absl::Status fetched = FetchInto(folder, member.address(), stop_asked, &peers);
    if (absl::IsCancelled(fetched) && stop_asked()) return fetched;
    if (!fetched.ok()) {
      refused.push_back(absl::StrCat(id, ": ", fetched.message()));
      continue;
    }
    MUSTER_ASSIGN_OR_RETURN(const RestoreReport restored, RestoreData(folder, config.data_dir()));
    LogInfo("the copy is sound and in place", {{"events", restored.verified.log.events}});
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("etcd does not hold the beginning of the log any more, and no other broker gave a copy of its files",
                   refused.empty() ? ": none is there. Start one that has them, or restore one (docs/CLUSTER.md)"
                                   : absl::StrCat(" (", absl::StrJoin(refused, "; "), ")")));
}

absl::Status SetAside(const std::string& data_dir) {
  std::error_code error;
  std::string aside;
  for (int n = 1; aside.empty() || fs::exists(aside); ++n) aside = absl::StrCat(data_dir, "/replaced-", n);
  fs::create_directory(aside, error);
  MUSTER_RETURN_IF_ERROR(FromSystem(error, absl::StrCat("make ", aside)));
  // The log itself last: cut short before that, this is done again.
  for (const absl::string_view kind : {"feed.db", "snapshot-", "operations.db", "events.db"}) {
    for (const std::string& name : NamesIn(data_dir)) {
      if (!absl::StartsWith(name, kind)) continue;
      fs::rename(absl::StrCat(data_dir, "/", name), absl::StrCat(aside, "/", name), error);
      MUSTER_RETURN_IF_ERROR(FromSystem(error, absl::StrCat("move ", name, " to ", aside)));
    }
  }
  LogWarn("the old files are set aside; delete them when all is well", {{"folder", aside}});
  return absl::OkStatus();
}

}  // namespace muster
