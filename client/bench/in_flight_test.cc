#include "client/bench/in_flight.h"

#include "gtest/gtest.h"

namespace muster::bench {
namespace {

TEST(InFlightTest, AnAnswerFindsWhatItAnswersInAnyOrder) {
  InFlight in_flight(3);
  const uint64_t first = in_flight.Add({.ordinal = 10, .sent_ns = 100});
  const uint64_t second = in_flight.Add({.ordinal = 11, .sent_ns = 200});
  EXPECT_EQ(in_flight.free(), 1u);
  EXPECT_EQ(in_flight.Take(second)->sent_ns, 200);
  EXPECT_EQ(in_flight.Take(first)->ordinal, 10u);
  EXPECT_EQ(in_flight.free(), 3u);
}

TEST(InFlightTest, NothingIsAnsweredTwice) {
  InFlight in_flight(1);
  const uint64_t number = in_flight.Add({.ordinal = 1, .sent_ns = 0});
  EXPECT_TRUE(in_flight.Take(number).has_value());
  EXPECT_FALSE(in_flight.Take(number).has_value());
  EXPECT_EQ(in_flight.free(), 1u);
}

TEST(InFlightTest, AnAnswerToAnEarlierSubmissionIsNotTakenForTheOneInItsPlace) {
  InFlight in_flight(1);
  const uint64_t earlier = in_flight.Add({.ordinal = 1, .sent_ns = 0});
  in_flight.Take(earlier);
  const uint64_t later = in_flight.Add({.ordinal = 2, .sent_ns = 0});
  EXPECT_FALSE(in_flight.Take(earlier).has_value());
  EXPECT_EQ(in_flight.Take(later)->ordinal, 2u);
}

TEST(InFlightTest, ANumberOfNoPlaceIsOfNothing) {
  InFlight in_flight(2);
  in_flight.Add({.ordinal = 0, .sent_ns = 0});
  EXPECT_FALSE(in_flight.Take(uint64_t{2} << 32).has_value());
  EXPECT_FALSE(in_flight.Take(~uint64_t{0}).has_value());
}

TEST(ConfirmedTest, GoesAsFarAsNothingIsMissing) {
  Confirmed confirmed;
  confirmed.Add(2);
  confirmed.Add(4);
  EXPECT_EQ(confirmed.through(), 0u);
  confirmed.Add(1);
  EXPECT_EQ(confirmed.through(), 2u);
  confirmed.Add(3);
  EXPECT_EQ(confirmed.through(), 4u);
}

}  // namespace
}  // namespace muster::bench
