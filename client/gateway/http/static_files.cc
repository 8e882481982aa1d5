#include "client/gateway/http/static_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/gateway/http/pages.h"
#include "common/sha256.h"

namespace muster::gateway {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kFirstPage = "/index.html";
constexpr absl::string_view kAssets = "/assets/";
constexpr size_t kHashLetters = 8;
constexpr size_t kEtagLetters = 32;

constexpr std::pair<absl::string_view, absl::string_view> kContentTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".wav", "audio/wav"},
    {".mp3", "audio/mpeg"},
};

std::string ContentTypeOfPath(absl::string_view path) {
  for (const auto& [ending, type] : kContentTypes) {
    if (absl::EndsWith(path, ending)) return std::string(type);
  }
  return "application/octet-stream";
}

// "/assets/main-3f9ac21b.js"
bool CarriesHash(absl::string_view path) {
  if (!absl::StartsWith(path, kAssets)) return false;
  absl::string_view stem = path.substr(path.rfind('/') + 1);
  stem = stem.substr(0, stem.rfind('.'));
  return stem.size() > kHashLetters && stem[stem.size() - kHashLetters - 1] == '-';
}

bool UnderstandsGzip(const HttpRequest& request) {
  const std::string accepted = request.Header("Accept-Encoding");
  for (absl::string_view coding : absl::StrSplit(accepted, ',')) {
    coding = absl::StripAsciiWhitespace(coding);
    if (coding == "gzip") return true;
    if (absl::StartsWith(coding, "gzip;") && !absl::EndsWith(coding, "q=0")) return true;
  }
  return false;
}

bool HasEtag(absl::string_view if_none_match, absl::string_view etag) {
  for (absl::string_view each : absl::StrSplit(if_none_match, ',')) {
    each = absl::StripAsciiWhitespace(each);
    absl::ConsumePrefix(&each, "W/");
    if (each == etag || each == "*") return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<StaticFiles> StaticFiles::Load(const std::string& folder) {
  StaticFiles files;
  size_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    std::string body((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    bytes += body.size();
    if (bytes > kBytesMax) {
      return absl::ResourceExhaustedError(absl::StrCat(folder, " holds more than ", kBytesMax, " bytes: is it right?"));
    }
    std::string path = absl::StrCat("/", fs::relative(it->path(), folder, error).generic_string());
    if (absl::EndsWith(path, ".gz")) {
      files.files_[path.substr(0, path.size() - 3)].gzip = std::move(body);
      continue;
    }
    File& each = files.files_[path];
    each.content_type = ContentTypeOfPath(path);
    each.etag = absl::StrCat("\"", Sha256Hex(body).substr(0, kEtagLetters), "\"");
    each.immutable = CarriesHash(path);
    each.body = std::move(body);
  }
  // A .gz beside nothing is nothing.
  absl::erase_if(files.files_, [](const auto& each) { return each.second.etag.empty(); });
  if (files.files_.contains(kFirstPage)) return files;
  return absl::NotFoundError(absl::StrCat(folder, " holds no index.html: install the dashboard, or set dashboard_dir"));
}

const StaticFiles::File* StaticFiles::Find(absl::string_view path) const {
  auto found = files_.find(path);
  if (found == files_.end() && !absl::StrContains(path, '.')) found = files_.find(kFirstPage);
  return found == files_.end() ? nullptr : &found->second;
}

HttpAnswer StaticFiles::Serve(const HttpRequest& request) const {
  const File* const file = Find(request.path);
  if (file == nullptr) return PageAnswer(kNotFoundPage, "/");
  HttpAnswer answer;
  answer.headers = {{"ETag", absl::StrCat("W/", file->etag)},  // The same for both encodings.
                    {"Vary", "Accept-Encoding"},
                    {"Cache-Control", file->immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (HasEtag(request.Header("If-None-Match"), file->etag)) {
    answer.status = 304;
    return answer;
  }
  answer.headers.emplace_back("Content-Type", file->content_type);
  const bool gzip = !file->gzip.empty() && UnderstandsGzip(request);
  if (gzip) answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.body = gzip ? file->gzip : file->body;
  return answer;
}

}  // namespace muster::gateway
