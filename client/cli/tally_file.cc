#include "client/cli/tally_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace muster::cli {
namespace {

using google::protobuf::FieldDescriptor;

// A line longer than this is no tally entry, whatever else the file is.
constexpr size_t kLineBytesMax = 1 << 20;

absl::Status SetNumber(const FieldDescriptor* field, absl::string_view text, v1::TallyEntry* entry) {
  const google::protobuf::Reflection* reflection = entry->GetReflection();
  uint32_t small = 0;
  int64_t large = 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 && absl::SimpleAtoi(text, &small)) {
    reflection->SetUInt32(entry, field, small);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && absl::SimpleAtoi(text, &large)) {
    reflection->SetInt64(entry, field, large);
  } else {
    return absl::InvalidArgumentError(absl::StrCat(field->name(), ": \"", text, "\" is not a whole number that fits"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TallyFileFormat> FormatOfFile(absl::string_view path) {
  if (absl::EndsWith(path, ".csv")) return TallyFileFormat::kCsv;
  for (const char* ending : {".jsonl", ".ndjson", ".json"}) {
    if (absl::EndsWith(path, ending)) return TallyFileFormat::kJsonLines;
  }
  return absl::InvalidArgumentError(absl::StrCat("cannot tell the format of ", path, ": give --format jsonl or csv"));
}

absl::Status SetEntryField(absl::string_view name, absl::string_view text, v1::TallyEntry* entry) {
  const FieldDescriptor* field = v1::TallyEntry::GetDescriptor()->FindFieldByName(std::string(name));
  if (field == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("a tally entry has no field \"", name, "\""));
  }
  if (text.empty()) return absl::OkStatus();
  const google::protobuf::Reflection* reflection = entry->GetReflection();
  if (field->is_repeated()) {
    for (const absl::string_view item : absl::StrSplit(text, ';', absl::SkipWhitespace())) {
      reflection->AddString(entry, field, std::string(absl::StripAsciiWhitespace(item)));
    }
    return absl::OkStatus();
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(entry, field, std::string(text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      const absl::StatusOr<int> number = ParseEnum(field->enum_type(), text);
      if (!number.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", number.status().message()));
      reflection->SetEnumValue(entry, field, *number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {  // occurred_at is the only one.
      const absl::StatusOr<absl::Time> time = ParseTime(text);
      if (!time.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", time.status().message()));
      reflection->MutableMessage(entry, field)->CopyFrom(ToProto(*time));
      return absl::OkStatus();
    }
    default:
      return SetNumber(field, text, entry);
  }
}

TallyFileReader::TallyFileReader(std::istream* input, std::string name, TallyFileFormat format)
    : input_(input), name_(std::move(name)), format_(format) {}

absl::StatusOr<bool> TallyFileReader::Next(v1::TallyEntry* entry) {
  entry->Clear();
  return format_ == TallyFileFormat::kCsv ? NextCsv(entry) : NextJson(entry);
}

absl::Status TallyFileReader::Wrong(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(name_, ":", line_, ": ", what));
}

absl::StatusOr<bool> TallyFileReader::NextJson(v1::TallyEntry* entry) {
  std::string text;
  while (std::getline(*input_, text)) {
    line_ = ++lines_read_;
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    if (text.size() > kLineBytesMax) return Wrong("the line is longer than any tally entry");
    const google::protobuf::util::JsonParseOptions strict;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, entry, strict);
    if (!parsed.ok()) return Wrong(absl::StrCat("not a tally entry in JSON: ", std::string(parsed.message())));
    return true;
  }
  return false;
}

absl::StatusOr<bool> TallyFileReader::ReadRecord(std::vector<std::string>* cells) {
  cells->assign(1, "");
  bool quoted = false;
  bool any = false;
  size_t bytes = 0;
  for (char c = 0; input_->get(c);) {
    if (!any) line_ = lines_read_ + 1;
    any = true;
    if (++bytes > kLineBytesMax) return Wrong("the record is longer than any tally entry; is a quote missing?");
    if (c == '\n') ++lines_read_;
    if (quoted) {
      if (c != '"') {
        cells->back() += c;
      } else if (input_->peek() == '"') {
        cells->back() += static_cast<char>(input_->get());
      } else {
        quoted = false;
      }
    } else if (c == '"' && cells->back().empty()) {
      quoted = true;
    } else if (c == ',') {
      cells->emplace_back();
    } else if (c == '\n') {
      return true;
    } else if (c != '\r') {
      cells->back() += c;
    }
  }
  if (quoted) return Wrong("a quoted cell has no end");
  return any;
}

absl::StatusOr<bool> TallyFileReader::NextCsv(v1::TallyEntry* entry) {
  if (columns_.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const bool header, ReadRecord(&columns_));
    if (!header) return false;
    for (std::string& column : columns_) {
      v1::TallyEntry scratch;
      if (const absl::Status known = SetEntryField(column, "", &scratch); !known.ok()) return Wrong(known.message());
    }
  }
  std::vector<std::string> cells;
  do {
    MUSTER_ASSIGN_OR_RETURN(const bool more, ReadRecord(&cells));
    if (!more) return false;
  } while (cells.size() == 1 && cells[0].empty());
  if (cells.size() != columns_.size()) {
    return Wrong(absl::StrCat("has ", cells.size(), " cells; the first line names ", columns_.size()));
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (const absl::Status set = SetEntryField(columns_[i], cells[i], entry); !set.ok()) return Wrong(set.message());
  }
  return true;
}

}  // namespace muster::cli
