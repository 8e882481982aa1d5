#include "common/tls_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/openssl_ptr.h"
#include "common/testing/test_certificates.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Whether a key and a certificate, as PEM texts, belong together.
bool Match(const std::string& certificate_pem, const std::string& key_pem) {
  const UniqueBio certificate_bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const UniqueBio key_bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const UniqueX509 certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, NoPassphrase, nullptr));
  const UniqueKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, NoPassphrase, nullptr));
  return certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
}

// An operator's folder with a good set of files.
class TlsFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = absl::StrCat(::testing::TempDir(), "/tls_files_XXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    files_ = {dir_ + "/broker.pem", dir_ + "/broker.key", dir_ + "/ca.pem"};
    authority_ = MakeTestCertificate({.common_name = "CA", .is_ca = true});
    Put(files_.ca_file, authority_.certificate_pem);
    PutPair(NewPair());
  }
  void TearDown() override { fs::remove_all(dir_); }

  TestCertificate NewPair() const { return MakeTestCertificate({.issuer = &authority_}); }
  void Put(const std::string& path, const std::string& text) const {
    std::ofstream(path, std::ios::trunc) << text;
    chmod(path.c_str(), 0600);
  }
  void PutPair(const TestCertificate& pair) const {
    Put(files_.certificate_file, pair.certificate_pem);
    Put(files_.key_file, pair.key_pem);
  }
  std::string live_dir() const { return dir_ + "/live"; }
  std::unique_ptr<LiveTlsFiles> OpenLive() {
    auto live = LiveTlsFiles::Open(files_, live_dir(), &clock_);
    EXPECT_TRUE(live.ok()) << live.status();
    return live.ok() ? *std::move(live) : nullptr;
  }

  std::string dir_;
  TlsFiles files_;
  TestCertificate authority_;
  FakeClock clock_{kNow};
};

TEST_F(TlsFilesTest, AGoodSetPasses) { EXPECT_EQ(CheckTlsFiles(files_, kNow), absl::OkStatus()); }

TEST_F(TlsFilesTest, TheBrokersOwnAuthorityMayDifferFromTheAgencies) {
  PutPair(MakeTestCertificate({}));  // Signed by itself.
  EXPECT_EQ(CheckTlsFiles(files_, kNow), absl::OkStatus());
}

TEST_F(TlsFilesTest, AMissingFileIsNamed) {
  for (std::string TlsFiles::*member : {&TlsFiles::certificate_file, &TlsFiles::key_file, &TlsFiles::ca_file}) {
    TlsFiles files = files_;
    files.*member = dir_ + "/absent.pem";
    const absl::Status status = CheckTlsFiles(files, kNow);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr("/absent.pem"));
    files.*member = "";
    EXPECT_THAT(std::string(CheckTlsFiles(files, kNow).message()), HasSubstr("not set"));
    files.*member = dir_;
    EXPECT_THAT(std::string(CheckTlsFiles(files, kNow).message()), HasSubstr("not a regular file"));
  }
}

TEST_F(TlsFilesTest, AKeyOfAnotherCertificateIsRefused) {
  Put(files_.key_file, NewPair().key_pem);
  const absl::Status status = CheckTlsFiles(files_, kNow);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("does not belong"));
}

TEST_F(TlsFilesTest, AKeyThatEveryoneCanReadIsRefused) {
  chmod(files_.key_file.c_str(), 0644);
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow).message()), HasSubstr("chmod 600"));
  chmod(files_.key_file.c_str(), 0640);  // A group such as ssl-cert is in order.
  EXPECT_EQ(CheckTlsFiles(files_, kNow), absl::OkStatus());
}

TEST_F(TlsFilesTest, AKeyWithAPassphraseIsRefusedWithoutAskingForOne) {
  const TestCertificate pair = NewPair();
  const UniqueBio in(BIO_new_mem_buf(pair.key_pem.data(), -1));
  const UniqueKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassphrase, nullptr));
  const UniqueBio out(BIO_new(BIO_s_mem()));
  unsigned char passphrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  Put(files_.certificate_file, pair.certificate_pem);
  Put(files_.key_file, std::string(text, static_cast<size_t>(size)));
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow).message()), HasSubstr("passphrase"));
}

TEST_F(TlsFilesTest, ACertificateOutsideItsValidityIsRefused) {
  PutPair(MakeTestCertificate({.not_before = kNow - absl::Hours(1), .not_after = kNow + absl::Hours(1)}));
  EXPECT_EQ(CheckTlsFiles(files_, kNow), absl::OkStatus());
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow + absl::Hours(2)).message()),
              HasSubstr("expired at 2023-11-14 23:13:20 UTC"));
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow - absl::Hours(2)).message()), HasSubstr("not valid before"));
}

TEST_F(TlsFilesTest, AnAuthorityFileWithoutAnAuthorityIsRefused) {
  Put(files_.ca_file, NewPair().certificate_pem);
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow).message()), HasSubstr("none of an authority"));
  Put(files_.ca_file, "");
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow).message()), HasSubstr("holds no certificate"));
}

