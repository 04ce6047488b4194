// SPDX-License-Identifier: Apache-2.0
/// @file Stores roles (in the catalog) and who holds them (in the users' slots). It keeps what it is told:
/// whether a change is allowed (cycles, separation of duty, built-in roles) is model/role_graph.hpp's matter.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "model/role.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

class RoleStore {
 public:
  virtual ~RoleStore() = default;

  /// Every role, by name.
  virtual Result<std::vector<model::Role>> all() = 0;
  virtual Result<std::optional<model::Role>> find(const std::string& name) = 0;
  /// Sets role.version. Error: already_exists.
  virtual Status create(model::Role& role) = 0;
  /// Replaces description, permissions and parents, and exclusive_with on both sides; sets version. Error:
  /// not_found.
  virtual Status update(model::Role& role) = 0;
  /// With its edges, exclusions and grants. False: there was none.
  virtual Result<bool> remove(const std::string& name) = 0;
  /// Grows with every change to any role: whoever compiled the roles at this version is up to date.
  virtual Result<std::int64_t> version() = 0;
  /// For a unit at the catalog that is to change roles, before it reads any: whoever else wants to read the
  /// version in a unit that writes waits until this one ends. Else both would read, and then wait for each
  /// other.
  virtual Status hold() = 0;
};

struct Member {
  UserId user;
  model::Grant grant;
};

class GrantStore {
 public:
  virtual ~GrantStore() = default;

  /// All of a user's grants, lapsed ones included, by role name.
  virtual Result<std::vector<model::Grant>> list(UserId user) = 0;
  /// Inserts or replaces. Error: not_found (no such user).
  virtual Status put(UserId user, const model::Grant& grant) = 0;
  virtual Result<bool> remove(UserId user, const std::string& role) = 0;
  /// Who holds the role directly, in the order of user ids.
  virtual Result<std::vector<Member>> members(const std::string& role, std::optional<UserId> after,
                                              std::size_t limit) = 0;
  virtual Result<std::int64_t> count_members(const std::string& role) = 0;
  /// At most `limit` users who directly hold, unlapsed at `now`, some role of each of the two sets.
  virtual Result<std::vector<UserId>> holders_of_both(const std::vector<std::string>& some,
                                                      const std::vector<std::string>& others, Time now,
                                                      std::size_t limit) = 0;
  /// Removes at most `limit` grants that lapsed before `before`; returns whose.
  virtual Result<std::vector<UserId>> purge(Time before, std::size_t limit) = 0;
};

}  // namespace muster::ports
