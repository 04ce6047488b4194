// SPDX-License-Identifier: Apache-2.0
/// @file A store over several real SQLite databases in a folder of its own.
#pragma once

#include "adapters/sharded/sharded_store.hpp"
#include "lib/adapters/sharded/mortal_store.hpp"
#include "model/user.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace muster::sharded::testing {

class Databases {
 public:
  enum class Start : std::uint8_t { now, later };

  /// The catalog and that many shards beside it. They share the fate, or only `mortal` has it; 0 is the
  /// catalog.
  explicit Databases(std::size_t shards, std::shared_ptr<Fate> fate = std::make_shared<Fate>(),
                     std::optional<std::size_t> mortal = std::nullopt, Start start = Start::now);
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;
  ~Databases();

  /// Opens them, or opens them again.
  ShardedStore& open();
  void close() { store_.reset(); }
  /// Waits until records are passed on.
  void flush();
  [[nodiscard]] std::size_t shards() const { return shards_; }
  [[nodiscard]] ShardedStore& store() { return *store_; }
  [[nodiscard]] std::shared_ptr<const Layout> layout() { return store_->shards().now(); }
  /// "sqlite:///.../shard1.db".
  [[nodiscard]] std::string dsn(std::size_t shard) const;
  [[nodiscard]] ShardedOptions options() const;
  /// Moves the clock of all of them.
  void advance(Duration by) { now_ = now_.load() + by; }

 private:
  std::size_t shards_;
  std::shared_ptr<Fate> fate_;
  std::optional<std::size_t> mortal_;
  std::atomic<Time> now_{Time{std::chrono::seconds(1'000'000)}};
  std::string folder_;
  std::unique_ptr<ShardedStore> store_;
};

/// What the error says, for INFO.
std::string text_of(const Status& status);
model::User make_user(std::int64_t id, const std::string& name);
Status create_user(ports::Store& store, model::User user);

}  // namespace muster::sharded::testing
