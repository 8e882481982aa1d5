#include "client/gateway/people/people.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/gateway/people/sign_in.h"
#include "client/gateway/testing/temporary_folder.h"
#include "common/testing/test_certificates.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

constexpr char kPassword[] = "four words to remember";

class PeopleTest : public testing::Test {
 protected:
  PeopleTest()
      : people_(std::move(*People::Open(folder_.path() + "/state", &clock_))),
        sign_in_(&*people_, &passwords_, &clock_) {}

  void Enroll(const std::string& name, v1::PersonRole role = v1::PERSON_ROLE_VIEWER) {
    const auto code = people_->Invite(name, role);
    ASSERT_TRUE(code.ok()) << code.status();
    const auto person = sign_in_.Enroll(*code, kPassword);
    ASSERT_TRUE(person.ok()) << person.status();
  }
  absl::StatusCode SignInWith(const std::string& name, const std::string& password) {
    return sign_in_.ByPassword(name, password).status().code();
  }

  TemporaryFolder folder_;
  FakeClock clock_{absl::FromUnixSeconds(1'630'000'000)};
  Passwords passwords_{LeastCost()};
  std::unique_ptr<People> people_;
  SignIn sign_in_;
};

TEST_F(PeopleTest, AnInvitationsCodeMakesAPersonWhoSignsInWithThePassword) {
  Enroll("j-smith", v1::PERSON_ROLE_OPERATOR);
  const auto person = sign_in_.ByPassword("j-smith", kPassword);
  ASSERT_TRUE(person.ok()) << person.status();
  EXPECT_EQ(person->role(), v1::PERSON_ROLE_OPERATOR);
}

TEST_F(PeopleTest, ACodeWorksOnce) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  EXPECT_TRUE(sign_in_.Enroll(code, kPassword).ok());
  EXPECT_EQ(sign_in_.Enroll(code, kPassword).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeopleTest, ACodeMayBeTypedInLowerCaseAndWithoutItsHyphens) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  const std::string typed = absl::AsciiStrToLower(absl::StrReplaceAll(code, {{"-", " "}}));
  EXPECT_TRUE(sign_in_.Enroll(typed, kPassword).ok());
}

TEST_F(PeopleTest, ACodeExpiresAfterADay) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(sign_in_.Enroll(code, kPassword).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeopleTest, ANewInvitationTakesThePlaceOfTheOneBefore) {
  const std::string lost = *people_->Invite("j-smith", v1::PERSON_ROLE_OPERATOR);
  const std::string others = *people_->Invite("m-jones", v1::PERSON_ROLE_VIEWER);
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  EXPECT_EQ(sign_in_.Enroll(lost, kPassword).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(sign_in_.Enroll(code, kPassword).ok());
  EXPECT_TRUE(sign_in_.Enroll(others, kPassword).ok());
}

TEST_F(PeopleTest, NoCodeBringsARemovedPersonBack) {
  Enroll("j-smith");
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_EQ(sign_in_.Enroll(code, kPassword).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeopleTest, WhoIsInvitedAndHasNotComeYetCanBeRemoved) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  EXPECT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_EQ(people_->Remove("j-smith").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(sign_in_.Enroll(code, kPassword).status().code(), absl::StatusCode::kUnauthenticated);
}

// Root's command line works in folders that belong to the service: it must not be led elsewhere.
TEST_F(PeopleTest, NoLinkIsFollowed) {
  namespace fs = std::filesystem;
  Enroll("j-smith");
  const fs::path people = folder_.path() + "/state/people";
  const fs::path elsewhere = folder_.path() + "/elsewhere";
  fs::rename(people, elsewhere);
  fs::create_directory_symlink(elsewhere, people);
  EXPECT_FALSE(people_->Find("j-smith").ok());
  EXPECT_FALSE(people_->AddCertificate("m-jones", v1::PERSON_ROLE_VIEWER, std::string(64, 'a')).ok());
  EXPECT_FALSE(People::Open(folder_.path() + "/state", &clock_).ok());
  EXPECT_FALSE(fs::exists(elsewhere / "m-jones.json"));
}

TEST_F(PeopleTest, AnAttemptThatNobodyLookedAtDoesNotCount) {
  Lockout lockout(&clock_);
  for (const bool known : {true, false}) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(lockout.Attempt("j-smith", known), absl::ZeroDuration());
      lockout.NotTried("j-smith", known);
    }
  }
}

TEST_F(PeopleTest, AShortPasswordIsRefusedAndTheCodeStaysGood) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  EXPECT_EQ(sign_in_.Enroll(code, "12345678901").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(sign_in_.Enroll(code, kPassword).ok());
}

TEST_F(PeopleTest, NeitherCodeNorPasswordIsInAnyFile) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  Enroll("a-jones");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    EXPECT_FALSE(absl::StrContains(entry.path().string(), code));
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_FALSE(absl::StrContains(text, code) || absl::StrContains(text, kPassword)) << entry.path();
  }
}

