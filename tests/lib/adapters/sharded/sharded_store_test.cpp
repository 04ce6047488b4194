// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/databases.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using ports::Home;
using ports::Unit;

std::optional<model::User> find(ports::Store& store, std::int64_t id) {
  std::optional<model::User> found;
  REQUIRE(store.read([&](Unit& unit) -> Status {
    MUSTER_TRY(found, unit.users().find(UserId{id}));
    return {};
  }));
  return found;
}

std::optional<model::User> find_by_email(ports::Store& store, const std::string& email) {
  std::optional<model::User> found;
  REQUIRE(store.read([&](Unit& unit) -> Status {
    MUSTER_TRY(found, unit.users().find_by_email(email));
    return {};
  }));
  return found;
}

/// Gives a slot to another database as a migration would: rows are not copied.
void change_owner(const Layout& layout, std::uint32_t slot, std::size_t to) {
  Database& old_owner = layout.owner_of(slot);
  Database& new_owner = *layout.databases[to];
  const std::int64_t epoch = layout.map.owners[slot].epoch + 1;
  REQUIRE(old_owner.store->write(
      [&](Unit& unit) { return unit.slots().set_owner(slot, slot, false, epoch - 1); }));
  REQUIRE(
      new_owner.store->write([&](Unit& unit) { return unit.slots().set_owner(slot, slot, true, epoch); }));
  model::SlotMap map = layout.map;
  map.owners[slot] = {new_owner.id, epoch};
  REQUIRE(layout.catalog().store->write([&](Unit& unit) { return unit.slots().put_map(map); }));
}

}  // namespace

TEST_CASE("users are spread over the shards, and each is found by id, name and email", "[sharded]") {
  Databases databases(3);
  ShardedStore& store = databases.store();
  for (std::int64_t id = 1; id <= 60; ++id)
    REQUIRE(create_user(store, make_user(id, "user" + std::to_string(id))));
  for (std::size_t i = 1; i <= 3; ++i) {
    std::int64_t count = 0;
    REQUIRE(databases.layout()->databases[i]->store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(count, unit.users().count());
      return {};
    }));
    CHECK(count > 5);
  }
  databases.open();
  for (std::int64_t id = 1; id <= 60; ++id) {
    REQUIRE(find(databases.store(), id));
    REQUIRE(find_by_email(databases.store(), "user" + std::to_string(id) + "@example.org")->id.value == id);
  }
}

TEST_CASE("a name that is taken in one shard is refused in every other, and nothing stays reserved",
          "[sharded]") {
  Databases databases(3);
  ShardedStore& store = databases.store();
  REQUIRE(create_user(store, make_user(1, "ada")));
  for (std::int64_t id = 2; id <= 12; ++id) {
    model::User thief = make_user(id, "other" + std::to_string(id));
    thief.email = "ada@example.org";
    const Status refused = create_user(store, thief);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
    CHECK(refused.error().fields.at(0).field == "email");
    CHECK_FALSE(find(store, id));
    // The username it did get a claim for is free again.
    REQUIRE(create_user(store, make_user(100 + id, "other" + std::to_string(id))));
  }
}

TEST_CASE("a map that is out of date never lets a write through to a former owner", "[sharded]") {
  Databases databases(2);
  ShardedStore& store = databases.store();
  REQUIRE(create_user(store, make_user(1, "ada")));
  const auto before = databases.layout();
  const std::uint32_t slot = model::slot_of(UserId{2});
  const std::size_t old_owner = before->part_of(UserId{2});
  const std::size_t new_owner = old_owner == 1 ? 2 : 1;
  change_owner(*before, slot, new_owner);
  REQUIRE(databases.layout()->part_of(UserId{2}) == old_owner);

  // The write goes to the former owner first, is refused there, and finds its way.
  const Status created = create_user(store, make_user(2, "bob"));
  INFO(text_of(created));
  REQUIRE(created);
  CHECK(databases.layout()->part_of(UserId{2}) == new_owner);
  const auto has_user = [&](std::size_t database) {
    bool found = false;
    REQUIRE(before->databases[database]->store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(const auto user, unit.users().find(UserId{2}));
      found = user.has_value();
      return {};
    }));
    return found;
  };
  CHECK_FALSE(has_user(old_owner));
  CHECK(has_user(new_owner));
}

TEST_CASE("a change of what another database has is refused, and nothing of the unit stays", "[sharded]") {
  Databases databases(2);
  ShardedStore& store = databases.store();
  const auto layout = databases.layout();
  std::int64_t other = 2;
  while (layout->part_of(UserId{other}) == layout->part_of(UserId{1})) ++other;
  const Status refused = store.write(Home::of(UserId{1}), [&](Unit& unit) -> Status {
    model::User first = make_user(1, "ada");
    model::User second = make_user(other, "bob");
    MUSTER_CHECK_OK(unit.users().create(first, "ada", std::nullopt));
    return unit.users().create(second, "bob", std::nullopt);
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::internal);
  CHECK_FALSE(find(store, 1));
  REQUIRE(create_user(store, make_user(3, "ada")));
}

}  // namespace muster::sharded::testing
