#include "client/cli/demo/progress.h"

#include "absl/strings/str_format.h"
#include "common/clock.h"

namespace muster {

Progress::Progress(std::ostream& out, bool terminal) : terminal_(terminal), start_(SystemClock()->Now()), out_(out) {}

void Progress::Step(absl::string_view title) {
  absl::MutexLock lock(&mu_);
  EndUpdate();
  out_ << absl::StrFormat("[%5.1f s] %s\n", absl::ToDoubleSeconds(SystemClock()->Now() - start_), title) << std::flush;
}

void Progress::Say(absl::string_view text) {
  absl::MutexLock lock(&mu_);
  EndUpdate();
  out_ << "          " << text << "\n" << std::flush;
}

void Progress::Update(absl::string_view text) {
  absl::MutexLock lock(&mu_);
  passing_ = std::string(text);
  // \r: back to the first column; ESC [K (ECMA-48): erase to the end of the line.
  if (terminal_) out_ << "\r\x1b[K          " << passing_ << std::flush;
}

void Progress::EndUpdate() {
  if (passing_.empty()) return;
  if (terminal_) {
    out_ << "\n";
  } else {
    out_ << "          " << passing_ << "\n";
  }
  passing_.clear();
}

}  // namespace muster
