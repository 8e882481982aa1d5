// Who is in the simulated country: cells, the agencies connected to their brokers, and the operations they take part
// in.
#ifndef MUSTER_TESTS_SCALING_COUNTRY_H_
#define MUSTER_TESTS_SCALING_COUNTRY_H_

#include <cstdint>
#include <vector>

#include "tests/scaling/fixed_math.h"

namespace muster::scaling {

// What is simulated. One load stands for the whole country; tests take smaller ones.
struct Load {
  int cells = 50;
  // One: a broker with the embedded log. More: they share etcd, and broker 0 leads.
  int brokers_per_cell = 3;
  int agencies_per_cell = 18'000;
  int operations_per_cell = 500;
  int agencies_per_operation_min = 12;
  int agencies_per_operation_max = 60;
  // Operations with agencies of other cells, which are then a third of its agencies.
  int across_cells_per_mille = 100;
  // What is posted in one cell at the peak hour: readiness, tallies and alerts.
  int posts_per_second = 1'200;
  Nanos window = 10 * kSecond;
  // In the middle of the window one GO is given to every agency of the country.
  bool national_go = true;

  // Planted faults, for tests.
  bool relay_for_each_agency = false;
  bool relay_sends_twice = false;
};

// An agency of a cell, connected to the broker index % brokers_per_cell.
struct Reader {
  uint16_t cell;
  uint16_t index;
};

struct Operation {
  uint16_t home;
  // The lead first. What goes to a part of them goes to the first so many.
  std::vector<Reader> participants;
};

struct Country {
  std::vector<Operation> operations;
  // Where the operations of each cell begin; each has operations_per_cell of them.
  int operations_per_cell;
  // One for each cell: its watch desk and the one of the next cell, who share a border.
  uint32_t first_border;
  // Everyone; its home is cell 0.
  uint32_t national;

  uint32_t Border(int cell) const { return first_border + static_cast<uint32_t>(cell); }
};

Country MakeCountry(const Load& load, Chance& chance);

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_COUNTRY_H_
