// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"
#include "lib/adapters/sharded/invariants.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

using ports::Unit;

TEST_CASE("however many guards there are, those behind them are tended, and all are forgotten", "[sharded]") {
  constexpr std::int64_t others = 450;
  Databases databases(1);
  const auto layout = databases.layout();
  Database& database = *layout->databases[1];
  const ports::Name name{model::NameKind::email, "last@example.org"};
  const model::NameRow row{UserId{others + 1}, model::ClaimId{77}, std::nullopt};
  REQUIRE(database.store->write([&](Unit& unit) -> Status {
    for (std::int64_t user = 1; user <= others; ++user)
      MUSTER_CHECK_OK(unit.slots().put_guard({UserId{user},
                                              model::ClaimId{user},
                                              {model::NameKind::email, "gone" + std::to_string(user)},
                                              model::Guard::released}));
    MUSTER_CHECK_OK(unit.slots().put_guard({row.user, row.claim, name, model::Guard::released}));
    return unit.slots().put_name(name, row);
  }));
  const auto guards_left = [&] {
    return get(*database.store, [&](Unit& unit) {
      return unit.slots().guards(model::Guard::released, UserId{}, model::ClaimId{}, others + 1);
    });
  };
  for (int pass = 0; pass < 8 && !guards_left().empty(); ++pass) {
    const auto more = recover_part(*layout, database);
    INFO((more ? "" : more.error().message + " / " + more.error().detail));
    REQUIRE(more);
  }
  CHECK(guards_left().empty());
  CHECK_FALSE(get(*database.store, [&](Unit& unit) { return unit.slots().name(name); }));
}

TEST_CASE("a name that somebody reserved who is gone is not called taken: it can be had when that is over",
          "[sharded]") {
  Databases databases(3);
  ShardedStore& store = databases.store();
  const auto layout = databases.layout();
  const ports::Name name{model::NameKind::username, "ada"};
  std::map<Wish, Answer> answers;
  REQUIRE(reserve_names(*layout, {{name, UserId{1}}}, answers));

  const Status early = create_user(store, make_user(2, "ada"));
  REQUIRE_FALSE(early);
  CHECK(early.error().code == ErrorCode::unavailable);
  CHECK(early.error().retry_after);
  CHECK_FALSE(get(store, [](Unit& unit) { return unit.users().find(UserId{2}); }));

  databases.advance(reservation_time);
  REQUIRE(create_user(store, make_user(2, "ada")));
  // Whoever reserved it comes too late.
  const HeldName held{name, UserId{1}, *answers.begin()->second};
  REQUIRE(confirm_names(*layout, {held}));
  CHECK(get(store, [](Unit& unit) { return unit.users().find_by_username("ada"); })->id == UserId{2});
  settle(databases);
  check_invariants(databases);
}

namespace {

/// Names of which many are in each database.
std::set<Wish> many_wishes() {
  std::set<Wish> wishes;
  for (std::int64_t id = 1; id <= 40; ++id)
    wishes.insert({{model::NameKind::email, "user" + std::to_string(id) + "@example.org"}, UserId{id}});
  return wishes;
}

std::size_t pending_rows(const Layout& layout) {
  std::size_t pending = 0;
  for (const auto& database : layout.databases)
    for (const auto& each :
         get(*database->store, [](Unit& unit) { return unit.slots().names(std::nullopt, 1'000); }))
      pending += each.row.is_pending() ? 1 : 0;
  return pending;
}

std::size_t batches(const Layout& layout) {
  std::size_t all = 0;
  for (const auto& database : layout.databases)
    all +=
        get(*database->store, [](Unit& unit) { return unit.slots().due_batches(Time::max(), 100); }).size();
  return all;
}

}  // namespace

TEST_CASE("names that are reserved together are pending together, and lapse when nobody gets them",
          "[sharded]") {
  Databases databases(3);
  const auto layout = databases.layout();
  std::map<Wish, Answer> answers;
  REQUIRE(reserve_names(*layout, many_wishes(), answers));
  CHECK(answers.size() == 40);
  CHECK(batches(*layout) == 3);
  CHECK(pending_rows(*layout) == 40);
  settle(databases);
  CHECK(pending_rows(*layout) == 40);

  databases.advance(2 * reservation_time);
  settle(databases);
  CHECK(batches(*layout) == 0);
  for (const auto& database : layout->databases)
    CHECK(get(*database->store, [](Unit& unit) { return unit.slots().names(std::nullopt, 10); }).empty());
}

TEST_CASE("what is confirmed together becomes active, also when one of the names was looked after alone",
          "[sharded]") {
  Databases databases(3);
  const auto layout = databases.layout();
  std::map<Wish, Answer> answers;
  REQUIRE(reserve_names(*layout, many_wishes(), answers));
  std::vector<HeldName> held;
  for (const auto& [wish, answer] : answers) held.push_back({wish.name, wish.user, *answer});
  // One alone takes its batch apart, one that was taken back is gone, and the others are as they were.
  REQUIRE(confirm_names(*layout, {held.front()}));
  CHECK(batches(*layout) == 2);
  CHECK(pending_rows(*layout) == 39);
  const HeldName last = held.back();
  REQUIRE(cancel_names(*layout, {last}));
  held.pop_back();
  CHECK(pending_rows(*layout) == 38);
  REQUIRE(confirm_all_names(*layout, held));
  CHECK(batches(*layout) == 0);
  CHECK(pending_rows(*layout) == 0);
  CHECK_FALSE(
      get(*layout->owner_of(last.name).store, [&](Unit& unit) { return unit.slots().name(last.name); }));
}

}  // namespace muster::sharded::testing
