#include "common/identifiers.h"

#include <gtest/gtest.h>

#include "common/error_reason.h"
#include "common/testing/test_messages.h"

namespace muster {
namespace {

// The normalised value; "INDETERMINATE" or "REFUSED" where there is none.
std::string Normal(v1::TargetKind kind, absl::string_view value, absl::string_view state = "") {
  const auto identifier = NormalizeIdentifier(kind, value, state);
  if (!identifier.ok()) {
    EXPECT_EQ(RejectedOf(identifier.status()).reason(), v1::ERROR_REASON_MALFORMED);
    EXPECT_EQ(RejectedOf(identifier.status()).rule(), "C9");
    return "REFUSED";
  }
  EXPECT_EQ(identifier->kind, kind);
  EXPECT_EQ(identifier->is_indeterminate(), !identifier->indeterminate.empty());
  return identifier->is_indeterminate() ? "INDETERMINATE" : identifier->value;
}

std::string Phone(absl::string_view value) { return Normal(v1::TARGET_KIND_PHONE, value); }
std::string Vin(absl::string_view value) { return Normal(v1::TARGET_KIND_VIN, value); }
std::string Email(absl::string_view value) { return Normal(v1::TARGET_KIND_EMAIL, value); }
std::string Ip(absl::string_view value) { return Normal(v1::TARGET_KIND_IP, value); }
std::string Handle(absl::string_view value) { return Normal(v1::TARGET_KIND_HANDLE, value); }

TEST(Identifiers, C9NorthAmericanPhonesBecomeE164) {
  for (const char* phone :
       {"573-555-0100", "(573) 555-0100", "573.555.0100", "573/555 0100", "5735550100", "1 573 555 0100",
        "1-573-555-0100", "+1 (573) 555-0100", "001 573 555 0100", "011 1 573 555 0100", " +15735550100 "}) {
    EXPECT_EQ(Phone(phone), "+15735550100") << phone;
  }
}

TEST(Identifiers, C9InternationalPhonesBecomeE164) {
  for (const char* phone : {"+44 20 7946 0018", "0044 20 7946 0018", "011 44 20 7946 0018", "+44-20-7946-0018"}) {
    EXPECT_EQ(Phone(phone), "+442079460018") << phone;
  }
  EXPECT_EQ(Phone("+52 55 1234 5678"), "+525512345678");
}

TEST(Identifiers, C9APhoneWithoutItsAreaCodeIsIndeterminate) { EXPECT_EQ(Phone("555-0100"), "INDETERMINATE"); }

TEST(Identifiers, C9WhatIsNoPhoneIsRefused) {
  for (const char* phone : {"",
                            "   ",
                            "+",
                            "()",
                            "573-555-010",
                            "073 555 0100",
                            "573 055 0100",
                            "173 555 0100",
                            "2 573 555 0100",
                            "1-800-FLOWERS",
                            "573-555-0100 x12",
                            "573-555-0100;ext=12",
                            "573+5550100",
                            "++15735550100",
                            "+1 573 555 010",
                            "+1 073 555 0100",
                            "+44 (0)20 7946 0018",
                            "+0123456789",
                            "+1234567",
                            "00 44",
                            "+1234567890123456",
                            "911",
                            "573–555–0100",
                            "５７３ 555 0100"}) {
    EXPECT_EQ(Phone(phone), "REFUSED") << phone;
  }
}

TEST(Identifiers, C9PlatesAreCapitalsWithoutSeparatorsAndTheirState) {
  for (const char* plate : {"ab1 c2d", "AB1-C2D", "AB1C2D", " a.b.1.c.2.d "}) {
    EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, plate, "MO"), "MO AB1C2D") << plate;
  }
  EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, "AB1C2D", "ky"), "KY AB1C2D");
  // The letter and the digit are two plates.
  EXPECT_NE(Normal(v1::TARGET_KIND_PLATE, "AB0", "MO"), Normal(v1::TARGET_KIND_PLATE, "ABO", "MO"));
}

TEST(Identifiers, C9APlateWithoutAStateIsIndeterminate) {
  EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, "AB1 C2D"), "INDETERMINATE");
}

TEST(Identifiers, C9WhatIsNoPlateIsRefused) {
  EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, " - ", "MO"), "REFUSED");
  EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, "I♥MO", "MO"), "REFUSED");
  EXPECT_EQ(Normal(v1::TARGET_KIND_PLATE, "AB1C2D", "XX"), "REFUSED");
}

