// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/databases.hpp"

#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/entropy.hpp"
#include "ports/user_store.hpp"

#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

Databases::Databases(std::size_t shards) : shards_(shards) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/muster-sharded-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  open();
}

Databases::~Databases() {
  store_.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

std::string Databases::dsn(std::size_t shard) const {
  return "sqlite://" + folder_ + (shard == 0 ? "/catalog.db" : "/shard" + std::to_string(shard) + ".db");
}

ShardedOptions Databases::options() const {
  static system::SystemEntropy entropy;
  ShardedOptions options;
  options.catalog_dsn = dsn(0);
  for (std::size_t i = 1; i <= shards_; ++i) options.shard_dsns.push_back(dsn(i));
  options.open = [](const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs) {
    sqlite::SqliteOptions one;
    one.path = dsn.substr(std::string("sqlite://").size());
    one.readers = 2;
    one.epochs = std::move(epochs);
    return sqlite::open(std::move(one));
  };
  options.surroundings = std::make_shared<const Surroundings>(Surroundings{[this] { return now; }, entropy});
  return options;
}

ShardedStore& Databases::open() {
  store_.reset();
  auto opened = ShardedStore::open(options());
  INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
  REQUIRE(opened);
  store_ = std::move(*opened);
  return *store_;
}

std::string text_of(const Status& status) {
  return status ? "ok" : status.error().message + " / " + status.error().detail;
}

model::User make_user(std::int64_t id, const std::string& name) {
  model::User user;
  user.id.value = id;
  user.username = name;
  user.email = name + "@example.org";
  user.created_at = user.updated_at = Time{std::chrono::seconds(1000)};
  return user;
}

Status create_user(ports::Store& store, model::User user) {
  return store.write(ports::Home::of(user.id), [&](ports::Unit& unit) {
    return unit.users().create(user, user.username, std::nullopt);
  });
}

}  // namespace muster::sharded::testing
