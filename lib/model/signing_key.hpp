// SPDX-License-Identifier: Apache-2.0
/// @file A key that signs access tokens, and its life: `next` is published before it is used, `current`
/// signs, `retired` only verifies until the last token it signed has died.
#pragma once

#include "base/fields.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace muster {
namespace model {
enum class SigningAlgorithm : std::uint8_t { es256, rs256, hs256 };
enum class KeyState : std::uint8_t { next, current, retired };
}  // namespace model

template <>
struct EnumWords<model::SigningAlgorithm> {
  static constexpr std::array<std::pair<model::SigningAlgorithm, std::string_view>, 3> words{
      {{model::SigningAlgorithm::es256, "ES256"},
       {model::SigningAlgorithm::rs256, "RS256"},
       {model::SigningAlgorithm::hs256, "HS256"}}};
};
template <>
struct EnumWords<model::KeyState> {
  static constexpr std::array<std::pair<model::KeyState, std::string_view>, 3> words{
      {{model::KeyState::next, "next"},
       {model::KeyState::current, "current"},
       {model::KeyState::retired, "retired"}}};
};

namespace model {

struct SigningKey {
  std::string id;  ///< The `kid`.
  SigningAlgorithm algorithm = SigningAlgorithm::es256;
  KeyState state = KeyState::next;
  Time created_at;
  std::optional<Time> activated_at;
  std::optional<Time> retired_at;
  std::optional<Time> expires_at;  ///< Of a retired key: when the last token it signed is dead.

  static constexpr auto fields() {
    return std::tuple{
        field("id", &SigningKey::id, "The key's id, kid in a token"),
        field("algorithm", &SigningKey::algorithm, "Signature algorithm").one_of("ES256|RS256|HS256"),
        field("state", &SigningKey::state, "next, current or retired").one_of("next|current|retired"),
        field("created_at", &SigningKey::created_at, "When it was made"),
        field("activated_at", &SigningKey::activated_at, "When it began to sign"),
        field("retired_at", &SigningKey::retired_at, "When it stopped signing"),
        field("expires_at", &SigningKey::expires_at, "When its last token is dead")};
  }
};

/// As stored: the private part is sealed under the master key.
struct SealedSigningKey {
  SigningKey key;
  std::string sealed_private;  ///< Raw bytes, authenticated encryption, bound to the key's id.
};

}  // namespace model
}  // namespace muster
