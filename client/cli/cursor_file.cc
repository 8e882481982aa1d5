#include "client/cli/cursor_file.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace muster::cli {

absl::StatusOr<std::string> LoadCursor(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::string();
  std::string hex;
  file >> hex;
  absl::StatusOr<std::string> cursor = ParseCursor(hex);
  if (cursor.ok()) return cursor;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", cursor.status().message(), "; remove the file to read from the beginning"));
}

absl::Status SaveCursor(const std::string& cursor, const std::string& path) {
  const std::string temporary = absl::StrCat(path, ".new");
  std::ofstream file(temporary, std::ios::trunc);
  file << CursorText(cursor) << "\n";
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnknownError(absl::StrCat("cannot write ", path, ": check the folder and its space"));
  }
  return absl::OkStatus();
}

}  // namespace muster::cli
