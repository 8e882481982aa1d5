#include "client/cli/printer.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "google/protobuf/util/json_util.h"

namespace muster::cli {
namespace {

std::string CsvCell(absl::string_view text) {
  std::string cell = EscapeForTerminal(text, /*multiline=*/true);
  double number = 0;
  const bool formula = !cell.empty() && absl::string_view("=+-@\t").find(cell[0]) != absl::string_view::npos;
  if (formula && !absl::SimpleAtod(cell, &number)) cell.insert(0, "'");
  if (cell.find_first_of("\",\n") == std::string::npos) return cell;
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

// Takes the cursors out of `message`, for json_util would print them as base64.
std::vector<std::pair<std::string, std::string>> TakeCursors(google::protobuf::Message* message) {
  std::vector<std::pair<std::string, std::string>> cursors;
  for (const char* name : {"cursor", "previous_cursor"}) {
    const google::protobuf::FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->type() != google::protobuf::FieldDescriptor::TYPE_BYTES) continue;
    cursors.emplace_back(name, CursorText(message->GetReflection()->GetString(*message, field)));
    message->GetReflection()->ClearField(message, field);
  }
  return cursors;
}

// A field that json_util prints although it is empty must go before it is added in our form.
void RemoveMember(std::string* json, absl::string_view name) {
  for (const char* comma : {",", ""}) {
    const std::string member = absl::StrCat(comma, "\"", name, "\":\"\"");
    if (const size_t at = json->find(member); at != std::string::npos) {
      json->erase(at, member.size());
      if ((*json)[1] == ',') json->erase(1, 1);
      return;
    }
  }
}

// Writes the cursors inside `message`'s parts in our form.
void HexNestedCursors(const google::protobuf::Message& message, std::string* json) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->type() == google::protobuf::FieldDescriptor::TYPE_BYTES && !field->is_repeated() &&
        absl::EndsWith(field->name(), "cursor")) {
      const std::string& cursor = reflection->GetString(message, field);
      // A quotation mark inside a text is escaped, so that this is found where it is a member and nowhere else.
      const auto member = [field](const std::string& value) {
        return absl::StrCat("\"", field->name(), "\":\"", value, "\"");
      };
      *json = absl::StrReplaceAll(*json, {{member(absl::Base64Escape(cursor)), member(CursorText(cursor))}});
    }
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      HexNestedCursors(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                            : reflection->GetMessage(message, field),
                       json);
    }
  }
}

// Adds members that are no texts before the closing brace.
void AppendMembers(std::string* json, absl::string_view members) {
  json->pop_back();
  absl::StrAppend(json, json->size() > 1 ? "," : "", members, "}");
}

bool IsReal(v1::OperationMode mode) { return mode != v1::OPERATION_MODE_EXERCISE && mode != v1::OPERATION_MODE_TEST; }

}  // namespace

void View::TakeMode(v1::OperationMode item_mode) {
  if (!IsReal(item_mode)) mode = item_mode;
}

std::string RenderTable(const Table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Table::Column& column : table.columns) lines[0].push_back(absl::AsciiStrToUpper(column.title));
  for (const std::vector<std::string>& row : table.rows) {
    lines.emplace_back();
    for (const std::string& cell : row) lines.back().push_back(EscapeForTerminal(cell));
  }
  std::vector<size_t> widths(table.columns.size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(line[i]));
  }
  std::string rendered;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - DisplayWidth(line[i]), ' ');
      absl::StrAppend(&text, i == 0 ? "" : "  ", table.columns[i].right ? padding : "", line[i],
                      table.columns[i].right ? "" : padding);
    }
    absl::StrAppend(&rendered, absl::StripTrailingAsciiWhitespace(text), "\n");
  }
  return rendered;
}

std::string RenderCsv(const Table& table, bool header) {
  std::string rendered;
  const auto append = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) absl::StrAppend(&rendered, i == 0 ? "" : ",", CsvCell(cells[i]));
    rendered += "\n";
  };
  if (header) {
    std::vector<std::string> titles;
    for (const Table::Column& column : table.columns) {
      titles.push_back(absl::StrReplaceAll(column.title, {{" ", "_"}}));
    }
    append(titles);
  }
  for (const auto& row : table.rows) append(row);
  return rendered;
}

std::string JsonString(absl::string_view text) {
  std::string quoted = "\"";
  // Bytes that are not UTF-8 and characters that would reach a terminal's controls are written as escapes of ours
  // first.
  for (const char c : EscapeForTerminal(text, /*multiline=*/true)) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        quoted += c;
    }
  }
  return quoted + "\"";
}

