// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/signing.hpp"

#include "adapters/crypto/bytes.hpp"
#include "base/check.hpp"
#include "base/encoding.hpp"

#include <array>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

namespace muster::crypto {
namespace {

using model::SigningAlgorithm;

constexpr std::size_t digest_size_bytes = 32;
constexpr std::size_t coordinate_size_bytes = 32;
constexpr std::size_t symmetric_size_bytes = crypto_auth_hmacsha256_KEYBYTES;
constexpr int rsa_size_bits = 2048;

using Digest = std::array<unsigned char, digest_size_bytes>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using EcSignature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

Error broken(std::string detail) {
  ERR_clear_error();
  return Error{ErrorCode::internal, "internal error", std::move(detail), {}, {}};
}

/// By OpenSSL, which has the processor's own instructions for it; fetched once, as fetching costs more than
/// hashing.
Digest sha256(std::string_view message) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                                     &EVP_MD_CTX_free);
  Digest out;
  MUSTER_CHECK(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
               EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
               EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

std::string number_bytes(const BIGNUM* number, std::size_t size_bytes) {
  std::string out(size_bytes, '\0');
  MUSTER_CHECK(BN_bn2binpad(number, bytes_of(out), static_cast<int>(size_bytes)) ==
               static_cast<int>(size_bytes));
  return out;
}

std::string key_number(const EVP_PKEY* key, const char* name, std::size_t size_bytes) {
  BIGNUM* number = nullptr;
  MUSTER_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const Number owned(number, &BN_free);
  return number_bytes(number, size_bytes == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : size_bytes);
}

/// ECDSA's DER as the two numbers side by side, and back (RFC 7518 section 3.4).
std::string raw_from_der(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const EcSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free);
  if (!parsed) return {};
  return number_bytes(ECDSA_SIG_get0_r(parsed.get()), coordinate_size_bytes) +
         number_bytes(ECDSA_SIG_get0_s(parsed.get()), coordinate_size_bytes);
}

std::string der_from_raw(std::string_view raw) {
  const EcSignature composed(ECDSA_SIG_new(), &ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(bytes_of(raw), coordinate_size_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw) + coordinate_size_bytes, coordinate_size_bytes, nullptr);
  MUSTER_CHECK(composed && r != nullptr && s != nullptr && ECDSA_SIG_set0(composed.get(), r, s) == 1);
  std::array<unsigned char, 80> buffer{};
  unsigned char* at = buffer.data();
  const int size = i2d_ECDSA_SIG(composed.get(), &at);
  MUSTER_CHECK(size > 0);
  return {reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size)};
}

}  // namespace

void SigningPart::FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}
void SigningPart::FreeContext::operator()(evp_pkey_ctx_st* context) const {
  EVP_PKEY_CTX_free(context);
}

Result<Secret> SigningPart::generate(SigningAlgorithm algorithm) {
  if (algorithm == SigningAlgorithm::hs256) {
    std::string bytes(symmetric_size_bytes, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return Secret(std::move(bytes));
  }
  const Key key(algorithm == SigningAlgorithm::es256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(rsa_size_bits));
  if (!key) return fail(broken("a signing key cannot be generated"));
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(key.get(), &der);
  if (size <= 0) return fail(broken("a signing key cannot be encoded"));
  Secret out(std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return out;
}

Result<std::unique_ptr<const SigningPart>> SigningPart::load(SigningAlgorithm algorithm,
                                                             const Secret& private_part) {
  auto out = std::make_unique<SigningPart>(Made());
  out->algorithm_ = algorithm;
  if (algorithm == SigningAlgorithm::hs256) {
    if (private_part.size() != symmetric_size_bytes) return fail(broken("an HS256 key must be 32 bytes"));
    out->symmetric_ = private_part;
    return out;
  }
  const bool is_elliptic = algorithm == SigningAlgorithm::es256;
  const unsigned char* at = bytes_of(private_part.reveal());
  out->key_.reset(d2i_PrivateKey(is_elliptic ? EVP_PKEY_EC : EVP_PKEY_RSA, nullptr, &at,
                                 static_cast<long>(private_part.size())));
  if (!out->key_ || EVP_PKEY_get_bits(out->key_.get()) < (is_elliptic ? 256 : rsa_size_bits))
    return fail(broken("a signing key is not of its algorithm"));
  if (is_elliptic) {
    std::array<char, 32> curve{};
    if (EVP_PKEY_get_group_name(out->key_.get(), curve.data(), curve.size(), nullptr) != 1 ||
        std::string_view(curve.data()) != "prime256v1")
      return fail(broken("an ES256 key must be on P-256"));
  }
  out->signs_ = out->prepared(EVP_PKEY_sign_init);
  out->verifies_ = out->prepared(EVP_PKEY_verify_init);
  if (!out->signs_ || !out->verifies_) return fail(broken("a signing key cannot be used"));
  return out;
}

SigningPart::Context SigningPart::prepared(int (*initialise)(evp_pkey_ctx_st*)) const {
  Context out(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  if (!out || initialise(out.get()) != 1) return {};
  if (EVP_PKEY_CTX_set_signature_md(out.get(), EVP_sha256()) != 1) return {};
  if (algorithm_ == SigningAlgorithm::rs256 &&
      EVP_PKEY_CTX_set_rsa_padding(out.get(), RSA_PKCS1_PADDING) != 1)
    return {};
  return out;
}

Result<std::string> SigningPart::sign(std::string_view message) const {
  if (algorithm_ == SigningAlgorithm::hs256) {
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256(bytes_of(out), bytes_of(message), message.size(), bytes_of(symmetric_.reveal()));
    return out;
  }
  const Digest digest = sha256(message);
  const Context context(EVP_PKEY_CTX_dup(signs_.get()));
  std::string out(rsa_size_bits, '\0');
  std::size_t size = out.size();
  if (!context || EVP_PKEY_sign(context.get(), bytes_of(out), &size, digest.data(), digest.size()) != 1)
    return fail(broken("a token cannot be signed"));
  out.resize(size);
  if (algorithm_ == SigningAlgorithm::es256) out = raw_from_der(out);
  return out;
}

bool SigningPart::verify(std::string_view message, std::string_view signature) const {
  if (algorithm_ == SigningAlgorithm::hs256)
    return signature.size() == crypto_auth_hmacsha256_BYTES &&
           crypto_auth_hmacsha256_verify(bytes_of(signature), bytes_of(message), message.size(),
                                         bytes_of(symmetric_.reveal())) == 0;
  std::string der;
  if (algorithm_ == SigningAlgorithm::es256) {
    if (signature.size() != 2 * coordinate_size_bytes) return false;
    der = der_from_raw(signature);
    signature = der;
  }
  const Digest digest = sha256(message);
  const Context context(EVP_PKEY_CTX_dup(verifies_.get()));
  const bool good = context && EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(),
                                               digest.data(), digest.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

std::string SigningPart::jwk_members() const {
  const auto member = [](std::string_view name, const std::string& bytes) {
    return ",\"" + std::string(name) + "\":\"" + base64url_encode(bytes) + '"';
  };
  switch (algorithm_) {
    case SigningAlgorithm::es256:
      return R"("kty":"EC","crv":"P-256")" +
             member("x", key_number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, coordinate_size_bytes)) +
             member("y", key_number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, coordinate_size_bytes));
    case SigningAlgorithm::rs256:
      return R"("kty":"RSA")" + member("n", key_number(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0)) +
             member("e", key_number(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0));
    case SigningAlgorithm::hs256:
      break;
  }
  return {};
}

}  // namespace muster::crypto
