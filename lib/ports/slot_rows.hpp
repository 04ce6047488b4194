// SPDX-License-Identifier: Apache-2.0
/// @file The rows of slot_store.hpp, as values.
#pragma once

#include "base/time.hpp"
#include "model/slot_map.hpp"
#include "ports/name.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::ports {

struct NamedRow {
  Name name;
  model::NameRow row;
};

/// Names that are taken together: that they are pending is kept once for all of them.
struct NameBatch {
  model::ClaimId claim;
  model::NameKind kind = model::NameKind::username;
  Time pending_until;
  std::vector<std::string> values;
};

struct StoredGuard {
  UserId user;
  model::ClaimId claim;
  Name name;
  model::Guard guard;

  bool operator==(const StoredGuard&) const = default;
};

struct SlotRow {
  std::uint32_t slot = 0;
  std::int64_t epoch = 0;  ///< 0: never owned.
  bool owned = false;
  std::int64_t seq = 0;  ///< How many units have changed it.
  std::int64_t users = 0;
};

/// An entry of the log of changes. Who changes slots notes each change there, and that a slot was locked.
struct LoggedChange {
  std::int64_t id = 0;  ///< Within a slot in the order of `seq`; else one that comes later may be lower.
  std::uint32_t slot = 0;
  std::int64_t seq = 0;  ///< What the slot came to by the unit.
  UserId user;
  bool is_first = false;    ///< Of those that its unit noted of the slot.
  bool is_of_user = false;  ///< The user may have come into being, or have other names.
};

/// A user as far as names go.
struct NamedUser {
  UserId user;
  std::int64_t version = 0;  ///< Of the user: the same one, the same names.
  std::vector<Name> names;

  [[nodiscard]] bool has(const Name& name) const {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
};

/// Something to be passed on, in the order of ids.
struct Posted {
  std::int64_t id = 0;     ///< May be given again once it was removed.
  std::int64_t token = 0;  ///< Random: which one it is, for ever.
  std::string text;
};

/// One of the databases that users are spread over, as the catalog knows it.
struct ShardRow {
  model::ShardId id;
  std::string dsn;       ///< Without a password.
  std::string identity;  ///< Random; the database has it too.
  Time added_at;
};

}  // namespace muster::ports
