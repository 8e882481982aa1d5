#include "common/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "common/formats.h"

namespace muster {
namespace {

// The process's logger lives in spdlog's registry; its name says which format it takes.
constexpr char kJsonLogger[] = "muster-json";
constexpr char kTextLogger[] = "muster-text";

constexpr absl::string_view kLevelNames[] = {"trace", "debug", "info", "warn", "error"};
constexpr spdlog::level::level_enum kSpdlogLevels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn, spdlog::level::err};

// The process's logger, or null before InitLogging.
spdlog::logger* ProcessLogger() {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (logger == nullptr || (logger->name() != kJsonLogger && logger->name() != kTextLogger)) return nullptr;
  return logger;
}

size_t Utf8Size(uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

// Appends what stands between a JSON string's quotes (RFC 8259, section 7).
void AppendEscaped(absl::string_view text, std::string* out) {
  while (!text.empty()) {
    const std::optional<TextFault> fault = FindTextFault(text, /*multiline=*/false);
    for (const char c : text.substr(0, fault ? fault->offset_bytes : text.size())) {
      if (c == '"' || c == '\\') out->push_back('\\');
      out->push_back(c);
    }
    if (!fault) return;
    text.remove_prefix(fault->offset_bytes);
    if (fault->code_point) {
      absl::StrAppendFormat(out, "\\u%04x", *fault->code_point);  // All such characters are below U+10000.
      text.remove_prefix(Utf8Size(*fault->code_point));
    } else {
      absl::StrAppend(out, "\\ufffd");  // The replacement character, for a byte that is not UTF-8.
      text.remove_prefix(1);
    }
  }
}

void AppendQuoted(absl::string_view text, std::string* out) {
  out->push_back('"');
  AppendEscaped(text, out);
  out->push_back('"');
}

// Whether `text` reads as one word in a text line.
bool IsPlain(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

struct AppendValue {
  LogFormat format;
  std::string* out;

  void operator()(absl::string_view text) const {
    if (format == LogFormat::kText && IsPlain(text)) {
      absl::StrAppend(out, text);
    } else {
      AppendQuoted(text, out);
    }
  }
  void operator()(bool value) const { absl::StrAppend(out, value ? "true" : "false"); }
  void operator()(int64_t value) const { absl::StrAppend(out, value); }
  void operator()(uint64_t value) const { absl::StrAppend(out, value); }
  void operator()(double value) const {
    if (std::isfinite(value)) {
      absl::StrAppendFormat(out, "%.17g", value);
    } else {
      AppendQuoted(absl::StrCat(value), out);  // JSON has no such number.
    }
  }
};

}  // namespace

absl::Status InitLogging(absl::string_view level, absl::string_view format) {
  if (level.empty()) level = "info";
  if (format.empty()) format = "json";
  std::optional<spdlog::level::level_enum> threshold;
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (level == kLevelNames[i]) threshold = kSpdlogLevels[i];
  }
  if (!threshold) {
    return absl::InvalidArgumentError(
        absl::StrCat("logging.level is \"", level, "\"; use trace, debug, info, warn or error"));
  }
  if (format != "json" && format != "text") {
    return absl::InvalidArgumentError(absl::StrCat("logging.format is \"", format, "\"; use json or text"));
  }
  auto logger = std::make_shared<spdlog::logger>(format == "json" ? kJsonLogger : kTextLogger,
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(*threshold);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

bool LogEnabled(LogLevel level) {
  const spdlog::logger* logger = ProcessLogger();
  return logger == nullptr ? level >= LogLevel::kWarn : logger->should_log(kSpdlogLevels[static_cast<size_t>(level)]);
}

void Log(LogLevel level, absl::string_view message, LogFields fields) {
  if (!LogEnabled(level)) return;
  spdlog::logger* logger = ProcessLogger();
  const LogFormat format = logger != nullptr && logger->name() == kJsonLogger ? LogFormat::kJson : LogFormat::kText;
  std::string line = FormatLogLine(format, SystemClock()->Now(), level, message, fields);
  if (logger == nullptr) {
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stderr);
    return;
  }
  logger->log(kSpdlogLevels[static_cast<size_t>(level)], spdlog::string_view_t(line.data(), line.size()));
}

std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level, absl::string_view message,
                          LogFields fields) {
  const std::string when = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", time, absl::UTCTimeZone());
  const absl::string_view level_name = kLevelNames[static_cast<size_t>(level)];
  std::string line;
  if (format == LogFormat::kJson) {
    absl::StrAppend(&line, "{\"ts\":\"", when, "\",\"level\":\"", level_name, "\",\"msg\":");
    AppendQuoted(message, &line);
  } else {
    absl::StrAppend(&line, when, " ", level_name, " ");
    AppendEscaped(message, &line);
  }
  for (const LogField& field : fields) {
    line.append(format == LogFormat::kJson ? "," : " ");
    if (format == LogFormat::kJson) {
      AppendQuoted(field.key, &line);
      line.push_back(':');
    } else {
      AppendEscaped(field.key, &line);
      line.push_back('=');
    }
    std::visit(AppendValue{format, &line}, field.value.value());
  }
  if (format == LogFormat::kJson) line.push_back('}');
  return line;
}

}  // namespace muster
