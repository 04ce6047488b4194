// SPDX-License-Identifier: Apache-2.0
/// @file Where a unit of the whole store is, and how it comes at what is elsewhere: by a read of its own
/// there. Belongs to its unit's thread.
#pragma once

#include "adapters/sharded/attempt.hpp"
#include "adapters/sharded/fan_out.hpp"
#include "adapters/sharded/layout.hpp"
#include "adapters/sharded/relay.hpp"

#include <optional>
#include <type_traits>
#include <vector>

namespace muster::sharded {

struct Routing {
  const Layout& layout;
  Relay& relay;
  const ports::Home& home;
  ports::Unit& local;
  Database& here;
  Attempt* attempt;       ///< Null in a read.
  bool is_strict = true;  ///< Whether it must not be shown what a former owner of a slot still has.

  [[nodiscard]] bool is_here(const Database& database) const { return &database == &here; }
  [[nodiscard]] bool is_at_catalog() const { return is_here(layout.catalog()); }
  [[nodiscard]] bool is_home(std::uint32_t slot) const {
    return home.kind == ports::Home::Kind::user && model::slot_of(home.user_id) == slot;
  }
  /// What names no user means this part alone; else all of them.
  [[nodiscard]] bool is_of_part() const { return home.kind == ports::Home::Kind::part; }

  /// What `query` gives in that database.
  template <class Query>
  auto on(Database& database, const Query& query) -> std::invoke_result_t<Query, ports::Unit&> {
    if (is_here(database)) return query(local);
    std::optional<std::invoke_result_t<Query, ports::Unit&>> result;
    const Status done = database.store->read([&](ports::Unit& unit) -> Status {
      result = query(unit);
      return {};
    });
    if (!done) return fail(done.error());
    return std::move(*result);
  }
  /// The same where that slot is, if it is there still. What is read in this unit's own database is looked
  /// after by who began the unit.
  template <class Query>
  auto on_slot(std::uint32_t slot, const Query& query) -> std::invoke_result_t<Query, ports::Unit&> {
    Database& database = layout.owner_of(slot);
    if (is_here(database) && (attempt != nullptr || is_home(slot))) return query(local);
    return on(database, [&](ports::Unit& unit) -> std::invoke_result_t<Query, ports::Unit&> {
      auto result = query(unit);
      if (is_strict) MUSTER_CHECK_OK(layout.check_owned(unit, slot));
      return result;
    });
  }
  template <class Query>
  auto on(UserId user, const Query& query) {
    return on_slot(model::slot_of(user), query);
  }
  template <class Query>
  auto on(const ports::Name& name, const Query& query) {
    return on_slot(model::slot_of_name(name.kind, name.value), query);
  }
  template <class Query>
  auto on_catalog(const Query& query) {
    return on(layout.catalog(), query);
  }

  /// What `query` gives in each part, side by side, in the order of parts; or the first error.
  template <class Query>
  auto on_parts(const Query& query) {
    using One = std::invoke_result_t<Query, ports::Unit&>;
    constexpr std::size_t at_once_max = 8;
    std::vector<One> results(layout.databases.size(), One(fail(ErrorCode::internal, "never ran")));
    fan_out(results.size(), at_once_max, [&](std::size_t i) {
      Database& database = *layout.databases[i];
      if (!is_here(database)) results[i] = on(database, query);
    });
    Result<std::vector<typename One::value_type>> all{};
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (is_here(*layout.databases[i])) results[i] = query(local);
      if (!results[i]) return decltype(all)(fail(results[i].error()));
      all->push_back(std::move(*results[i]));
    }
    return all;
  }

  /// Error: internal, unless that database is this one and the unit may write.
  [[nodiscard]] Status check_writable(const Database& database) const {
    if (is_here(database) && attempt != nullptr) return {};
    return fail(ErrorCode::internal, "internal error",
                attempt == nullptr ? "a change in a read" : "a change of what another database has");
  }
};

}  // namespace muster::sharded
