// SPDX-License-Identifier: Apache-2.0
/// @file The databases that make one store, and which slot is in which. A Layout does not change; what
/// changes is which one is current (shards.hpp). Thread-safe.
#pragma once

#include "adapters/sharded/late_store.hpp"
#include "adapters/sharded/name_clerk.hpp"
#include "model/slot_map.hpp"
#include "ports/clock.hpp"
#include "ports/home.hpp"
#include "ports/slot_numbers.hpp"
#include "ports/slot_store.hpp"
#include "ports/store.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::sharded {

/// The catalog is shard 0, also while users are in it.
inline constexpr model::ShardId catalog_id{0};

/// How far guards have been tended.
struct Tended {
  UserId user;
  model::ClaimId claim;
};

struct Database {
  model::ShardId id;
  std::string dsn;  ///< Without a password; for the operator.
  std::unique_ptr<ports::Store> store;
  std::shared_ptr<ports::SlotNumbers> epochs;
  std::mutex tending;
  Tended tended{};
  LateStore* late = nullptr;  ///< Of one that could not be opened at the start: `store`.

  /// Made when it is first needed.
  NameClerk& clerk() {
    std::call_once(has_clerk_, [this] { clerk_ = std::make_unique<NameClerk>(*store); });
    return *clerk_;
  }

 private:
  std::once_flag has_clerk_;
  std::unique_ptr<NameClerk> clerk_;  ///< Gone before the store.
};

/// What is needed of the world beside databases.
struct Surroundings {
  std::function<Time()> now;
  ports::Entropy& entropy;
  /// How many units are at work that take many names.
  std::shared_ptr<std::atomic<std::size_t>> bulk_units = std::make_shared<std::atomic<std::size_t>>(0);
};

struct Layout {
  std::shared_ptr<const Surroundings> surroundings;
  /// The catalog first, then in the order of ids. Each is a part: users may be in any of them.
  std::vector<std::shared_ptr<Database>> databases;
  model::SlotMap map;
  std::vector<std::uint16_t> database_of_slot;

  /// Everything is in one database: nothing is to be reserved, passed on or looked up elsewhere.
  [[nodiscard]] bool is_whole() const { return databases.size() == 1; }
  [[nodiscard]] Database& catalog() const { return *databases.front(); }
  [[nodiscard]] Database& owner_of(std::uint32_t slot) const { return *databases[database_of_slot[slot]]; }
  [[nodiscard]] Database& owner_of(UserId user) const { return owner_of(model::slot_of(user)); }
  [[nodiscard]] Database& owner_of(const ports::Name& name) const {
    return owner_of(model::slot_of_name(name.kind, name.value));
  }
  [[nodiscard]] Database& at(const ports::Home& home) const;
  /// Error, if this layout is out of date for that slot: what the unit read of it may be a former owner's.
  [[nodiscard]] Status check_owned(ports::Unit& unit, std::uint32_t slot) const {
    return unit.slots().check_owned(slot, map.owners[slot].epoch);
  }
  [[nodiscard]] std::size_t part_of(UserId user) const { return database_of_slot[model::slot_of(user)]; }
};

}  // namespace muster::sharded
