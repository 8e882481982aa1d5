#include "common/testing/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>

#include "common/openssl_ptr.h"

namespace muster {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "test certificate: %s failed: %s\n", what, TakeOpenSslErrors().c_str());
  std::abort();
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

template <typename T, typename Parse>
auto ParsePem(const std::string& pem, Parse parse) {
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return T(parse(bio.get(), nullptr, NoPassphrase, nullptr));
}

void AddName(GENERAL_NAMES* names, int type, const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  Check(ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1, "ASN1_STRING_set");
  GENERAL_NAME_set0_value(name, type, value);
  Check(sk_GENERAL_NAME_push(names, name) > 0, "sk_GENERAL_NAME_push");
}

void AddAlternativeNames(X509* certificate, const std::vector<std::string>& uris,
                         const std::vector<std::string>& dns_names) {
  if (uris.empty() && dns_names.empty()) return;
  const UniqueGeneralNames names(sk_GENERAL_NAME_new_null());
  for (const std::string& uri : uris) AddName(names.get(), GEN_URI, uri);
  for (const std::string& dns_name : dns_names) AddName(names.get(), GEN_DNS, dns_name);
  Check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) == 1, "names");
}

void AddBasicConstraints(X509* certificate, bool is_ca) {
  X509V3_CTX context = {};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "basicConstraints");
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCertificate MakeTestCertificate(const TestCertificateOptions& options) {
  const UniqueKey key(EVP_EC_gen("P-256"));
  const UniqueX509 certificate(X509_new());
  Check(key != nullptr && certificate != nullptr, "key");
  Check(X509_set_version(certificate.get(), 2) == 1, "version");
  Check(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0x0a1b2c) == 1, "serial");
  Check(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(options.not_before)) != nullptr, "time");
  Check(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(options.not_after)) != nullptr, "time");
  Check(X509_set_pubkey(certificate.get(), key.get()) == 1, "public key");
  Check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0) == 1,
        "name");
  AddBasicConstraints(certificate.get(), options.is_ca);
  if (options.two_extensions) {
    for (const std::string& uri : options.uris) AddAlternativeNames(certificate.get(), {uri}, {});
  } else {
    AddAlternativeNames(certificate.get(), options.uris, options.dns_names);
  }
  if (options.issuer == nullptr) {
    Check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1, "issuer");
    Check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");
  } else {
    const auto issuer = ParsePem<UniqueX509>(options.issuer->certificate_pem, PEM_read_bio_X509);
    const auto issuer_key = ParsePem<UniqueKey>(options.issuer->key_pem, PEM_read_bio_PrivateKey);
    Check(issuer != nullptr && issuer_key != nullptr, "reading the issuer");
    Check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1, "issuer");
    Check(X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0, "signature");
  }
  const UniqueBio certificate_text(BIO_new(BIO_s_mem()));
  const UniqueBio key_text(BIO_new(BIO_s_mem()));
  Check(PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1, "writing the certificate");
  Check(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "writing the key");
  return {TextOf(certificate_text.get()), TextOf(key_text.get())};
}

}  // namespace muster
