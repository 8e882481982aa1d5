#include "client/agent/store/unlock_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/sealer.h"
#include "client/agent/store/state_dir.h"
#include "common/random.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr size_t kKeyFileBytesMax = 4096;
constexpr size_t kPassphraseBytesMin = 12;
constexpr size_t kPassphraseBytesMax = 1024;

absl::Status Unusable(const std::string& source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, " cannot be used: ", what));
}

void Wipe(std::string* text) { OPENSSL_cleanse(text->data(), text->size()); }

// The whole of it, if that is no more than `bytes_max`.
absl::StatusOr<std::string> ReadDescriptor(int fd, size_t bytes_max, const std::string& source) {
  std::string text(bytes_max + 1, '\0');
  size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = read(fd, text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unusable(source, std::strerror(errno));
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  if (length > bytes_max) return Unusable(source, absl::StrCat("it has more than ", bytes_max, " bytes"));
  text.resize(length);
  return text;
}

// The key in the file at `path`, which has none of the permissions in `forbidden`.
absl::StatusOr<UnlockKey> ReadKeyFile(const std::string& path, mode_t forbidden, const std::string& source) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Unusable(source, absl::StrCat(std::strerror(errno), "; make one with `muster-agent new-key ", path, "`"));
  }
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return Unusable(source, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return Unusable(source, "it is not a file");
  if ((info.st_mode & forbidden) != 0) {
    return Unusable(source, absl::StrCat("others on this machine can read or write it; run: chmod 600 ", path));
  }
  MUSTER_ASSIGN_OR_RETURN(std::string text, ReadDescriptor(fd, kKeyFileBytesMax, source));
  const absl::Cleanup wipe = [&text] { Wipe(&text); };
  const absl::string_view digits = absl::StripAsciiWhitespace(text);
  bool all_digits = digits.size() == 2 * Sealer::kKeyBytes;
  for (const char c : digits) all_digits = all_digits && absl::ascii_isxdigit(static_cast<unsigned char>(c));
  if (!all_digits) {
    return Unusable(source, "it does not hold 64 hexadecimal digits; make one with `muster-agent new-key FILE`");
  }
  UnlockKey key;
  key.secret = absl::HexStringToBytes(digits);
  key.source = source;
  return key;
}

absl::StatusOr<UnlockKey> ReadCredential(const std::string& name) {
  const std::string source = absl::StrCat("the systemd credential ", name);
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Unusable(source, "systemd gave this process no credentials; set LoadCredentialEncrypted= in the unit");
  }
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") {
    return Unusable(source, "that is no credential's name");
  }
  // Where systemd lets us in by an access list, the mode's group bits show that list's mask: only those for others
  // tell.
  return ReadKeyFile(absl::StrCat(folder, "/", name), S_IROTH | S_IWOTH | S_IWGRP, source);
}

// Without echo while it lives.
class QuietTerminal {
 public:
  QuietTerminal() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  termios before_ = {};
  bool changed_ = false;
};

void Say(absl::string_view text) {
  // Nothing to do where nobody reads it.
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

// Byte by byte: what follows the line is somebody else's.
absl::StatusOr<UnlockKey> ReadPassphraseLine(const std::string& source) {
  UnlockKey key;
  key.is_passphrase = true;
  key.source = source;
  key.secret.reserve(kPassphraseBytesMax + 1);  // Growing would leave copies behind.
  while (true) {
    char c = '\0';
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unusable(source, std::strerror(errno));
    if (got == 0 || c == '\n') break;
    if (key.secret.size() == kPassphraseBytesMax) {
      return Unusable(source, absl::StrCat("it has more than ", kPassphraseBytesMax, " bytes"));
    }
    key.secret.push_back(c);
  }
  if (!key.secret.empty() && key.secret.back() == '\r') key.secret.pop_back();
  if (key.secret.size() < kPassphraseBytesMin) {
    return Unusable(source, absl::StrCat("it has fewer than ", kPassphraseBytesMin,
                                         " bytes, which a thief of the disk would guess"));
  }
  return key;
}

absl::StatusOr<UnlockKey> ReadPassphrase() {
  if (isatty(STDIN_FILENO) == 0) return ReadPassphraseLine("the passphrase on standard input");
  Say("Passphrase of this command post's store: ");
  const QuietTerminal quiet;
  absl::StatusOr<UnlockKey> key = ReadPassphraseLine("the passphrase");
  Say("\n");
  return key;
}

}  // namespace

UnlockKey::~UnlockKey() { Wipe(&secret); }

absl::StatusOr<UnlockKey> LoadUnlockKey(const config::v1::AgentKeyConfig& config) {
  switch (config.source_case()) {
    case config::v1::AgentKeyConfig::kFile:
      return ReadKeyFile(config.file(), S_IRWXG | S_IRWXO, absl::StrCat("the key file ", config.file()));
    case config::v1::AgentKeyConfig::kCredential:
      return ReadCredential(config.credential());
    case config::v1::AgentKeyConfig::kPassphrase:
      if (config.passphrase()) return ReadPassphrase();
      break;
    case config::v1::AgentKeyConfig::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "nothing unlocks the store: set exactly one of file, credential and passphrase = true in [key]");
}

std::string NewKeyText() {
  std::string random = RandomBytes(Sealer::kKeyBytes);
  const absl::Cleanup wipe = [&random] { Wipe(&random); };
  return absl::StrCat(absl::BytesToHexString(random), "\n");
}

absl::Status WriteNewKeyFile(const std::string& path) {
  const auto failed = [&path](absl::string_view what) {
    return absl::UnknownError(absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
  };
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " exists already, and a store may depend on it; name another file"));
  }
  if (fd < 0) return failed("make");
  std::string text = NewKeyText();
  const absl::Cleanup wipe = [&text] { Wipe(&text); };
  absl::Status status;
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) status = failed("write");
  if (status.ok() && fsync(fd) != 0) status = failed("sync");
  if (close(fd) != 0 && status.ok()) status = failed("close");
  if (status.ok()) status = SyncDirectory(ParentOf(path));
  if (!status.ok()) unlink(path.c_str());
  return status;
}

}  // namespace muster::agent
