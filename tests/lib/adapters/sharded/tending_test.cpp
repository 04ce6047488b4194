// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"
#include "lib/adapters/sharded/invariants.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

using ports::Unit;

TEST_CASE("guards that stay do not keep those behind them from being tended", "[sharded]") {
  constexpr std::int64_t staying = 450;
  Databases databases(1);
  const auto layout = databases.layout();
  Database& database = *layout->databases[1];
  const ports::Name name{model::NameKind::email, "last@example.org"};
  const model::NameRow row{UserId{staying + 1}, model::ClaimId{77}, Time::max()};
  REQUIRE(database.store->write([&](Unit& unit) -> Status {
    // Nothing leads to them any more; who committed them may yet come back.
    for (std::int64_t user = 1; user <= staying; ++user)
      MUSTER_CHECK_OK(unit.slots().put_guard({UserId{user},
                                              model::ClaimId{user},
                                              {model::NameKind::email, "gone" + std::to_string(user)},
                                              model::Guard::committed}));
    MUSTER_CHECK_OK(unit.slots().put_guard({row.user, row.claim, name, model::Guard::committed}));
    return unit.slots().put_name(name, row);
  }));
  const auto is_confirmed = [&] {
    const auto found = get(*database.store, [&](Unit& unit) { return unit.slots().name(name); });
    REQUIRE(found);
    return !found->is_pending();
  };
  for (int pass = 0; pass < 4 && !is_confirmed(); ++pass) {
    const auto more = recover_part(*layout, database);
    INFO((more ? "" : more.error().message + " / " + more.error().detail));
    REQUIRE(more);
  }
  CHECK(is_confirmed());
}

}  // namespace muster::sharded::testing
