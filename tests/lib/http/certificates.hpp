// SPDX-License-Identifier: Apache-2.0
/// @file Certificates made on the spot: an authority and what it signs.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace muster::http::test {

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name) : key_(make_key()), name_(name) {
    certificate_ = make_certificate(key_.get(), name_, "");
  }

  /// A PEM file with the authority's own certificate.
  void write(const std::string& file) const { write_certificate(file, certificate_.get()); }

  /// `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
  void sign(const std::string& names, const std::string& certificate_file, const std::string& key_file) {
    const auto key = make_key();
    const auto certificate = make_certificate(key.get(), "server " + std::to_string(serial_), names);
    write_certificate(certificate_file, certificate.get());
    const File file(std::fopen(key_file.c_str(), "w"), &std::fclose);
    check(file && PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

  static void check(bool good) {
    if (!good) throw std::runtime_error("OpenSSL refused to make a certificate");
  }
  static Key make_key() {
    Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    check(key != nullptr);
    return key;
  }
  static void write_certificate(const std::string& path, X509* certificate) {
    const File file(std::fopen(path.c_str(), "w"), &std::fclose);
    check(file && PEM_write_X509(file.get(), certificate));
  }
  static void extend(X509* certificate, int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), &X509_EXTENSION_free);
    check(extension && X509_add_ext(certificate, extension.get(), -1));
  }

  Certificate make_certificate(EVP_PKEY* key, const std::string& name, const std::string& names) {
    constexpr long day_seconds = 24 * 60 * 60;
    Certificate certificate(X509_new(), &X509_free);
    auto* x509 = certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x509), -day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(x509), day_seconds);
    X509_set_pubkey(x509, key);
    const auto add_name = [](X509_NAME* where, const std::string& text) {
      X509_NAME_add_entry_by_txt(where, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    };
    add_name(X509_get_subject_name(x509), name);
    const std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> issuer(X509_NAME_new(), &X509_NAME_free);
    add_name(issuer.get(), name_);
    X509_set_issuer_name(x509, issuer.get());
    extend(x509, NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!names.empty()) extend(x509, NID_subject_alt_name, names);
    check(X509_sign(x509, key_.get(), EVP_sha256()) > 0);
    return certificate;
  }

  Key key_;
  std::string name_;
  long serial_ = 0;
  Certificate certificate_{nullptr, &X509_free};
};

}  // namespace muster::http::test
