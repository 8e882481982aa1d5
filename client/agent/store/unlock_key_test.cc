#include "client/agent/store/unlock_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/store_folder.h"

namespace muster::agent {
namespace {

using testing::HasSubstr;

const std::string kDigits = std::string(32, '0') + std::string(32, 'f');

class UnlockKeyTest : public testing::Test {
 protected:
  std::string WriteFile(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = absl::StrCat(folder_.root(), "/", name);
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  static absl::StatusOr<UnlockKey> LoadFile(const std::string& path) {
    config::v1::AgentKeyConfig config;
    config.set_file(path);
    return LoadUnlockKey(config);
  }

  absl::StatusOr<UnlockKey> LoadCredential(const std::string& name) {
    setenv("CREDENTIALS_DIRECTORY", folder_.root().c_str(), 1);
    config::v1::AgentKeyConfig config;
    config.set_credential(name);
    absl::StatusOr<UnlockKey> key = LoadUnlockKey(config);
    unsetenv("CREDENTIALS_DIRECTORY");
    return key;
  }

  // With `input` as standard input, which is no terminal then. `rest` receives what was not read.
  static absl::StatusOr<UnlockKey> LoadPassphrase(const std::string& input, std::string* rest = nullptr) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(write(ends[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
    close(ends[1]);
    const int before = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    config::v1::AgentKeyConfig config;
    config.set_passphrase(true);
    absl::StatusOr<UnlockKey> key = LoadUnlockKey(config);
    char buffer[64];
    const ssize_t left = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (rest != nullptr) rest->assign(buffer, left > 0 ? static_cast<size_t>(left) : 0);
    dup2(before, STDIN_FILENO);
    close(before);
    return key;
  }

  StoreFolder folder_;
};

TEST_F(UnlockKeyTest, AFileOf64HexadecimalDigitsIsAKey) {
  const absl::StatusOr<UnlockKey> key = LoadFile(WriteFile("key", kDigits + "\n"));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->secret, std::string(16, '\0') + std::string(16, '\xff'));
  EXPECT_FALSE(key->is_passphrase);
  EXPECT_THAT(key->source, HasSubstr(folder_.root()));
}

TEST_F(UnlockKeyTest, AFileWithAnythingElseIsRefusedWithoutRepeatingIt) {
  for (const std::string& text : {std::string(), std::string("secret"), kDigits + "0", kDigits.substr(1),
                                  kDigits.substr(1) + "g", kDigits + std::string(100000, ' ') + "x"}) {
    const absl::Status status = LoadFile(WriteFile("key", text)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text.size();
    EXPECT_EQ(status.message().find("secret"), absl::string_view::npos);
  }
}

TEST_F(UnlockKeyTest, AFileThatOthersMayReadOrWriteIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0644, 0666}) {
    const absl::Status status = LoadFile(WriteFile("key", kDigits, mode)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << std::oct << mode;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
  }
  EXPECT_TRUE(LoadFile(WriteFile("key", kDigits, 0400)).ok());
}

TEST_F(UnlockKeyTest, AMissingFileOrAFolderIsRefused) {
  const absl::Status missing = LoadFile(folder_.root() + "/none").status();
  EXPECT_TRUE(absl::IsInvalidArgument(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("new-key"));
  EXPECT_TRUE(absl::IsInvalidArgument(LoadFile(folder_.root()).status()));
}

TEST_F(UnlockKeyTest, ACredentialIsReadFromSystemdsFolder) {
  WriteFile("agent-key", kDigits, 0440);  // As systemd's access list makes it look.
  EXPECT_TRUE(LoadCredential("agent-key").ok());
  WriteFile("agent-key", kDigits, 0444);
  EXPECT_TRUE(absl::IsInvalidArgument(LoadCredential("agent-key").status()));
}

TEST_F(UnlockKeyTest, ACredentialsNameCannotLeadElsewhere) {
  WriteFile("agent-key", kDigits);
  const std::string name = absl::StrCat("../", folder_.root().substr(folder_.root().rfind('/') + 1), "/agent-key");
  for (const std::string& bad : {name, std::string(".."), std::string(), std::string("/etc/passwd")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(LoadCredential(bad).status())) << bad;
  }
}

TEST_F(UnlockKeyTest, WithoutSystemdThereAreNoCredentials) {
  config::v1::AgentKeyConfig config;
  config.set_credential("agent-key");
  EXPECT_TRUE(absl::IsInvalidArgument(LoadUnlockKey(config).status()));
}

TEST_F(UnlockKeyTest, APassphraseIsTheFirstLineAndNoMore) {
  std::string rest;
  const absl::StatusOr<UnlockKey> key = LoadPassphrase("correct horse battery\r\nnext", &rest);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->secret, "correct horse battery");
  EXPECT_TRUE(key->is_passphrase);
  EXPECT_EQ(rest, "next");
}

TEST_F(UnlockKeyTest, APassphraseThatIsTooShortOrTooLongIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(LoadPassphrase("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(LoadPassphrase("eleven byte\n").status()));
  EXPECT_TRUE(LoadPassphrase("twelve bytes\n").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(LoadPassphrase(std::string(5000, 'x')).status()));
}

TEST_F(UnlockKeyTest, NoSourceIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(LoadUnlockKey(config::v1::AgentKeyConfig()).status()));
  config::v1::AgentKeyConfig no_passphrase;
  no_passphrase.set_passphrase(false);
  EXPECT_TRUE(absl::IsInvalidArgument(LoadUnlockKey(no_passphrase).status()));
}

TEST_F(UnlockKeyTest, ANewKeyFileIsForItsOwnerAloneAndLoads) {
  const std::string path = folder_.root() + "/new";
  ASSERT_TRUE(WriteNewKeyFile(path).ok());
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  const absl::StatusOr<UnlockKey> key = LoadFile(path);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->secret.size(), 32u);
}

TEST_F(UnlockKeyTest, TwoNewKeysDiffer) {
  ASSERT_TRUE(WriteNewKeyFile(folder_.root() + "/one").ok());
  ASSERT_TRUE(WriteNewKeyFile(folder_.root() + "/two").ok());
  EXPECT_NE(LoadFile(folder_.root() + "/one")->secret, LoadFile(folder_.root() + "/two")->secret);
}

TEST_F(UnlockKeyTest, AKeyFileIsNeverOverwritten) {
  const std::string path = WriteFile("key", kDigits);
  EXPECT_TRUE(absl::IsAlreadyExists(WriteNewKeyFile(path)));
  EXPECT_TRUE(LoadFile(path).ok());
}

}  // namespace
}  // namespace muster::agent
