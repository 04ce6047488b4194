// SPDX-License-Identifier: Apache-2.0
/// @file Access tokens as JWTs (RFC 7519, profile RFC 9068, care of RFC 8725) signed with ES256, RS256 or
/// HS256. A header is {"alg","kid","typ":"at+jwt"} and nothing else; the algorithm is the key's, never the
/// token's word. Thread-safe; verifying takes no lock that another verification holds.
#pragma once

#include "base/time.hpp"
#include "ports/crypto.hpp"

#include <memory>
#include <shared_mutex>
#include <string>

namespace muster::crypto {

struct TokenPolicy {
  std::string issuer;
  std::string audience;
  Duration skew = std::chrono::seconds{30};  ///< How far in the future `iat` may be.
};

inline constexpr std::size_t token_size_max_bytes = 8 * 1024;

class JwtSigner final : public ports::TokenSigner {
 public:
  /// `sealer` must outlive it. Until set_keys() nothing is signed and every token is refused.
  JwtSigner(TokenPolicy policy, ports::Sealer& sealer);
  ~JwtSigner() override;

  Result<std::string> sign(const ports::AccessClaims& claims) override;
  Result<ports::AccessClaims> verify(std::string_view token, Time now) override;
  Status set_keys(const std::vector<model::SealedSigningKey>& keys) override;
  Result<model::SealedSigningKey> generate(model::SigningAlgorithm algorithm, Time now) override;
  [[nodiscard]] std::shared_ptr<const std::string> jwks() const override;

 private:
  struct KeySet;

  [[nodiscard]] std::shared_ptr<const KeySet> keys() const;

  TokenPolicy policy_;
  ports::Sealer& sealer_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
};

}  // namespace muster::crypto
