#include "tests/scaling/country.h"

#include <algorithm>
#include <utility>

namespace muster::scaling {
namespace {

Reader AnyReaderOf(int cell, const Load& load, Chance& chance) {
  return {static_cast<uint16_t>(cell),
          static_cast<uint16_t>(chance.Below(static_cast<uint32_t>(load.agencies_per_cell)))};
}

bool TakesPart(const Operation& operation, Reader reader) {
  return std::any_of(operation.participants.begin(), operation.participants.end(),
                     [&](Reader each) { return each.cell == reader.cell && each.index == reader.index; });
}

void AddParticipants(int count, int cell, const Load& load, Chance& chance, Operation& operation) {
  while (count > 0) {
    const Reader reader = AnyReaderOf(cell, load, chance);
    if (TakesPart(operation, reader)) continue;
    operation.participants.push_back(reader);
    --count;
  }
}

Operation MakeOperation(int home, const Load& load, Chance& chance) {
  Operation operation = {static_cast<uint16_t>(home), {}};
  const int size = static_cast<int>(chance.Between(load.agencies_per_operation_min, load.agencies_per_operation_max));
  const bool across = load.cells > 1 && chance.Below(1'000) < static_cast<uint32_t>(load.across_cells_per_mille);
  const int others = across ? size / 3 : 0;
  AddParticipants(size - others, home, load, chance, operation);
  for (int i = 0; i < others; ++i) {
    // Neighbours: up to five cells.
    const int cell = (home + 1 + static_cast<int>(chance.Below(5))) % load.cells;
    AddParticipants(1, cell, load, chance, operation);
  }
  // So that the first so many are of every cell. The lead stays the first.
  for (size_t i = operation.participants.size() - 1; i > 1; --i) {
    std::swap(operation.participants[i], operation.participants[1 + chance.Below(static_cast<uint32_t>(i))]);
  }
  return operation;
}

Operation Everyone(const Load& load) {
  Operation operation = {0, {}};
  for (int cell = 0; cell < load.cells; ++cell) {
    for (int index = 0; index < load.agencies_per_cell; ++index) {
      operation.participants.push_back({static_cast<uint16_t>(cell), static_cast<uint16_t>(index)});
    }
  }
  return operation;
}

}  // namespace

Country MakeCountry(const Load& load, Chance& chance) {
  Country country = {{}, load.operations_per_cell, 0, 0};
  for (int cell = 0; cell < load.cells; ++cell) {
    for (int i = 0; i < load.operations_per_cell; ++i) {
      country.operations.push_back(MakeOperation(cell, load, chance));
    }
  }
  country.first_border = static_cast<uint32_t>(country.operations.size());
  for (int cell = 0; cell < load.cells; ++cell) {
    const auto next = static_cast<uint16_t>((cell + 1) % load.cells);
    country.operations.push_back({static_cast<uint16_t>(cell), {{static_cast<uint16_t>(cell), 0}, {next, 1}}});
  }
  country.national = static_cast<uint32_t>(country.operations.size());
  country.operations.push_back(Everyone(load));
  return country;
}

}  // namespace muster::scaling
