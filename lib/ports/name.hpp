// SPDX-License-Identifier: Apache-2.0
/// @file A name as it is unique by: what lookup rows and claims are about.
#pragma once

#include "model/name_claim.hpp"
#include "model/user.hpp"

#include <string>
#include <utility>
#include <vector>

namespace muster::ports {

struct Name {
  model::NameKind kind = model::NameKind::username;
  std::string value;  ///< Canonical.

  auto operator<=>(const Name&) const = default;
};

struct NameOfUser {
  Name name;
  UserId user;
};

/// Those that the user has, in the order in which they are claimed.
inline std::vector<Name> names_of(const model::User& user, const std::string& username_canonical) {
  std::vector<Name> names{{model::NameKind::username, username_canonical}};
  if (user.email) names.push_back({model::NameKind::email, *user.email});
  if (user.phone) names.push_back({model::NameKind::phone, *user.phone});
  return names;
}

/// Adds them, in that order.
inline void append_names(std::vector<NameOfUser>& names, const model::User& user,
                         const std::string& username_canonical) {
  for (Name& each : names_of(user, username_canonical)) names.push_back({std::move(each), user.id});
}

}  // namespace muster::ports
