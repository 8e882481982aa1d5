// The board as lines that a file or another program can take: one for everything that happens, and one for every fact
// that has become another.
//
// Threading: one thread.
#ifndef MUSTER_CLIENT_CLI_BOARD_PLAIN_BOARD_H_
#define MUSTER_CLIENT_CLI_BOARD_PLAIN_BOARD_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/board/board_model.h"

namespace muster::cli {

class PlainBoard {
 public:
  // What is new in `model` since the last call, the oldest first, each line beginning with the time.
  std::vector<std::string> Changes(const BoardModel& model, absl::Time now, absl::TimeZone zone);

 private:
  // Whether `text` is another one than last time.
  bool IsNew(const std::string& what, const std::string& text);

  std::map<std::string, std::string> told_;
  uint64_t deliveries_told_ = 0;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_PLAIN_BOARD_H_
