// SPDX-License-Identifier: Apache-2.0
/// @file What one write needs from other databases. A unit that finds that something is not ready there goes
/// on as if it were, and is undone; what it asked for is made ready, with no transaction open, and the unit
/// runs again. Belongs to one thread at a time.
#pragma once

#include "model/revocation.hpp"
#include "ports/slot_store.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::sharded {

/// A name for a user.
struct Wish {
  ports::Name name;
  UserId user;

  auto operator<=>(const Wish&) const = default;
};

/// How a wish ended: the claim by which it is reserved, or nothing, when it is another's.
using Answer = std::optional<model::ClaimId>;

struct HeldName {
  ports::Name name;
  UserId user;
  model::ClaimId claim;
};

/// By which claim a user had a name, when the user had that version. No claim: the name led elsewhere.
struct Hold {
  std::int64_t version = 0;
  std::optional<model::ClaimId> claim;
};

class Attempt {
 public:
  /// What was made ready, and stays so from one run to the next.
  std::map<Wish, Answer> answers;
  std::map<Wish, Hold> holds;
  std::vector<model::Revocation> revocations;
  std::optional<std::int64_t> role_change;  ///< Its number: the gates are closed for it (role_gate.hpp).

  /// What the last run asked for.
  std::set<Wish> wishes;
  std::set<Wish> holds_wished;  ///< Of names to be given up.
  std::vector<model::Revocation> revocations_wished;
  bool wishes_to_change_roles = false;
  std::optional<std::int64_t> role_change_awaited;

  /// What the last run did, if it was kept.
  std::vector<HeldName> committed;
  std::vector<HeldName> released;
  std::vector<std::string> removed_roles;
  std::vector<ports::SlotPosition> changed;
  std::size_t revocations_used = 0;
  bool posted = false;
  bool refused_itself = false;  ///< It is known not to have been kept.
  bool fenced = false;          ///< A reservation was given up by others: it takes new ones.
  std::shared_ptr<void> bulk;   ///< As long as it is counted among those that take many names.

  /// Whether another user of this unit has it, or was refused it.
  [[nodiscard]] bool is_anothers(const Wish& wish) const {
    for (auto each = answers.lower_bound({wish.name, UserId{std::numeric_limits<std::int64_t>::min()}});
         each != answers.end() && each->first.name == wish.name; ++each)
      if (each->first.user != wish.user) return true;
    return false;
  }
  /// Of two users of this unit who want the same name the first has its turn.
  void wish(const Wish& wish) {
    const auto other = wishes.lower_bound({wish.name, UserId{std::numeric_limits<std::int64_t>::min()}});
    if (other == wishes.end() || other->name != wish.name) wishes.insert(wish);
  }

  void begin_run() {
    wishes.clear();
    holds_wished.clear();
    revocations_wished.clear();
    wishes_to_change_roles = false;
    role_change_awaited.reset();
    committed.clear();
    released.clear();
    removed_roles.clear();
    revocations_used = 0;
    posted = false;
    refused_itself = false;
    fenced = false;
  }
  [[nodiscard]] bool wishes_anything() const {
    return !wishes.empty() || !holds_wished.empty() || !revocations_wished.empty() ||
           wishes_to_change_roles || role_change_awaited || fenced;
  }
};

}  // namespace muster::sharded
