// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/databases.hpp"

#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/entropy.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"

#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

Databases::Databases(std::size_t shards, std::shared_ptr<Fate> fate, std::optional<std::size_t> mortal,
                     Start start)
    : shards_(shards), fate_(std::move(fate)), mortal_(mortal) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/muster-sharded-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  if (start == Start::now) open();
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
  const auto immortal = std::make_shared<Fate>();
  options.open = [this, immortal](const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs)
      -> Result<std::unique_ptr<ports::Store>> {
    sqlite::SqliteOptions one;
    one.path = dsn.substr(std::string("sqlite://").size());
    one.readers = 2;
    one.epochs = std::move(epochs);
    MUSTER_TRY(auto store, sqlite::open(std::move(one)));
    const bool is_mortal = !mortal_ || dsn == this->dsn(*mortal_);
    return std::make_unique<MortalStore>(std::move(store), is_mortal ? fate_ : immortal);
  };
  options.surroundings =
      std::make_shared<const Surroundings>(Surroundings{[this] { return now_.load(); }, entropy});
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

void Databases::flush() {
  REQUIRE(store_->read([](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.audit().head());
    return {};
  }));
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