TEST_F(TlsFilesTest, ADamagedSecondAuthorityIsRefused) {
  const std::string second = authority_.certificate_pem.substr(0, authority_.certificate_pem.size() / 2);
  Put(files_.ca_file, absl::StrCat(authority_.certificate_pem, second));
  EXPECT_THAT(std::string(CheckTlsFiles(files_, kNow).message()), HasSubstr("damaged"));
}

TEST_F(TlsFilesTest, OpenInstallsAPrivateCopy) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  EXPECT_EQ(ReadAll(live->live().certificate_file), ReadAll(files_.certificate_file));
  EXPECT_EQ(ReadAll(live->live().key_file), ReadAll(files_.key_file));
  EXPECT_EQ(ReadAll(live->live().ca_file), ReadAll(files_.ca_file));
  EXPECT_EQ(fs::status(live->live().key_file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(live_dir()).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(fs::path(live->live().key_file).parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(TlsFilesTest, OpenRefusesABadSetAndWritesNothing) {
  Put(files_.key_file, NewPair().key_pem);
  EXPECT_FALSE(LiveTlsFiles::Open(files_, live_dir(), &clock_).ok());
  EXPECT_FALSE(fs::exists(live_dir()));
}

TEST_F(TlsFilesTest, OpenGoesOnFromWhatAnEarlierProcessLeft) {
  OpenLive();
  ASSERT_EQ(symlink("7", (live_dir() + "/current.next").c_str()), 0);  // As if it had died half-way.
  PutPair(NewPair());
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  EXPECT_EQ(ReadAll(live->live().key_file), ReadAll(files_.key_file));
}

TEST_F(TlsFilesTest, UnchangedFilesAreNotSwapped) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const fs::path before = fs::read_symlink(live_dir() + "/current");
  const absl::StatusOr<bool> swapped = live->RefreshIfChanged();
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  EXPECT_FALSE(*swapped);
  EXPECT_EQ(fs::read_symlink(live_dir() + "/current"), before);
}

TEST_F(TlsFilesTest, ANewPairIsInstalled) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const TestCertificate pair = NewPair();
  PutPair(pair);
  const absl::StatusOr<bool> swapped = live->RefreshIfChanged();
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  EXPECT_TRUE(*swapped);
  EXPECT_EQ(ReadAll(live->live().certificate_file), pair.certificate_pem);
  EXPECT_EQ(ReadAll(live->live().key_file), pair.key_pem);
}

TEST_F(TlsFilesTest, ANewAuthorityAloneIsInstalled) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const std::string both =
      absl::StrCat(authority_.certificate_pem, MakeTestCertificate({.is_ca = true}).certificate_pem);
  Put(files_.ca_file, both);
  EXPECT_TRUE(live->RefreshIfChanged().value());
  EXPECT_EQ(ReadAll(live->live().ca_file), both);
}

TEST_F(TlsFilesTest, AChangeThatKeepsSizeAndTimeIsInstalled) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const fs::file_time_type time = fs::last_write_time(files_.ca_file);
  std::string other;
  do {  // DER signatures vary by a byte or two; the PEM seldom does.
    other = MakeTestCertificate({.common_name = "CA", .is_ca = true}).certificate_pem;
  } while (other.size() != authority_.certificate_pem.size());
  Put(files_.ca_file, other);
  fs::last_write_time(files_.ca_file, time);
  EXPECT_TRUE(live->RefreshIfChanged().value());
}

TEST_F(TlsFilesTest, KeyAndCertificateThatDoNotMatchAreNotInstalled) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const std::string certificate = ReadAll(live->live().certificate_file);
  const TestCertificate pair = NewPair();
  Put(files_.certificate_file, pair.certificate_pem);  // The operator's first `cp`.
  EXPECT_EQ(live->RefreshIfChanged().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadAll(live->live().certificate_file), certificate);
  EXPECT_TRUE(Match(ReadAll(live->live().certificate_file), ReadAll(live->live().key_file)));
  Put(files_.key_file, pair.key_pem);  // The second.
  EXPECT_TRUE(live->RefreshIfChanged().value());
  EXPECT_EQ(ReadAll(live->live().certificate_file), pair.certificate_pem);
}

TEST_F(TlsFilesTest, HalfWrittenPairIsNotInstalled) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const std::string installed = ReadAll(live->live().key_file);
  const TestCertificate pair = NewPair();
  for (const size_t kept : {size_t{0}, size_t{10}, pair.key_pem.size() / 2, pair.key_pem.size() - 10}) {
    Put(files_.certificate_file, pair.certificate_pem);
    Put(files_.key_file, pair.key_pem.substr(0, kept));
    EXPECT_FALSE(live->RefreshIfChanged().ok()) << kept;
    EXPECT_EQ(ReadAll(live->live().key_file), installed) << kept;
  }
  for (const size_t kept : {size_t{0}, pair.certificate_pem.size() / 2, pair.certificate_pem.size() - 10}) {
    Put(files_.certificate_file, pair.certificate_pem.substr(0, kept));
    Put(files_.key_file, pair.key_pem);
    EXPECT_FALSE(live->RefreshIfChanged().ok()) << kept;
    EXPECT_EQ(ReadAll(live->live().key_file), installed) << kept;
  }
}

