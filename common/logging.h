// Structured logs on standard error, one line per message.
//
//   LogInfo("agency suspended", {{"agency_id", id}, {"streams_ended", count}});
//
// json: {"ts":"2021-08-27T03:00:00.000000Z","level":"info","msg":"agency suspended","agency_id":"mo-ago",
//        "streams_ended":3}
// text: 2021-08-27T03:00:00.000000Z info agency suspended agency_id=mo-ago streams_ended=3
//
// The message is a constant of the program; what others wrote goes into fields. Control characters, line separators,
// bidirectional overrides and bytes that are not UTF-8 are escaped everywhere, so that nobody can forge a line. Never
// log plan text, a target's value or anything about a victim.
//
// Threading: InitLogging once, before other threads log; the rest from any thread, one whole line at a time.
#ifndef MUSTER_COMMON_LOGGING_H_
#define MUSTER_COMMON_LOGGING_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kText };

// A field's value. Borrows text: use it within the expression that makes it.
class LogValue {
 public:
  LogValue(const char* text) : value_(absl::string_view(text)) {}           // NOLINT(google-explicit-constructor)
  LogValue(absl::string_view text) : value_(text) {}                        // NOLINT(google-explicit-constructor)
  LogValue(const std::string& text) : value_(absl::string_view(text)) {}    // NOLINT(google-explicit-constructor)
  LogValue(bool value) : value_(value) {}                                   // NOLINT(google-explicit-constructor)
  LogValue(double value) : value_(value) {}                                 // NOLINT(google-explicit-constructor)
  LogValue(std::signed_integral auto value) : value_(int64_t{value}) {}     // NOLINT(google-explicit-constructor)
  LogValue(std::unsigned_integral auto value) : value_(uint64_t{value}) {}  // NOLINT(google-explicit-constructor)
  // A pointer is not a bool.
  template <typename T>
  LogValue(const T*) = delete;

  using Value = std::variant<absl::string_view, int64_t, uint64_t, double, bool>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

struct LogField {
  absl::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

// `level`: trace, debug, info, warn or error; empty is info. `format`: json or text; empty is json. INVALID_ARGUMENT
// for anything else. Before this call only warnings and errors are written, as text.
absl::Status InitLogging(absl::string_view level, absl::string_view format);

// For messages that are costly to make.
bool LogEnabled(LogLevel level);

void Log(LogLevel level, absl::string_view message, LogFields fields = {});
inline void LogTrace(absl::string_view message, LogFields fields = {}) { Log(LogLevel::kTrace, message, fields); }
inline void LogDebug(absl::string_view message, LogFields fields = {}) { Log(LogLevel::kDebug, message, fields); }
inline void LogInfo(absl::string_view message, LogFields fields = {}) { Log(LogLevel::kInfo, message, fields); }
inline void LogWarn(absl::string_view message, LogFields fields = {}) { Log(LogLevel::kWarn, message, fields); }
inline void LogError(absl::string_view message, LogFields fields = {}) { Log(LogLevel::kError, message, fields); }

// The line, without its line feed.
std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level, absl::string_view message,
                          LogFields fields);

}  // namespace muster

#endif  // MUSTER_COMMON_LOGGING_H_
