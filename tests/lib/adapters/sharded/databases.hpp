// SPDX-License-Identifier: Apache-2.0
/// @file A store over several real SQLite databases in a folder of its own.
#pragma once

#include "adapters/sharded/sharded_store.hpp"
#include "model/user.hpp"

#include <memory>
#include <string>

namespace muster::sharded::testing {

class Databases {
 public:
  /// The catalog and that many shards beside it.
  explicit Databases(std::size_t shards);
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;
  ~Databases();

  /// Opens them, or opens them again.
  ShardedStore& open();
  void close() { store_.reset(); }
  [[nodiscard]] ShardedStore& store() { return *store_; }
  [[nodiscard]] std::shared_ptr<const Layout> layout() { return store_->shards().now(); }
  /// "sqlite:///.../shard1.db".
  [[nodiscard]] std::string dsn(std::size_t shard) const;
  [[nodiscard]] ShardedOptions options() const;
  Time now = Time{std::chrono::seconds(1'000'000)};

 private:
  std::size_t shards_;
  std::string folder_;
  std::unique_ptr<ShardedStore> store_;
};

/// What the error says, for INFO.
std::string text_of(const Status& status);
model::User make_user(std::int64_t id, const std::string& name);
Status create_user(ports::Store& store, model::User user);

}  // namespace muster::sharded::testing