TEST_F(TlsFilesTest, AFailureIsReportedOncePerChange) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  Put(files_.key_file, NewPair().key_pem);
  EXPECT_FALSE(live->RefreshIfChanged().ok());
  EXPECT_FALSE(live->RefreshIfChanged().value());
  EXPECT_FALSE(live->RefreshIfChanged().value());
  Put(files_.key_file, NewPair().key_pem);  // Wrong again, in another way.
  EXPECT_FALSE(live->RefreshIfChanged().ok());
  EXPECT_FALSE(live->RefreshIfChanged().value());
  fs::remove(files_.key_file);
  EXPECT_EQ(live->RefreshIfChanged().status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(live->RefreshIfChanged().value());
}

TEST_F(TlsFilesTest, ARestoredPairIsQuietAndALaterFailureIsReportedAgain) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const std::string good = ReadAll(files_.key_file);
  const std::string bad = NewPair().key_pem;
  Put(files_.key_file, bad);
  EXPECT_FALSE(live->RefreshIfChanged().ok());
  Put(files_.key_file, good);
  EXPECT_FALSE(live->RefreshIfChanged().value());
  Put(files_.key_file, bad);
  EXPECT_FALSE(live->RefreshIfChanged().ok());
}

TEST_F(TlsFilesTest, APairPutInPlaceBeforeItIsValidIsInstalledWhenItBecomesSo) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  PutPair(MakeTestCertificate({.not_before = kNow + absl::Minutes(1)}));
  EXPECT_FALSE(live->RefreshIfChanged().ok());
  clock_.Advance(absl::Minutes(2));
  EXPECT_TRUE(live->RefreshIfChanged().value());
}

TEST_F(TlsFilesTest, OnlyTheCurrentGenerationAndTheOneBeforeAreKept) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  for (int i = 0; i < 4; ++i) {
    PutPair(NewPair());
    ASSERT_TRUE(live->RefreshIfChanged().value());
  }
  int folders = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(live_dir())) {
    folders += entry.is_directory() && !entry.is_symlink() ? 1 : 0;
  }
  EXPECT_EQ(folders, 2);
}

// gRPC's watcher compares modification times, in seconds, to tell that it read across a change.
TEST_F(TlsFilesTest, SuccessiveGenerationsDifferInModificationTimeBySeconds) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  time_t last = 0;
  for (int i = 0; i < 5; ++i) {  // The clock stands still, or goes back.
    struct stat key = {};
    struct stat certificate = {};
    ASSERT_EQ(stat(live->live().key_file.c_str(), &key), 0);
    ASSERT_EQ(stat(live->live().certificate_file.c_str(), &certificate), 0);
    EXPECT_EQ(key.st_mtime, certificate.st_mtime);
    EXPECT_GT(key.st_mtime, last);
    last = key.st_mtime;
    clock_.Advance(-absl::Seconds(i));
    PutPair(NewPair());
    ASSERT_TRUE(live->RefreshIfChanged().value());
  }
}

TEST_F(TlsFilesTest, AReaderThroughTheLinkAlwaysSeesAMatchingPair) {
  const std::unique_ptr<LiveTlsFiles> live = OpenLive();
  const std::array<TestCertificate, 2> pairs = {NewPair(), NewPair()};
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::atomic<int> mismatches = 0;
  std::thread reader([&] {
    while (!done) {
      // Resolving the link once gives one generation; files are then opened in it.
      const int folder = open((live_dir() + "/current").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (folder < 0) {
        ++mismatches;  // The link must exist at every moment.
        continue;
      }
      const std::string base = absl::StrCat("/proc/self/fd/", folder);
      const std::string certificate = ReadAll(base + "/certificate.pem");
      const std::string key = ReadAll(base + "/key.pem");
      close(folder);
      // Empty: two swaps went by meanwhile and the folder is gone; a reader tries again.
      if (certificate.empty() || key.empty()) continue;
      ++reads;
      if (!Match(certificate, key)) ++mismatches;
    }
  });
  int swaps = 0;
  while (swaps < 200 || reads < 20) {
    PutPair(pairs[static_cast<size_t>(swaps % 2)]);
    const absl::StatusOr<bool> swapped = live->RefreshIfChanged();
    ASSERT_TRUE(swapped.ok() && *swapped) << swapped.status();
    ++swaps;
  }
  done = true;
  reader.join();
  EXPECT_EQ(mismatches, 0);
}

}  // namespace
}  // namespace muster
