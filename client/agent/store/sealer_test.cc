#include "client/agent/store/sealer.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/data_key.h"
#include "client/agent/store/key_derivation.h"
#include "client/agent/store/testing/store_folder.h"

namespace muster::agent {
namespace {

const std::string kKey(32, 'k');

TEST(SealerTest, WhatIsSealedOpensWithTheSameKeyAndPlace) {
  const Sealer sealer(kKey);
  for (const std::string& plain :
       {std::string(), std::string("x"), std::string(100000, 'y'), std::string("\0\xff", 2)}) {
    const absl::StatusOr<std::string> opened = Sealer(kKey).Open(sealer.Seal(plain, "outbox/17"), "outbox/17");
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, plain);
  }
}

TEST(SealerTest, AnotherKeyDoesNotOpen) {
  const std::string sealed = Sealer(kKey).Seal("report", "outbox/17");
  EXPECT_TRUE(absl::IsDataLoss(Sealer(std::string(32, 'K')).Open(sealed, "outbox/17").status()));
}

TEST(SealerTest, AValueThatWasMovedDoesNotOpen) {
  const Sealer sealer(kKey);
  EXPECT_TRUE(absl::IsDataLoss(sealer.Open(sealer.Seal("report", "outbox/17"), "outbox/18").status()));
}

TEST(SealerTest, AChangeOfAnyByteIsNoticed) {
  const Sealer sealer(kKey);
  const std::string sealed = sealer.Seal("report", "outbox/17");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(absl::IsDataLoss(sealer.Open(changed, "outbox/17").status())) << "byte " << i;
  }
}

TEST(SealerTest, AnyCutIsNoticed) {
  const Sealer sealer(kKey);
  const std::string sealed = sealer.Seal("report", "outbox/17");
  for (size_t i = 0; i < sealed.size(); ++i) {
    EXPECT_TRUE(absl::IsDataLoss(sealer.Open(sealed.substr(0, i), "outbox/17").status())) << i << " bytes";
  }
}

TEST(SealerTest, NoNonceIsUsedTwice) {
  const Sealer sealer(kKey);
  std::set<std::string> nonces;
  for (int i = 0; i < 20000; ++i) nonces.insert(sealer.Seal("report", "outbox/17").substr(0, 12));
  EXPECT_EQ(nonces.size(), 20000u);
}

TEST(SealerTest, TheSealedBytesDoNotHoldThePlainOnes) {
  EXPECT_EQ(Sealer(kKey).Seal("a report of some length", "place").find("report"), std::string::npos);
}

TEST(SealerTest, AFingerprintFollowsFromTheKeyAndTheValue) {
  const std::string fingerprint = Sealer(kKey).Fingerprint("operation");
  EXPECT_EQ(fingerprint.size(), 32u);
  EXPECT_EQ(fingerprint, Sealer(kKey).Fingerprint("operation"));
  EXPECT_NE(fingerprint, Sealer(kKey).Fingerprint("operatioN"));
  EXPECT_NE(fingerprint, Sealer(std::string(32, 'K')).Fingerprint("operation"));
}

// RFC 5869, test cases 1 and 3, of which 32 of 42 bytes are the same.
TEST(KeyDerivationTest, HkdfIsThatOfTheRfc) {
  const std::string key(22, '\x0b');
  EXPECT_EQ(absl::BytesToHexString(DeriveKey(key, absl::HexStringToBytes("000102030405060708090a0b0c"),
                                             absl::HexStringToBytes("f0f1f2f3f4f5f6f7f8f9"))
                                       .view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(absl::BytesToHexString(DeriveKey(key, "", "").view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

UnlockKey Passphrase(const std::string& text) {
  UnlockKey key;
  key.secret = text;
  key.is_passphrase = true;
  key.source = "the passphrase";
  return key;
}

TEST(DataKeyTest, AKeyFileUnwrapsWhatItWrapped) {
  const Secret data_key = NewDataKey();
  const WrappedKey wrapped = WrapDataKey(data_key, StoreFolder::Key());
  const absl::StatusOr<Secret> unwrapped = UnwrapDataKey(wrapped, StoreFolder::Key());
  ASSERT_TRUE(unwrapped.ok()) << unwrapped.status();
  EXPECT_EQ(unwrapped->view(), data_key.view());
  EXPECT_TRUE(absl::IsPermissionDenied(UnwrapDataKey(wrapped, StoreFolder::Key('x')).status()));
}

TEST(DataKeyTest, APassphraseUnwrapsWhatItWrappedAndNoOtherDoes) {
  const Secret data_key = NewDataKey();
  const WrappedKey wrapped = WrapDataKey(data_key, Passphrase("correct horse battery"));
  const absl::StatusOr<Secret> unwrapped = UnwrapDataKey(wrapped, Passphrase("correct horse battery"));
  ASSERT_TRUE(unwrapped.ok()) << unwrapped.status();
  EXPECT_EQ(unwrapped->view(), data_key.view());
  EXPECT_TRUE(absl::IsPermissionDenied(UnwrapDataKey(wrapped, Passphrase("correct horse batterY")).status()));
}

TEST(DataKeyTest, TheWrongKindOfKeyIsToldWhichKindIsRight) {
  const WrappedKey wrapped = WrapDataKey(NewDataKey(), StoreFolder::Key());
  const absl::Status status = UnwrapDataKey(wrapped, Passphrase("correct horse battery")).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_NE(status.message().find("key file"), absl::string_view::npos) << status;
}

TEST(DataKeyTest, TheSamePassphraseWrapsDifferentlyEachTime) {
  const Secret data_key = NewDataKey();
  const WrappedKey one = WrapDataKey(data_key, StoreFolder::Key());
  const WrappedKey other = WrapDataKey(data_key, StoreFolder::Key());
  EXPECT_NE(one.salt, other.salt);
  EXPECT_NE(one.sealed.substr(12), other.sealed.substr(12));
}

}  // namespace
}  // namespace muster::agent
