// SPDX-License-Identifier: Apache-2.0
/// @file Passwords, tokens and sealing. Thread-safe, all of it; hash and verify are slow on purpose and
/// belong on the hashing pool.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "model/revocation.hpp"
#include "model/signing_key.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ports {

enum class PasswordMatch : std::uint8_t {
  no,
  yes,
  yes_outdated
};  ///< yes_outdated: right, and to be hashed anew.

class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;

  /// Argon2id at the configured cost, a PHC string. Error: unavailable (out of memory).
  virtual Result<Secret> hash(const Secret& password) = 0;
  /// Whatever scheme the hash is of. Error: unavailable.
  virtual Result<PasswordMatch> verify(const Secret& password, const Secret& hash) = 0;
  /// Spends the time of one verify: for a user that is not there.
  virtual void verify_nothing(const Secret& password) = 0;
  /// Whether an imported hash is of a scheme that verify knows, and its cost is bearable. Error:
  /// invalid_argument saying what is allowed.
  virtual Status check_format(std::string_view hash) const = 0;
};

/// What an access token says.
struct AccessClaims {
  std::string issuer;
  std::string audience;
  std::string token_id;     ///< jti
  model::TokenStamp stamp;  ///< sub, sid, iat, and the revocation epoch in the private claim `rev`.
  Time expires_at;          ///< exp, whole seconds.
  std::vector<std::string> roles;
};

/// Signs and verifies access tokens with the keys it was last given.
class TokenSigner {
 public:
  virtual ~TokenSigner() = default;

  /// Signed with the current key. Error: internal.
  virtual Result<std::string> sign(const AccessClaims& claims) = 0;
  /// Signature, algorithm, type, issuer, audience and expiry, never revocation. Errors: unauthenticated,
  /// token_expired.
  virtual Result<AccessClaims> verify(std::string_view token, Time now) = 0;
  /// Replaces the key set; the private parts come sealed. Error: internal (cannot be opened: wrong master
  /// key).
  virtual Status set_keys(const std::vector<model::SealedSigningKey>& keys) = 0;
  /// A new key pair, state next.
  virtual Result<model::SealedSigningKey> generate(model::SigningAlgorithm algorithm, Time now) = 0;
  /// The public keys, RFC 7517 JSON; no symmetric ones.
  [[nodiscard]] virtual std::shared_ptr<const std::string> jwks() const = 0;
};

/// Authenticated encryption under the master key.
class Sealer {
 public:
  virtual ~Sealer() = default;

  /// `context` binds the sealed bytes to their place: open() with another context fails.
  virtual std::string seal(std::string_view plain, std::string_view context) = 0;
  /// Error: internal.
  virtual Result<Secret> open(std::string_view sealed, std::string_view context) = 0;
  /// SHA-256 of the bytes, raw: for refresh tokens (random already, so no salt) and request hashes.
  [[nodiscard]] virtual std::string digest(std::string_view bytes) const = 0;
};

}  // namespace muster::ports
