// SPDX-License-Identifier: Apache-2.0
/// @file Roles and grants as they are stored and shown. What they mean together is model/role_graph.hpp.
#pragma once

#include "base/fields.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace muster::model {

struct Role {
  std::string name;
  std::string description;
  std::vector<std::string> permissions;     ///< Codes `action:resource`, sorted.
  std::vector<std::string> parents;         ///< Roles it inherits from, sorted.
  std::vector<std::string> exclusive_with;  ///< Roles nobody may hold beside it, sorted. Symmetric.
  bool built_in = false;
  std::int64_t version = 0;

  bool operator==(const Role&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &Role::name, "The role's name").length(1, 64),
        field("description", &Role::description, "What it is for"),
        field("permissions", &Role::permissions, "Its own permission codes, action:resource"),
        field("parents", &Role::parents, "Roles whose permissions it inherits"),
        field("exclusive_with", &Role::exclusive_with, "Roles nobody may hold beside it"),
        field("built_in", &Role::built_in, "Whether Muster brought it; such a role cannot change"),
        field("version", &Role::version, "Changes with every update; the ETag")};
  }
};

struct Grant {
  std::string role;
  std::string granted_by;  ///< The actor, as in the audit log: a user id or "os:UID".
  Time granted_at;
  std::optional<Time> expires_at;
  std::optional<std::string> reason;

  bool operator==(const Grant&) const = default;
  [[nodiscard]] bool in_force(Time now) const { return !expires_at || now < *expires_at; }

  static constexpr auto fields() {
    return std::tuple{field("role", &Grant::role, "The granted role"),
                      field("granted_by", &Grant::granted_by, "Who granted it"),
                      field("granted_at", &Grant::granted_at, "When it was granted"),
                      field("expires_at", &Grant::expires_at, "When it lapses by itself"),
                      field("reason", &Grant::reason, "Why it was granted")};
  }
};

}  // namespace muster::model
