// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/databases.hpp"
#include "ports/user_store.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

std::string path_of(const std::string& dsn) {
  return dsn.substr(std::string("sqlite://").size());
}

/// Opens nothing whose name has `broken` in it.
ShardedOptions without(const ShardedOptions& options, const std::string* broken) {
  ShardedOptions out = options;
  out.open = [open = options.open, broken](
                 const std::string& dsn,
                 std::shared_ptr<const ports::SlotNumbers> epochs) -> Result<std::unique_ptr<ports::Store>> {
    if (!broken->empty() && dsn.find(*broken) != std::string::npos)
      return fail(ErrorCode::unavailable, dsn + ": does not answer");
    return open(dsn, std::move(epochs));
  };
  return out;
}

std::optional<Error> start_error(const ShardedOptions& options) {
  auto opened = ShardedStore::open(options);
  return opened ? std::nullopt : std::optional(opened.error());
}

}  // namespace

TEST_CASE("a shard that does not answer at the start is left out, and comes back by itself", "[sharded]") {
  Databases databases(2);
  for (std::int64_t id = 1; id <= 20; ++id)
    REQUIRE(create_user(databases.store(), make_user(id, "user" + std::to_string(id))));
  std::vector<std::int64_t> there;
  std::vector<std::int64_t> away;
  for (std::int64_t id = 1; id <= 20; ++id)
    (databases.layout()->part_of(UserId{id}) == 1 ? there : away).push_back(id);
  databases.close();

  std::string broken = "shard2";
  auto store = ShardedStore::open(without(databases.options(), &broken));
  REQUIRE(store);
  const auto find = [&](std::int64_t id) {
    bool found = false;
    const Status done = (*store)->read(ports::Home::of(UserId{id}), [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const auto user, unit.users().find(UserId{id}));
      found = user.has_value();
      return {};
    });
    if (!done) return done.error().code == ErrorCode::unavailable ? 0 : -1;
    return found ? 1 : -1;
  };
  for (const std::int64_t id : there) CHECK(find(id) == 1);
  for (const std::int64_t id : away) CHECK(find(id) == 0);
  CHECK((*store)->health().writable);
  CHECK((*store)->health().reason.find("shard 2") != std::string::npos);
  const Status refused = create_user(**store, make_user(away.front(), "somebody"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("shard2") == std::string::npos);

  broken.clear();
  REQUIRE((*store)->shards().now()->databases[2]->late->try_open());
  for (const std::int64_t id : away) CHECK(find(id) == 1);
  CHECK((*store)->health().reason.empty());
}

TEST_CASE("an empty database is never taken for a shard that had users", "[sharded]") {
  Databases databases(2);
  REQUIRE(create_user(databases.store(), make_user(1, "ada")));
  databases.close();
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_of(databases.dsn(2)) + end);
  const auto error = start_error(databases.options());
  REQUIRE(error);
  CHECK(error->message.find("shard2.db: is not the shard that it was") != std::string::npos);
}

TEST_CASE("a database of another catalog, or with users of its own, is refused as a shard", "[sharded]") {
  Databases first(1);
  Databases second(1);
  REQUIRE(create_user(second.store(), make_user(1, "ada")));
  const std::string taken = second.dsn(1);
  second.close();
  const auto added = first.store().shards().add(taken);
  REQUIRE_FALSE(added);
  CHECK(added.error().message.find("is a shard of another catalog") != std::string::npos);

  Databases alone(0);
  REQUIRE(create_user(alone.store(), make_user(1, "ada")));
  const std::string whole = alone.dsn(0);
  alone.close();
  const auto with_users = first.store().shards().add(whole);
  REQUIRE_FALSE(with_users);
  CHECK(with_users.error().message.find("has users of its own") != std::string::npos);
  // What was refused is not in the catalog.
  CHECK_FALSE(start_error([&] {
    first.close();
    return first.options();
  }()));
}

TEST_CASE("a store in one database goes on with its users where they are when a shard is added",
          "[sharded]") {
  Databases databases(0);
  REQUIRE(create_user(databases.store(), make_user(1, "ada")));
  CHECK(databases.layout()->is_whole());
  REQUIRE(databases.store().shards().add(databases.dsn(1)));
  CHECK_FALSE(databases.layout()->is_whole());
  REQUIRE(create_user(databases.store(), make_user(2, "bob")));
  const Status taken = create_user(databases.store(), make_user(3, "ada"));
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::already_exists);
  CHECK(databases.layout()->part_of(UserId{2}) == 0);
  // Without the new one in the configuration too: the catalog knows it.
  databases.open();
  CHECK(databases.layout()->databases.size() == 2);
}

TEST_CASE("a shard that was moved is known again by what is in it", "[sharded]") {
  Databases databases(2);
  for (std::int64_t id = 1; id <= 20; ++id)
    REQUIRE(create_user(databases.store(), make_user(id, "user" + std::to_string(id))));
  databases.close();
  ShardedOptions options = databases.options();
  const std::string moved = options.shard_dsns[1].substr(0, options.shard_dsns[1].size() - 3) + "-moved.db";
  for (const char* end : {"", "-wal", "-shm"})
    if (std::filesystem::exists(path_of(options.shard_dsns[1]) + end))
      std::filesystem::rename(path_of(options.shard_dsns[1]) + end, path_of(moved) + end);
  options.shard_dsns[1] = moved;
  auto store = ShardedStore::open(options);
  REQUIRE(store);
  const auto layout = (*store)->shards().now();
  REQUIRE(layout->databases.size() == 3);
  CHECK(layout->databases[2]->dsn == moved);
  std::int64_t users = 0;
  REQUIRE((*store)->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(users, unit.users().count());
    return {};
  }));
  CHECK(users == 20);
}

}  // namespace muster::sharded::testing
