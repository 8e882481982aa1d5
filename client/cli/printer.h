// What a command shows, in the form that was asked for: a table for people, JSON or CSV for programs.
#ifndef MUSTER_CLIENT_CLI_PRINTER_H_
#define MUSTER_CLIENT_CLI_PRINTER_H_

#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/answer_age.h"
#include "google/protobuf/message.h"
#include "muster/v1/operation.pb.h"

namespace muster::cli {

enum class OutputFormat { kTable, kJson, kJsonLines, kCsv };

// Cells hold plain text; the renderers escape it.
struct Table {
  struct Column {
    std::string title;
    bool right = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

// One answer in all its forms.
struct View {
  // What JSON shows: one object.
  const google::protobuf::Message* object = nullptr;
  // What JSON lines show instead, one object each, when the answer is a list.
  bool is_list = false;
  std::vector<const google::protobuf::Message*> items;
  // Further members of the JSON object.
  std::vector<std::pair<std::string, std::string>> extras;
  // JSON members are printed when they are 0 or empty too.
  bool always_print_zeros = false;

  // What tables and CSV show.
  Table table;
  // What CSV shows instead, unless it has no columns.
  Table csv;
  // Tables only: lines before and after it.
  std::string heading;
  std::string body;
  // EXERCISE and TEST bring the banner.
  v1::OperationMode mode = v1::OPERATION_MODE_UNSPECIFIED;

  // Adds one thing of `item_mode`: where one is real and another is not, the banner is that of the one that is not.
  void TakeMode(v1::OperationMode item_mode);
};

// Aligned columns, two spaces apart, without trailing spaces. Every cell is fit for a terminal.
std::string RenderTable(const Table& table);
// RFC 4180 with line feeds. Control characters are escaped as on a terminal; a cell that a spreadsheet would take for a
// formula gets an apostrophe in front.
std::string RenderCsv(const Table& table, bool header = true);
// One line. Field names as in the .proto files, cursors in hexadecimal, wherever they stand.
std::string RenderJson(const google::protobuf::Message& message, bool always_print_zeros = false,
                       const std::vector<std::pair<std::string, std::string>>& extras = {});
// `text` as a JSON string, quotes included.
std::string JsonString(absl::string_view text);

// Not thread-safe.
class Printer {
 public:
  // Neither stream is owned; both outlive this.
  Printer(std::ostream* out, std::ostream* err) : out_(out), err_(err) {}

  void set_format(OutputFormat format) { format_ = format; }
  OutputFormat format() const { return format_; }
  void set_colour(bool colour) { colour_ = colour; }
  bool colour() const { return colour_; }
  // Whether both streams are a terminal's, with a person before it.
  void set_terminal(bool terminal) { terminal_ = terminal; }
  bool terminal() const { return terminal_; }

  void Print(const View& view);
  // One line of an endless answer: an item now, not at the end. CSV shows the header before the first.
  void PrintItem(const View& view);
  // The banner on the error stream, for tables and CSV, once per process and mode. JSON carries the mode itself, and
  // its error stream is for programs.
  void Banner(v1::OperationMode mode);
  bool shows_banners() const { return format_ == OutputFormat::kTable || format_ == OutputFormat::kCsv; }
  // What follows is all about one operation of this mode: the banner, and in JSON the member `mode` where the message
  // has none of its own.
  void AllIsOf(v1::OperationMode mode);
  // Where reads note that they were answered with a copy. What is printed from then on says so: tables and CSV once, on
  // the error stream, JSON in the members `as_of`, `stale` and `superseded` of each object.
  AnswerAge& age() { return age_; }
  // Says it if nothing has been printed that would have. At the end of a command.
  void WarnOfCopies();
  // A line for the person who waits, on the error stream, in table mode only.
  void Progress(absl::string_view line);

  std::ostream& out() { return *out_; }
  std::ostream& err() { return *err_; }

 private:
  std::string Json(const google::protobuf::Message& message, const View& view,
                   std::vector<std::pair<std::string, std::string>> extras) const;
  // `json` with what there is to say of its age.
  std::string WithAge(std::string json) const;

  std::ostream* const out_;
  std::ostream* const err_;
  OutputFormat format_ = OutputFormat::kTable;
  bool colour_ = false;
  v1::OperationMode mode_ = v1::OPERATION_MODE_UNSPECIFIED;
  std::set<v1::OperationMode> banners_shown_;
  bool header_shown_ = false;
  bool terminal_ = false;
  AnswerAge age_;
  bool copies_told_ = false;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_PRINTER_H_
