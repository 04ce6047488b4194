// SPDX-License-Identifier: Apache-2.0
/// @file A name as it is unique by: what lookup rows and claims are about.
#pragma once

#include "model/name_claim.hpp"
#include "model/user.hpp"

#include <string>
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

/// Adds those that the user has, in the order in which they are claimed.
inline void append_names(std::vector<NameOfUser>& names, const model::User& user,
                         const std::string& username_canonical) {
  names.push_back({{model::NameKind::username, username_canonical}, user.id});
  if (user.email) names.push_back({{model::NameKind::email, *user.email}, user.id});
  if (user.phone) names.push_back({{model::NameKind::phone, *user.phone}, user.id});
}

}  // namespace muster::ports
