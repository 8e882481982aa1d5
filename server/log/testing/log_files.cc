#include "server/log/testing/log_files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {

TemporaryFolder::TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "muster-log-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void CopyLog(const std::string& from_directory, const std::string& to_directory) {
  for (const char* name : {"events.db", "events.db-wal"}) {
    const std::filesystem::path from = std::filesystem::path(from_directory) / name;
    if (std::filesystem::exists(from)) WriteFile(absl::StrCat(to_directory, "/", name), ReadFile(from.string()));
  }
}

std::string EventBytes(Sequence sequence, size_t bytes) {
  std::string event = absl::StrCat("event ", sequence, ";");
  std::mt19937_64 random(sequence);
  while (event.size() < bytes) event.push_back(static_cast<char>(random() & 0xff));
  return event;
}

std::vector<EncodedEvent> Events(Sequence first, size_t count, size_t bytes) {
  std::vector<EncodedEvent> events;
  for (Sequence sequence = first; sequence < first + count; ++sequence) {
    events.push_back({sequence, EventBytes(sequence, bytes)});
  }
  return events;
}

absl::StatusOr<std::vector<EncodedEvent>> ReadAll(const EventLog& log, Sequence first) {
  std::vector<EncodedEvent> events;
  MUSTER_RETURN_IF_ERROR(log.Read(first, [&](Sequence sequence, absl::string_view bytes) {
    events.push_back({sequence, std::string(bytes)});
    return absl::OkStatus();
  }));
  return events;
}

uint32_t TestSeed() {
  const char* wanted = std::getenv("MUSTER_TEST_SEED");
  uint32_t seed = 0;
  if (wanted == nullptr || !absl::SimpleAtoi(wanted, &seed)) seed = std::random_device()();
  std::cout << "MUSTER_TEST_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace muster
