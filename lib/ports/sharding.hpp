// SPDX-License-Identifier: Apache-2.0
/// @file How the data is spread over databases, for the operator: what each shard carries, and what is to be
/// changed about it. Everything is read from counters; nothing is counted. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/slot_map.hpp"
#include "ports/slot_store.hpp"
#include "ports/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

struct ShardReport {
  model::ShardId id;
  std::string dsn;  ///< Without a password.
  bool is_catalog = false;
  std::optional<std::string> unreachable;  ///< Why it could not be asked.
  StoreHealth health;
  StoreCounters counters;
  std::int64_t slots_at_odds = 0;  ///< Of which the map says something else than the database.
  /// Changes in its slots, over the last minute; nothing while that is not known.
  std::optional<double> writes_per_second;
};

struct ShardExamination {
  model::ShardId id;
  Result<Examination> found;  ///< Or why it could not be asked.
};

struct ShardingReport {
  std::vector<ShardReport> shards;  ///< By id.
  model::SlotMap map;
  /// By slot, slot_count of them; nothing where the owner could not be asked.
  std::vector<std::optional<model::SlotLoad>> loads;
};

/// What can be wrong between lookup rows and users.
enum class NameFaultKind : std::uint8_t {
  orphan,     ///< The row leads to a user who is not there or has not the name.
  overdue,    ///< A claim that should have come to its end long ago.
  missing,    ///< The user has the name, but no row leads to them.
  duplicate,  ///< Two users have the name; the row leads to the other one.
};

struct NameFault {
  NameFaultKind kind = NameFaultKind::orphan;
  Name name;
  UserId user;
  std::optional<UserId> other;  ///< Of a duplicate: whom the row leads to.
  bool repaired = false;
};

/// How far a check has come: first through the lookup rows of all databases, then through their users.
struct CheckPlace {
  enum class Phase : std::uint8_t { names, users };

  Phase phase = Phase::names;
  model::ShardId shard;
  std::optional<Name> name;  ///< The last one looked at there.
  UserId user;
};

struct CheckStep {
  std::int64_t names = 0;  ///< How many were looked at.
  std::int64_t users = 0;
  std::vector<NameFault> faults;
  std::optional<CheckPlace> next;  ///< Nothing at the end.
};

enum class Repair : std::uint8_t { no, yes };

/// A database on its way to become a shard. Belongs to one thread at a time.
class ShardAddition {
 public:
  virtual ~ShardAddition() = default;

  /// In a unit at the catalog, each time it runs: the number that the shard gets.
  virtual Result<model::ShardId> record(Unit& unit) = 0;
  /// When that unit was kept: from now on it is a shard, without slots.
  virtual Status finish() = 0;
};

class Sharding {
 public:
  virtual ~Sharding() = default;

  /// What cannot be reached is reported as such.
  virtual ShardingReport look() = 0;
  /// What is known of each without asking it: no word of slots, or of why it cannot be reached.
  virtual std::vector<ShardReport> overview() = 0;

  /// Store::examine() of each, side by side, by id.
  virtual std::vector<ShardExamination> examine() = 0;

  /// Opens the database, which makes its tables if it is empty. Errors: already_exists (it is a shard
  /// already), conflict (it is another catalog's, or has users), those of opening.
  virtual Result<std::unique_ptr<ShardAddition>> prepare_to_add(const std::string& dsn) = 0;

  /// Compares the next names or users, a bounded number, while others change them: what looks wrong is looked
  /// at again before it is reported. Repairing removes orphans, adds missing rows and ends overdue claims,
  /// but never decides between two users. Errors: of a database that cannot be asked, with its shard.
  virtual Result<CheckStep> check(const CheckPlace& place, Repair repair) = 0;
};

}  // namespace muster::ports
