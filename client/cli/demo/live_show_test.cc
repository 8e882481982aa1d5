#include "client/cli/demo/live_show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

// "muster" in base64, and its SHA-256 by sha256sum.
constexpr char kPem[] = "Subject: x\n-----BEGIN CERTIFICATE-----\nbXVz\ndGVy\n-----END CERTIFICATE-----\n";

std::map<std::string, v1::Agency> AgenciesOf(const Scenario& scenario) {
  std::map<std::string, v1::Agency> agencies;
  for (const v1::Participant& participant : scenario.participants) agencies[participant.agency_id()];
  return agencies;
}

class OfficesToShowTest : public ::testing::Test {
 protected:
  const Scenario scenario_ = *LoadScenario(MUSTER_SOURCE_DIR "/tests/data/united-front");
  std::map<std::string, v1::Agency> agencies_ = AgenciesOf(scenario_);
};

TEST_F(OfficesToShowTest, AreTheLeadAPartyOfTheOpenConflictAndTheWatchDesk) {
  EXPECT_THAT(OfficesToShow(scenario_, agencies_),
              ElementsAre(Field(&ShownOffice::agency_id, "mo-ago"), Field(&ShownOffice::agency_id, "wi-doj"),
                          Field(&ShownOffice::agency_id, "mo-watch")));
}

TEST_F(OfficesToShowTest, PreferAnAttorneyGeneralsOffice) {
  agencies_["il-isp"].set_kind(v1::AGENCY_KIND_ATTORNEY_GENERAL);
  agencies_["wi-doj"].set_kind(v1::AGENCY_KIND_STATE_POLICE);
  EXPECT_EQ(OfficesToShow(scenario_, agencies_)[1].agency_id, "il-isp");
}

TEST(FingerprintOfTest, IsTheSha256OfTheDerFormAsBrowsersShowIt) {
  EXPECT_EQ(*FingerprintOf(kPem),
            "74:CD:18:C0:16:D9:02:F9:40:55:4D:FD:07:54:5F:21:"
            "90:64:B2:7F:E6:E8:90:E9:44:7F:0C:9E:37:79:03:A8");
}

TEST(FingerprintOfTest, RefusesWhatIsNoCertificate) {
  EXPECT_FALSE(FingerprintOf("").ok());
  EXPECT_FALSE(FingerprintOf("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").ok());
  EXPECT_FALSE(FingerprintOf("-----END CERTIFICATE----------BEGIN CERTIFICATE-----").ok());
}

}  // namespace
}  // namespace muster