TEST(Identifiers, C9VinsAreSeventeenCapitalsAndDigits) {
  // Examples that are often published: check digits X, 1 and 1.
  for (const char* vin : {"1M8GDM9AXKP042788", "1m8gdm9axkp042788", "1M8-GDM9AX-KP042788", " 1M8GDM9A XKP042788 "}) {
    EXPECT_EQ(Vin(vin), "1M8GDM9AXKP042788") << vin;
  }
  EXPECT_EQ(Vin("5GZCZ43D13S812715"), "5GZCZ43D13S812715");
  EXPECT_EQ(Vin("11111111111111111"), "11111111111111111");
}

TEST(Identifiers, C9AVinThatIsNotSeventeenCharactersIsIndeterminate) {
  EXPECT_EQ(Vin("1M8GDM9AXKP04278"), "INDETERMINATE");
  EXPECT_EQ(Vin("1M8GDM9AXKP0427880"), "INDETERMINATE");
  EXPECT_EQ(Vin("VIN042788"), "INDETERMINATE");
}

TEST(Identifiers, C9AWrongCheckDigitIsRefusedWhereItIsMandatory) {
  const std::string vin = "1M8GDM9AXKP042788";
  for (const char check : std::string("0123456789")) {
    std::string wrong = vin;
    wrong[8] = check;
    EXPECT_EQ(Vin(wrong), "REFUSED") << wrong;
  }
  for (size_t i = 11; i < vin.size(); ++i) {
    std::string wrong = vin;
    wrong[i] = wrong[i] == '9' ? '0' : static_cast<char>(wrong[i] + 1);
    EXPECT_EQ(Vin(wrong), "REFUSED") << wrong;
  }
  // Europe's need none.
  EXPECT_EQ(Vin("WDB11111111111111"), "WDB11111111111111");
  EXPECT_EQ(Vin("WDB11111211111111"), "WDB11111211111111");
}

TEST(Identifiers, C9EveryLetterOfAVinHasItsValue) {
  // A letter at the fourth place (weight 5) and the digit of its value give the same check digit.
  const std::string letters = "ABCDEFGHJKLMNPRSTUVWXYZ";
  const std::string values = "12345678123457923456789";
  for (size_t i = 0; i < letters.size(); ++i) {
    std::string vin = "11111111111111111";
    for (const char check : std::string("0123456789X")) {
      vin[8] = check;
      std::string with_letter = vin;
      with_letter[3] = letters[i];
      std::string with_digit = vin;
      with_digit[3] = values[i];
      EXPECT_EQ(Vin(with_letter) == "REFUSED", Vin(with_digit) == "REFUSED") << with_letter;
    }
  }
}

TEST(Identifiers, C9WhatIsNoVinIsRefused) {
  EXPECT_EQ(Vin(""), "REFUSED");
  EXPECT_EQ(Vin("1M8GDM9AXKP04278*"), "REFUSED");
  for (const char* vin : {"WDBI1111111111111", "WDBO1111111111111", "WDBQ1111111111111", "wdbo1111111111111"}) {
    EXPECT_EQ(Vin(vin), "REFUSED") << vin;
  }
}

TEST(Identifiers, C9OnlyTheDomainOfAnEmailIsLowerCased) {
  EXPECT_EQ(Email(" Jane.Doe+x@Mail.EXAMPLE.com "), "Jane.Doe+x@mail.example.com");
  EXPECT_NE(Email("jane@example.com"), Email("Jane@example.com"));
  EXPECT_EQ(Email("\"a@b\"@Example.com"), "\"a@b\"@example.com");
}

TEST(Identifiers, C9AnEmailWhoseDomainIsNoAsciiNameIsIndeterminate) {
  EXPECT_EQ(Email("jane@[192.0.2.1]"), "INDETERMINATE");
  EXPECT_EQ(Email("jane@exämple.com"), "INDETERMINATE");
  EXPECT_EQ(Email("jane@XN--exmple-cua.com"), "jane@xn--exmple-cua.com");
}

TEST(Identifiers, C9WhatIsNoEmailIsRefused) {
  for (const char* email : {"", "@", "jane", "jane@", "@example.com", "jane@a..b", "jane@example.com.",
                            "ja ne@example.com", "jane@exa mple.com", "jane@-a.com", "jane@a_b.com", "jane@a,com"}) {
    EXPECT_EQ(Email(email), "REFUSED") << email;
  }
}

