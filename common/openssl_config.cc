#include "common/openssl_config.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/ssl.h>

#include "absl/strings/str_cat.h"
#include "common/openssl_ptr.h"

namespace muster {
namespace {

// `system_default` is what OpenSSL applies to every new SSL_CTX (config(5), SSL Configuration). The section replaces
// that of the configuration file as a whole, hence the cipher line, which is Debian's own.
constexpr char kConfiguration[] =
    "openssl_conf = muster\n"
    "[muster]\n"
    "ssl_conf = muster_ssl\n"
    "[muster_ssl]\n"
    "system_default = muster_tls\n"
    "[muster_tls]\n"
    "Options = -SessionTicket\n"
    "NumTickets = 0\n"
    "MinProtocol = TLSv1.3\n"
    "CipherString = DEFAULT:@SECLEVEL=2\n";

absl::Status Verify() {
  const UniqueSslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return absl::InternalError(
        absl::StrCat("cannot make a TLS context: ", TakeOpenSslErrors(), "; check the file that OPENSSL_CONF names"));
  }
  const bool tickets_off = (SSL_CTX_get_options(context.get()) & SSL_OP_NO_TICKET) != 0;
  if (!tickets_off || SSL_CTX_get_num_tickets(context.get()) != 0 ||
      SSL_CTX_get_min_proto_version(context.get()) != TLS1_3_VERSION) {
    return absl::InternalError(absl::StrCat(
        "TLS session tickets are still on (", tickets_off ? "" : "option SessionTicket is set, ",
        SSL_CTX_get_num_tickets(context.get()), " tickets per connection) under ", OpenSSL_version(OPENSSL_VERSION),
        "; a resumed session would let a revoked certificate in, so Muster does not serve. Run it with "
        "Debian's OpenSSL 3.0, or report this version"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DisableTlsSessionTickets() {
  // The configuration file is loaded once per process: now, if no library did so before main (the HTTP library of the
  // admin port does). What we load afterwards then stays in force; loaded before, it would be replaced.
  if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr) != 1) {
    return absl::InternalError(
        absl::StrCat("cannot initialise OpenSSL: ", TakeOpenSslErrors(), "; check the file that OPENSSL_CONF names"));
  }
  const UniqueConf configuration(NCONF_new(nullptr));
  const UniqueBio text(BIO_new_mem_buf(kConfiguration, -1));
  long bad_line = 0;
  if (configuration == nullptr || text == nullptr || NCONF_load_bio(configuration.get(), text.get(), &bad_line) != 1 ||
      CONF_modules_load(configuration.get(), nullptr, 0) != 1) {
    return absl::InternalError(absl::StrCat("cannot configure OpenSSL (line ", bad_line, "): ", TakeOpenSslErrors()));
  }
  return Verify();
}

}  // namespace muster
