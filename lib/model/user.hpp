// SPDX-License-Identifier: Apache-2.0
/// @file A user as everybody sees it, and the credential that nobody sees.
#pragma once

#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace muster {
namespace model {
enum class UserStatus : std::uint8_t { active, disabled };
}  // namespace model

template <>
struct EnumWords<model::UserStatus> {
  static constexpr std::array<std::pair<model::UserStatus, std::string_view>, 2> words{
      {{model::UserStatus::active, "active"}, {model::UserStatus::disabled, "disabled"}}};
};

namespace model {

struct User {
  UserId id;
  std::string username;  ///< As registered; unique by its canonical form (model/username.hpp).
  std::optional<std::string> email;
  std::optional<std::string> phone;
  std::optional<std::string> display_name;
  UserStatus status = UserStatus::active;
  JsonObject attributes;
  Time created_at;
  Time updated_at;
  std::int64_t version = 0;  ///< The slot's sequence number of the last change; the ETag.

  bool operator==(const User&) const = default;

  static constexpr auto fields() {
    return std::tuple{field("id", &User::id, "The user's id"),
                      field("username", &User::username, "Login name, unique without regard to case"),
                      field("email", &User::email, "Email address, unique"),
                      field("phone", &User::phone, "Phone number in E.164 form, unique"),
                      field("display_name", &User::display_name, "Name shown to people"),
                      field("status", &User::status, "Whether the user may log in").one_of("active|disabled"),
                      field("attributes", &User::attributes, "Free JSON object of the application"),
                      field("created_at", &User::created_at, "When the user was created"),
                      field("updated_at", &User::updated_at, "When the user was last changed"),
                      field("version", &User::version, "Changes with every update; the ETag")};
  }
};

/// What a password is checked against: a PHC or crypt(3) string, never the password.
struct Credential {
  Secret hash;
  Time changed_at;
};

/// What is stored beside a user because it decides whether a token or session is still good. A token or
/// session begun at an epoch below `revoked_epoch` and, where `revoked_before` is set, before that time, is
/// revoked (model/revocation.hpp).
struct UserRevocation {
  std::int64_t revoked_epoch = 0;
  std::optional<Time> revoked_before;
};

}  // namespace model
}  // namespace muster