TEST(Identifiers, C9IpAddressesAreCanonical) {
  EXPECT_EQ(Ip(" 192.0.2.1 "), "192.0.2.1");
  for (const char* ip : {"2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001", "2001:db8:0::0.0.0.1"}) {
    EXPECT_EQ(Ip(ip), "2001:db8::1") << ip;
  }
  EXPECT_EQ(Ip("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Ip("::FFFF:c000:201"), "192.0.2.1");
}

TEST(Identifiers, C9WhatIsNoIpAddressIsRefused) {
  for (const char* ip : {"", "192.0.2", "192.0.2.256", "192.0.2.1:80", "192.0.2.0/24", "192.0.2.01", "0xc0000201",
                         "2001:db8::1%eth0", "[2001:db8::1]", "2001:db8::1::2", "example.com"}) {
    EXPECT_EQ(Ip(ip), "REFUSED") << ip;
  }
  EXPECT_EQ(Ip(absl::string_view("192.0.2.1\0x", 11)), "REFUSED");
}

TEST(Identifiers, C9HandlesAreLowerCaseWithoutTheirAt) {
  EXPECT_EQ(Handle("@Some_One.1"), "some_one.1");
  EXPECT_EQ(Handle(" some_one.1 "), "some_one.1");
  EXPECT_EQ(Handle("@@some_one.1"), "some_one.1");
  EXPECT_EQ(Handle("@"), "REFUSED");
  EXPECT_EQ(Handle(""), "REFUSED");
  EXPECT_EQ(Handle("some one"), "REFUSED");
}

TEST(Identifiers, C9AddressesAndNamesAreWordsInLowerCase) {
  for (const v1::TargetKind kind : {v1::TARGET_KIND_ADDRESS, v1::TARGET_KIND_BUSINESS, v1::TARGET_KIND_PERSON}) {
    EXPECT_EQ(Normal(kind, "  207 W. High St.,  Apt #4-B "), "207 w high st apt 4 b");
    EXPECT_EQ(Normal(kind, "207 w high st apt 4 b"), "207 w high st apt 4 b");
    EXPECT_EQ(Normal(kind, "CAFÉ"), "cafÉ");  // Only ASCII is folded.
    EXPECT_NE(Normal(kind, "High Street"), Normal(kind, "High St"));
    EXPECT_EQ(Normal(kind, " .,- "), "REFUSED");
    EXPECT_EQ(Normal(kind, ""), "REFUSED");
  }
}

TEST(Identifiers, C9AnUnknownKindIsRefused) {
  EXPECT_EQ(Normal(v1::TARGET_KIND_UNSPECIFIED, "x"), "REFUSED");
  EXPECT_EQ(Normal(static_cast<v1::TargetKind>(99), "x"), "REFUSED");
}

TEST(Identifiers, C9NormalisingTwiceChangesNothing) {
  std::mt19937_64 random = SeededRandom();
  const std::string alphabet = "0123456789aBcXI@.:-+()/ '\xc3\xa9";
  int normalised = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string value;
    for (size_t length = random() % 20; length > 0; --length) value.push_back(alphabet[random() % alphabet.size()]);
    for (int kind = v1::TargetKind_MIN; kind <= v1::TargetKind_MAX; ++kind) {
      const std::string once = Normal(static_cast<v1::TargetKind>(kind), value, "MO");
      if (once == "REFUSED" || once == "INDETERMINATE") continue;
      ++normalised;
      const std::string again = kind == v1::TARGET_KIND_PLATE ? once.substr(3) : once;
      EXPECT_EQ(Normal(static_cast<v1::TargetKind>(kind), again, "MO"), once) << value;
    }
  }
  EXPECT_GT(normalised, 1000);
}

// What is wrong with a value is said without the value.
TEST(Identifiers, C7NoMessageRepeatsTheValue) {
  for (const char* value : {"zqj7654", "+44 (0)zqj7654", "zqj7654@", "zqj7654@a..b", "zqj7654 x", "zqj7654♥"}) {
    for (int kind = v1::TargetKind_MIN; kind <= v1::TargetKind_MAX; ++kind) {
      const auto identifier = NormalizeIdentifier(static_cast<v1::TargetKind>(kind), value);
      const std::string said = identifier.ok() ? identifier->indeterminate : std::string(identifier.status().message());
      EXPECT_EQ(said.find("zqj"), std::string::npos) << said;
    }
  }
}

}  // namespace
}  // namespace muster