std::string RenderJson(const google::protobuf::Message& message, bool always_print_zeros,
                       const std::vector<std::pair<std::string, std::string>>& extras) {
  const std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  std::vector<std::pair<std::string, std::string>> members = TakeCursors(copy.get());
  members.insert(members.end(), extras.begin(), extras.end());
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = always_print_zeros;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(*copy, &json, options).ok()) json = "{}";
  HexNestedCursors(*copy, &json);
  for (const auto& [name, value] : members) {
    RemoveMember(&json, name);
    AppendMembers(&json, absl::StrCat("\"", name, "\":", JsonString(value)));
  }
  return json;
}

void Printer::Print(const View& view) {
  Banner(view.mode);
  WarnOfCopies();
  switch (format_) {
    case OutputFormat::kJson:
      *out_ << Json(*view.object, view, view.extras) << "\n";
      break;
    case OutputFormat::kJsonLines:
      if (!view.is_list) *out_ << Json(*view.object, view, view.extras) << "\n";
      for (const auto* item : view.items) *out_ << Json(*item, view, {}) << "\n";
      break;
    case OutputFormat::kCsv:
      *out_ << RenderCsv(view.csv.columns.empty() ? view.table : view.csv);
      break;
    case OutputFormat::kTable:
      *out_ << EscapeForTerminal(view.heading, /*multiline=*/true);
      if (view.is_list && view.table.rows.empty()) {
        *out_ << "(none)\n";
      } else if (!view.table.columns.empty()) {
        *out_ << RenderTable(view.table);
      }
      *out_ << EscapeForTerminal(view.body, /*multiline=*/true);
      break;
  }
  out_->flush();
}

void Printer::PrintItem(const View& view) {
  Banner(view.mode);
  WarnOfCopies();
  switch (format_) {
    case OutputFormat::kJson:
    case OutputFormat::kJsonLines:
      *out_ << WithAge(RenderJson(*view.object, view.always_print_zeros, view.extras)) << "\n";
      break;
    case OutputFormat::kCsv:
      *out_ << RenderCsv(view.table, !header_shown_);
      header_shown_ = true;
      break;
    case OutputFormat::kTable:
      *out_ << EscapeForTerminal(view.heading) << "\n";
      break;
  }
  out_->flush();
}

void Printer::Banner(v1::OperationMode mode) {
  if (IsReal(mode) || !shows_banners() || !banners_shown_.insert(mode).second) return;
  const std::string banner = absl::StrCat("*** ", absl::AsciiStrToUpper(Label(mode)), " ***");
  *err_ << (colour_ ? absl::StrCat("\033[1;33m", banner, "\033[0m\n") : absl::StrCat(banner, "\n"));
  err_->flush();
}

void Printer::AllIsOf(v1::OperationMode mode) {
  mode_ = mode;
  Banner(mode);
}

std::string Printer::Json(const google::protobuf::Message& message, const View& view,
                          std::vector<std::pair<std::string, std::string>> extras) const {
  if (!IsReal(mode_) && message.GetDescriptor()->FindFieldByName("mode") == nullptr) {
    extras.emplace_back("mode", v1::OperationMode_Name(mode_));
  }
  return WithAge(RenderJson(message, view.always_print_zeros, extras));
}

std::string Printer::WithAge(std::string json) const {
  const std::optional<Freshness> copy = age_.worst();
  if (!copy.has_value()) return json;
  const std::string as_of =
      copy->as_of == absl::InfinitePast() ? "" : absl::StrCat("\"as_of\":\"", TimeText(ToProto(copy->as_of)), "\",");
  AppendMembers(&json, absl::StrCat(as_of, "\"stale\":true", copy->superseded ? ",\"superseded\":true" : ""));
  return json;
}

void Printer::WarnOfCopies() {
  const std::optional<Freshness> copy = age_.worst();
  if (!copy.has_value() || copies_told_ || !shows_banners()) return;
  copies_told_ = true;
  const std::string line = CopyLine(*copy, SystemClock()->Now(), absl::LocalTimeZone());
  *err_ << (colour_ ? absl::StrCat("\033[1;31m", line, "\033[0m\n") : absl::StrCat(line, "\n"));
  err_->flush();
}

void Printer::Progress(absl::string_view line) {
  if (format_ != OutputFormat::kTable) return;
  *err_ << EscapeForTerminal(line) << "\n";
  err_->flush();
}

}  // namespace muster::cli
