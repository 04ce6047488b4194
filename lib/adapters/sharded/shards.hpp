// SPDX-License-Identifier: Apache-2.0
/// @file The layout that is current, and how it changes: it is read from the catalog at the start, again when
/// a database refuses a write because the slot is not its own any more, and when a shard is added.
/// Thread-safe.
#pragma once

#include "adapters/sharded/layout.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::sharded {

/// Opens one database; what is known of its slots is put into `epochs` later.
using Opener = std::function<Result<std::unique_ptr<ports::Store>>(
    const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs)>;

struct ShardedOptions {
  std::string catalog_dsn;
  std::vector<std::string> shard_dsns;  ///< Empty: users are in the catalog's database.
  Opener open;
  std::shared_ptr<const Surroundings> surroundings;
};

/// A database that is to become a shard.
struct NewShard {
  ports::ShardRow row;
  std::shared_ptr<Database> database;
};

class Shards {
 public:
  /// Opens every database and makes what is not there yet: a first map over all the shards, or a place among
  /// the shards for one that is new. Errors: those of opening, with the database's name; conflict (a database
  /// that belongs to another catalog). A shard that has its slots and cannot be reached now is left for
  /// later.
  static Result<std::unique_ptr<Shards>> open(ShardedOptions options);

  [[nodiscard]] std::shared_ptr<const Layout> now() const;
  /// Reads the map again. Error: of the catalog.
  Status refresh();
  /// A new database without slots. Errors: as open; already_exists.
  Result<model::ShardId> add(const std::string& dsn);

  /// The steps of that: opens the database and looks whether it may be a shard; in a unit at the catalog,
  /// each time it runs, gives it its number; when that was kept, gives it its slots, which are none.
  Result<NewShard> prepare_to_add(const std::string& dsn);
  Status record(ports::Unit& unit, NewShard& added);
  Status finish(const NewShard& added);

 private:
  explicit Shards(ShardedOptions options) : options_(std::move(options)) {}
  Status start();
  [[nodiscard]] std::string new_identity() const;
  Result<std::unique_ptr<ports::Store>> open_store(const std::string& dsn,
                                                   std::shared_ptr<const ports::SlotNumbers> epochs);
  Result<std::shared_ptr<Database>> open_database(model::ShardId id, const std::string& dsn);
  /// Whether a database that cannot be reached now may be opened later.
  enum class Lateness : std::uint8_t { refused, allowed };
  Result<ports::ShardRow*> find_meant(const std::string& dsn, std::vector<ports::ShardRow>& rows);
  /// Brings `rows` to what the configuration says; those that are new or changed.
  Result<std::vector<ports::ShardRow>> match(const std::vector<std::string>& dsns,
                                             std::vector<ports::ShardRow>& rows);
  Result<std::shared_ptr<Database>> open_shard(const ports::ShardRow& row);
  std::shared_ptr<Database> late_shard(const ports::ShardRow& row, const Error& reason);
  Result<std::vector<std::shared_ptr<Database>>> open_all(const std::vector<ports::ShardRow>& rows,
                                                          Lateness may_be_late);
  void publish(std::vector<std::shared_ptr<Database>> databases, model::SlotMap map);

  const ShardedOptions options_;
  std::mutex changing_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Layout> layout_;
};

}  // namespace muster::sharded
