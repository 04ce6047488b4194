// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"
#include "lib/adapters/sharded/invariants.hpp"

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

}  // namespace muster::sharded::testing
