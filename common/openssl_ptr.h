// Owning pointers for OpenSSL's objects, and its error queue as text.
#ifndef MUSTER_COMMON_OPENSSL_PTR_H_
#define MUSTER_COMMON_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace muster {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using UniqueBignum = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;
using UniqueBio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free_all>>;
using UniqueConf = std::unique_ptr<CONF, OpenSslDeleter<NCONF_free>>;
using UniqueGeneralNames = std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>>;
using UniqueKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using UniqueSslContext = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;
using UniqueX509 = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

// A PEM passphrase callback that has none to give. Without it OpenSSL asks at the terminal.
int NoPassphrase(char* buffer, int size, int writing, void* context);

// What this thread's last failing OpenSSL calls had to say, on one line; empties the queue.
std::string TakeOpenSslErrors();

}  // namespace muster

#endif  // MUSTER_COMMON_OPENSSL_PTR_H_
