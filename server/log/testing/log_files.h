// Folders, events and damaged files for the tests of the log.
#ifndef MUSTER_SERVER_LOG_TESTING_LOG_FILES_H_
#define MUSTER_SERVER_LOG_TESTING_LOG_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/log/event_log.h"

namespace muster {

// A new folder, removed with all in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& bytes);

// Copies the files of a log, open or not, as a power cut leaves them: the database and its write-ahead log.
void CopyLog(const std::string& from_directory, const std::string& to_directory);

// The bytes of event `sequence`: about `bytes` long, different for every sequence, the same in every run.
std::string EventBytes(Sequence sequence, size_t bytes);

// `count` events from `first`.
std::vector<EncodedEvent> Events(Sequence first, size_t count, size_t bytes = 100);

// All events of a log, from `first`.
absl::StatusOr<std::vector<EncodedEvent>> ReadAll(const EventLog& log, Sequence first = 1);

// From the environment variable MUSTER_TEST_SEED, or a new one. Printed.
uint32_t TestSeed();

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_TESTING_LOG_FILES_H_
