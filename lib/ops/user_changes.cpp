// SPDX-License-Identifier: Apache-2.0
#include "ops/user_changes.hpp"

#include "model/slot.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ports/cache.hpp"
#include "ports/slot_store.hpp"

#include <map>
#include <utility>

namespace muster::ops {

void forget_after_commit(const Context& context, ports::Unit& unit, const std::vector<UserId>& users) {
  std::map<std::uint32_t, std::int64_t> seqs;
  for (const ports::SlotPosition& each : unit.slots().changed()) seqs[each.slot] = each.seq;
  std::vector<std::pair<UserId, std::int64_t>> changed;
  changed.reserve(users.size());
  for (const UserId user : users) changed.emplace_back(user, seqs[model::slot_of(user)]);
  if (context.users_cache != nullptr)
    for (const UserId user : users) context.users_cache->will_change(user);
  unit.after_commit(
      [&authorizer = context.authorizer, cache = context.users_cache, changed = std::move(changed)] {
        for (const auto& [user, seq] : changed) {
          authorizer.forget(user);
          if (cache != nullptr) cache->changed(user, seq);
        }
      });
}

void forget_after_commit(const Context& context, ports::Unit& unit, UserId user) {
  forget_after_commit(context, unit, std::vector{user});
}

void note_names(const Context& context, ports::Unit& unit, std::vector<ports::Name> names) {
  ports::UserCache* const cache = context.users_cache;
  if (cache == nullptr || names.empty()) return;
  cache->names_taken(names);
  unit.after_commit([cache, names = std::move(names)] { cache->names_taken(names); });
}

}  // namespace muster::ops
