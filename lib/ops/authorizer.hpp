// SPDX-License-Identifier: Apache-2.0
/// @file Who may do what, decided from memory: the compiled roles of the whole installation and the grants of
/// the users that were asked about (bounded, least recently used ones go). Never stale after an acknowledged
/// change on this daemon: changes call roles_changed() and forget() from the unit's after_commit, and a fill
/// that raced with a change is dropped. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "model/compiled_roles.hpp"
#include "ops/feed_age.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace muster::ops {

/// What is remembered of a user.
struct Holdings {
  bool exists = false;
  bool active = false;               ///< A disabled user is allowed nothing, whatever they hold.
  std::vector<model::Grant> grants;  ///< Lapsed ones included: expiry is checked at each decision.
};

class Authorizer {
 public:
  Authorizer(ports::Store& store, ports::Clock& clock, std::size_t users_max = 200'000);
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;
  ~Authorizer();

  /// Nothing is decided while that is too old. Called before the first decision; it must outlive this.
  void refuse_when_old(const FeedAge& age);

  /// Makes the built-in roles what this version has them to be, and compiles all. Called at start.
  Status load();

  /// False for a disabled user. Errors: not_found (no such user), invalid_argument (permission), unavailable
  /// (what changed lately is not known), those of the store.
  Result<bool> allows(UserId user, std::string_view permission);
  /// Nothing when memory cannot tell (unknown user, roles being compiled).
  std::optional<Result<bool>> allows_from_memory(UserId user, std::string_view permission);

  /// Who does not exist has `exists` false.
  Result<std::shared_ptr<const Holdings>> holdings(UserId user);
  std::shared_ptr<const Holdings> holdings_from_memory(UserId user);
  /// Names of the roles in force now, granted directly, by name: what tokens and X-Muster-Roles carry.
  static std::vector<std::string> role_names(const Holdings& holdings, Time now);

  /// The compiled roles, up to date with the store.
  Result<std::shared_ptr<const model::CompiledRoles>> roles();

  /// After any change to any role.
  void roles_changed();
  /// After any change to a user's grants or status, and when the user is deleted.
  void forget(UserId user);
  void forget_all();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::ops