TEST_F(PeopleTest, OnlyTheirOwnerReadsTheFiles) {
  Enroll("j-smith");
  struct stat info = {};
  ASSERT_EQ(stat((folder_.path() + "/state/people/j-smith.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder_.path() + "/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(PeopleTest, ANewInvitationReplacesAForgottenPassword) {
  Enroll("j-smith");
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  ASSERT_TRUE(sign_in_.Enroll(code, "another good password").ok());
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(SignInWith("j-smith", "another good password"), absl::StatusCode::kOk);
}

TEST_F(PeopleTest, ARemovedPersonCannotSignIn) {
  Enroll("j-smith");
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(people_->Remove("j-smith").code(), absl::StatusCode::kNotFound);
}

TEST_F(PeopleTest, AWrongPasswordAndAnUnknownNameGetTheSameAnswer) {
  Enroll("j-smith");
  EXPECT_EQ(sign_in_.ByPassword("j-smith", "wrong").status(), sign_in_.ByPassword("nobody", "wrong").status());
}

TEST_F(PeopleTest, WhoSignsInWithACertificateHasNoPasswordNotEvenAnEmptyOne) {
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, std::string(64, 'a')).ok());
  EXPECT_EQ(SignInWith("j-smith", ""), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeopleTest, FiveFailuresLockANameForFifteenMinutesEvenForTheRightPassword) {
  Enroll("j-smith");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SignInWith("j-smith", "wrong"), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(sign_in_.ByPassword("j-smith", kPassword).status().message()), HasSubstr("15 minutes"));
  clock_.Advance(absl::Minutes(15));
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kOk);
}

TEST_F(PeopleTest, FailuresFurtherApartThanFifteenMinutesDoNotLock) {
  Enroll("j-smith");
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(SignInWith("j-smith", "wrong"), absl::StatusCode::kUnauthenticated);
    clock_.Advance(absl::Minutes(4));
  }
}

TEST_F(PeopleTest, SettingTheWallClockUnlocksNothing) {
  Enroll("j-smith");
  for (int i = 0; i < 5; ++i) (void)SignInWith("j-smith", "wrong");
  clock_.Set(clock_.Now() + absl::Hours(48));
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kResourceExhausted);
}

TEST_F(PeopleTest, ANameThatBelongsToNobodyIsLockedLikewise) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SignInWith("nobody", "wrong"), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(SignInWith("nobody", "wrong"), absl::StatusCode::kResourceExhausted);
}

TEST_F(PeopleTest, NamesWhoseFailuresNoLongerCountAreForgottenAndLocksAreNot) {
  Lockout lockout(&clock_);
  const auto attempt = [&](absl::string_view who, int number) {
    return lockout.Attempt(absl::StrCat(who, "-", number), /*known=*/true);
  };
  for (int i = 0; i < 5000; ++i) (void)attempt("early", i);
  clock_.Advance(absl::Minutes(10));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt("locked", 0), absl::ZeroDuration());
  EXPECT_EQ(lockout.remembered(), 5001u);
  clock_.Advance(absl::Minutes(5));
  for (int i = 0; i < 5000; ++i) (void)attempt("late", i);
  EXPECT_EQ(lockout.remembered(), 5001u);
  EXPECT_EQ(attempt("locked", 0), absl::Minutes(10));
  // A crowd that has gone leaves little behind.
  clock_.Advance(absl::Minutes(15));
  for (int i = 0; i < 6000; ++i) {
    (void)attempt("one", i);
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_LE(lockout.remembered(), Lockout::kRoomMin);
}

TEST_F(PeopleTest, ASuccessForgetsTheFailuresBeforeIt) {
  Enroll("j-smith");
  for (int i = 0; i < 4; ++i) (void)SignInWith("j-smith", "wrong");
  EXPECT_EQ(SignInWith("j-smith", kPassword), absl::StatusCode::kOk);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(SignInWith("j-smith", "wrong"), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeopleTest, ANameIsNeverAPath) {
  for (const char* name : {"../x", "a/b", "", ".", "A", "a b", "a.json"}) {
    EXPECT_EQ(people_->Find(name).status().code(), absl::StatusCode::kNotFound) << name;
    EXPECT_EQ(people_->Invite(name, v1::PERSON_ROLE_VIEWER).status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST_F(PeopleTest, ACertificateBelongsToOnePerson) {
  const std::string sha256 = *CertificateSha256(MakeTestCertificate({}).certificate_pem, "x.pem");
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, sha256).ok());
  EXPECT_EQ(people_->FindByCertificate(sha256)->name(), "j-smith");
  EXPECT_EQ(people_->AddCertificate("a-jones", v1::PERSON_ROLE_VIEWER, sha256).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PeopleTest, ARemovedPersonsCertificateIsToldFromAnUnknownOne) {
  const std::string sha256(64, 'b');
  EXPECT_EQ(people_->FindByCertificate(sha256).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, sha256).ok());
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_EQ(people_->FindByCertificate(sha256).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(PeopleTest, ADamagedRecordIsSaidToBeDamaged) {
  Enroll("j-smith");
  std::ofstream(folder_.path() + "/state/people/j-smith.json") << "{\"name\":";
  EXPECT_EQ(people_->Find("j-smith").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace muster::gateway
