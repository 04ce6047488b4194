// SPDX-License-Identifier: Apache-2.0
/// @file Where a unit of work has its transaction. Data is spread over databases: what concerns a user is in
/// the one that owns the user's slot, what concerns all (roles, keys, revocations, jobs, the audit chain) in
/// the catalog. A store on one database is all of them at once. Values: thread-safe.
#pragma once

#include "base/ids.hpp"

#include <cstddef>
#include <optional>

namespace muster::ports {

struct Home {
  enum class Kind : std::uint8_t {
    catalog,
    user,
    part,  ///< One of the databases that users are in, as Store::parts() gives them.
  };

  Kind kind = Kind::catalog;
  UserId user_id;         ///< Of a user.
  std::size_t index = 0;  ///< Of a part.

  static Home catalog() { return {}; }
  static Home of(UserId user) { return {Kind::user, user, 0}; }
  static Home part(std::size_t index) { return {Kind::part, UserId{}, index}; }

  friend bool operator==(const Home&, const Home&) = default;
};

}  // namespace muster::ports
