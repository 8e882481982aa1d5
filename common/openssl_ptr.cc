#include "common/openssl_ptr.h"

#include <openssl/err.h>

#include "absl/strings/str_cat.h"

namespace muster {

int NoPassphrase(char*, int, int, void*) { return -1; }

std::string TakeOpenSslErrors() {
  std::string text;
  char line[256];
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    ERR_error_string_n(code, line, sizeof(line));
    absl::StrAppend(&text, text.empty() ? "" : "; ", line);
  }
  return text.empty() ? "OpenSSL gave no reason" : text;
}

}  // namespace muster
