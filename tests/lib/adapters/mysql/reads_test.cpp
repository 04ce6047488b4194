// SPDX-License-Identifier: Apache-2.0
// Reads on one snapshot, and reads whose looks are each of a moment of its own.
#include "lib/adapters/mysql/database.hpp"

#include <utility>

namespace muster::mysql::test {
namespace {

const ports::Freshness looks{.view = ports::View::looks};

/// What two looks in one read see, when "a" is changed between them.
std::pair<std::string, std::string> look_twice(ports::Store& store, const ports::Freshness& freshness,
                                               const std::string& changed) {
  std::pair<std::string, std::string> seen;
  const Status status = store.read(freshness, [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto first, unit.meta().get("a"));
    MUSTER_CHECK_OK(put(store, "a", changed));
    MUSTER_TRY(const auto second, unit.meta().get("a"));
    seen = {first.value_or(""), second.value_or("")};
    return {};
  });
  INFO((status ? "" : status.error().message + " / " + status.error().detail));
  REQUIRE(status);
  return seen;
}

}  // namespace

TEST_CASE("a snapshot stays as it was, looks follow; whichever was read before on the connection") {
  SERVER_UNDER_TEST(server);
  const auto store = open_store(options_for(server.dsn(server.create_database(), "connections_max=1")));
  REQUIRE(put(*store, "a", "0"));
  using Pair = std::pair<std::string, std::string>;
  CHECK(look_twice(*store, looks, "1") == Pair("0", "1"));
  CHECK(look_twice(*store, {}, "2") == Pair("1", "1"));
  CHECK(look_twice(*store, {}, "3") == Pair("2", "2"));
  CHECK(look_twice(*store, looks, "4") == Pair("3", "4"));
  CHECK(look_twice(*store, looks, "5") == Pair("4", "5"));
  CHECK(look_twice(*store, {}, "6") == Pair("5", "5"));
}

TEST_CASE("no read changes anything") {
  SERVER_UNDER_TEST(server);
  const auto store = open_store(options_for(server.dsn(server.create_database(), "connections_max=1")));
  REQUIRE(put(*store, "a", "0"));
  for (const auto view : {ports::View::looks, ports::View::snapshot, ports::View::looks}) {
    const Status refused = store->read({.view = view}, [](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.meta().get("a"));
      return unit.meta().put("a", "1");
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::internal);
    CHECK(get(*store, "a") == "0");
  }
  CHECK(store->health().writable);
}

}  // namespace muster::mysql::test
