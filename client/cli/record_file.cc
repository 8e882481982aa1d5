#include "client/cli/record_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
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

// A line longer than this is no record, whatever else the file is.
constexpr size_t kLineBytesMax = 1 << 20;

absl::Status SetNumber(const FieldDescriptor* field, absl::string_view text, google::protobuf::Message* record) {
  const google::protobuf::Reflection* reflection = record->GetReflection();
  uint32_t small = 0;
  uint64_t large = 0;
  int64_t with_sign = 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 && absl::SimpleAtoi(text, &small)) {
    reflection->SetUInt32(record, field, small);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64 && absl::SimpleAtoi(text, &large)) {
    reflection->SetUInt64(record, field, large);
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && absl::SimpleAtoi(text, &with_sign)) {
    reflection->SetInt64(record, field, with_sign);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat(field->name(), ": \"", absl::CHexEscape(text), "\" is not a whole number that fits"));
  }
  return absl::OkStatus();
}

absl::Status AddItem(const FieldDescriptor* field, absl::string_view item, google::protobuf::Message* record) {
  const google::protobuf::Reflection* reflection = record->GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
    return SetPair(item, reflection->AddMessage(record, field));
  reflection->AddString(record, field, std::string(item));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecordFileFormat> FormatOfFile(absl::string_view path) {
  if (absl::EndsWith(path, ".csv")) return RecordFileFormat::kCsv;
  for (const char* ending : {".jsonl", ".ndjson", ".json"}) {
    if (absl::EndsWith(path, ending)) return RecordFileFormat::kJsonLines;
  }
  return absl::InvalidArgumentError(absl::StrCat("cannot tell the format of ", path, ": give --format jsonl or csv"));
}

absl::Status SetRecordField(absl::string_view name, absl::string_view text, google::protobuf::Message* record) {
  const FieldDescriptor* field = record->GetDescriptor()->FindFieldByName(std::string(name));
  if (field == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", record->GetDescriptor()->name(), " has no field \"", absl::CHexEscape(name), "\""));
  }
  if (text.empty()) return absl::OkStatus();
  const google::protobuf::Reflection* reflection = record->GetReflection();
  if (field->is_repeated()) {
    for (const absl::string_view item : absl::StrSplit(text, ';', absl::SkipWhitespace())) {
      MUSTER_RETURN_IF_ERROR(AddItem(field, absl::StripAsciiWhitespace(item), record));
    }
    return absl::OkStatus();
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(record, field, std::string(text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      const absl::StatusOr<int> number = ParseEnum(field->enum_type(), text);
      if (!number.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", number.status().message()));
      reflection->SetEnumValue(record, field, *number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {  // In records, a single message is a time.
      const absl::StatusOr<absl::Time> time = ParseTime(text);
      if (!time.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", time.status().message()));
      reflection->MutableMessage(record, field)->CopyFrom(ToProto(*time));
      return absl::OkStatus();
    }
    default:
      return SetNumber(field, text, record);
  }
}

absl::Status SetPair(absl::string_view text, google::protobuf::Message* item) {
  const google::protobuf::Descriptor* type = item->GetDescriptor();
  const std::vector<std::string> parts = absl::StrSplit(text, '=');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(text), "\" is not ",
                                                   absl::AsciiStrToUpper(type->field(0)->name()), "=",
                                                   absl::AsciiStrToUpper(type->field(1)->name())));
  }
  MUSTER_RETURN_IF_ERROR(SetRecordField(type->field(0)->name(), parts[0], item));
  return SetRecordField(type->field(1)->name(), parts[1], item);
}

RecordFileReader::RecordFileReader(std::istream* input, std::string name, RecordFileFormat format, std::string what)
    : input_(input), name_(std::move(name)), format_(format), what_(std::move(what)) {}

absl::StatusOr<bool> RecordFileReader::Next(google::protobuf::Message* record) {
  record->Clear();
  return format_ == RecordFileFormat::kCsv ? NextCsv(record) : NextJson(record);
}

absl::Status RecordFileReader::Wrong(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(name_, ":", line_, ": ", what));
}

absl::StatusOr<bool> RecordFileReader::NextJson(google::protobuf::Message* record) {
  std::string text;
  while (std::getline(*input_, text)) {
    line_ = ++lines_read_;
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    if (text.size() > kLineBytesMax) return Wrong(absl::StrCat("the line is longer than any ", what_));
    const google::protobuf::util::JsonParseOptions strict;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, record, strict);
    if (!parsed.ok()) return Wrong(absl::StrCat("not a ", what_, " in JSON: ", std::string(parsed.message())));
    return true;
  }
  return false;
}

absl::StatusOr<bool> RecordFileReader::ReadRecord(std::vector<std::string>* cells) {
  cells->assign(1, "");
  bool quoted = false;
  bool any = false;
  size_t bytes = 0;
  for (char c = 0; input_->get(c);) {
    if (!any) line_ = lines_read_ + 1;
    any = true;
    if (++bytes > kLineBytesMax) return Wrong(absl::StrCat("it is longer than any ", what_, "; is a quote missing?"));
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

absl::StatusOr<bool> RecordFileReader::NextCsv(google::protobuf::Message* record) {
  if (columns_.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const bool header, ReadRecord(&columns_));
    if (!header) return false;
    for (const std::string& column : columns_) {
      if (const absl::Status known = SetRecordField(column, "", record); !known.ok()) return Wrong(known.message());
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
    if (const absl::Status set = SetRecordField(columns_[i], cells[i], record); !set.ok()) return Wrong(set.message());
  }
  return true;
}

}  // namespace muster::cli
