// SPDX-License-Identifier: Apache-2.0
/// @file One signing key, ready for use: ECDSA on P-256, RSA with 2048 bits (PKCS #1 v1.5) or HMAC, each with
/// SHA-256. Immutable once made: thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "model/signing_key.hpp"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace muster::crypto {

class SigningPart {
  struct Made {
    explicit Made() = default;
  };

 public:
  /// For load() only.
  explicit SigningPart(Made) {}
  /// A new private part: DER, or 32 bytes for HS256. Error: internal.
  static Result<Secret> generate(model::SigningAlgorithm algorithm);
  /// Error: internal (not a private part of that algorithm).
  static Result<std::unique_ptr<const SigningPart>> load(model::SigningAlgorithm algorithm,
                                                         const Secret& private_part);

  /// The raw JWS signature, RFC 7518: r and s for ES256. Error: internal.
  [[nodiscard]] Result<std::string> sign(std::string_view message) const;
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;
  /// The members of a JWK that are the public key's: `"kty":"EC","crv":"P-256","x":"...","y":"..."`. Empty
  /// for HS256.
  [[nodiscard]] std::string jwk_members() const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };
  struct FreeContext {
    void operator()(evp_pkey_ctx_st* context) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, FreeKey>;
  using Context = std::unique_ptr<evp_pkey_ctx_st, FreeContext>;

  [[nodiscard]] Context prepared(int (*initialise)(evp_pkey_ctx_st*)) const;

  model::SigningAlgorithm algorithm_ = model::SigningAlgorithm::es256;
  Secret symmetric_;
  Key key_;
  /// Set up once and copied for each use, which is cheaper than setting one up.
  Context signs_;
  Context verifies_;
};

}  // namespace muster::crypto
