// SPDX-License-Identifier: Apache-2.0
#include "ops/audit.hpp"

#include "lib/ops/fixture.hpp"
#include "ops/audit_walk.hpp"
#include "ops/create_role.hpp"
#include "ports/security_store.hpp"

#include <catch2/catch.hpp>
#include <sqlite3.h>

namespace muster::ops::testing {
namespace {

void make_records(World& world, int count) {
  for (int i = 0; i < count; ++i)
    must(world.run<CreateRole>(json_of(R"({"name":%})", "role" + std::to_string(i))));
}

/// As many at once, without the operation that would cause each.
void append_records(World& world, int count) {
  REQUIRE(world.context().store.write([&](ports::Unit& unit) -> Status {
    for (int i = 0; i < count; ++i) {
      model::AuditRecord record;
      record.time = world.clock.now();
      record.actor = "system";
      record.operation = "test";
      record.after = JsonValue{std::to_string(i)};
      MUSTER_CHECK_OK(unit.audit().append(record));
    }
    return {};
  }));
}

/// What somebody with the file in hand does.
void tamper(World& world, const std::string& sql) {
  world.close();
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(world.database().c_str(), &database) == SQLITE_OK);
  char* error = nullptr;
  const int done = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error);
  INFO((error == nullptr ? "" : error));
  CHECK(done == SQLITE_OK);
  CHECK(sqlite3_total_changes(database) > 0);
  sqlite3_free(error);
  sqlite3_close(database);
  world.open();
}

wire::Json verdict(World& world) {
  return must(world.run<VerifyAudit>());
}

}  // namespace

TEST_CASE("changes leave records that can be filtered and paged", "[audit]") {
  World world;
  make_records(world, 3);
  const UserId ann = world.add_user("ann");
  CHECK(outcome(world.run_as<ListAudit>(ann)) == "permission_denied");
  const auto all = must(world.run<ListAudit>());
  REQUIRE(all.at("items").as_array().size() == 3);
  const auto& first = all.at("items").at(0);
  CHECK(first.at("seq").as_int64() == 1);
  CHECK(first.at("actor").as_string() == "os:0");
  CHECK(first.at("source").as_string() == "unix");
  CHECK(first.at("operation").as_string() == "create_role");
  CHECK(first.at("target").as_string() == "role:role0");
  CHECK(first.at("before").is_null());
  CHECK(first.at("after").at("name").as_string() == "role0");
  const auto page = must(world.run<ListAudit>(R"({"limit":2})"));
  const auto rest =
      must(world.run<ListAudit>(json_of(R"({"cursor":%})", page.at("next_cursor").as_string().c_str())));
  REQUIRE(rest.at("items").as_array().size() == 1);
  CHECK(rest.at("items").at(0).at("seq").as_int64() == 3);
  CHECK(must(world.run<ListAudit>(R"({"target":"role:role1"})")).at("items").as_array().size() == 1);
  CHECK(must(world.run<ListAudit>(R"({"actor":"os:1"})")).at("items").as_array().empty());
  CHECK(outcome(world.run<ListAudit>(R"({"cursor":"x"})")) == "invalid_argument");
}

TEST_CASE("a whole chain verifies, across many pieces", "[audit]") {
  World world;
  CHECK(verdict(world).at("ok").as_bool());
  CHECK(verdict(world).at("records").as_int64() == 0);
  append_records(world, 1100);
  const auto whole = verdict(world);
  CHECK(whole.at("ok").as_bool());
  CHECK(whole.at("records").as_int64() == 1100);
  CHECK(whole.at("first_seq").as_int64() == 1);
  CHECK(whole.at("head_seq").as_int64() == 1100);
  CHECK(whole.at("head_hash").as_string().size() == 64);
  REQUIRE(remember_audit_head(world.context()));
  world.reopen();
  CHECK(verdict(world).at("ok").as_bool());
}

TEST_CASE("a chain that was tampered with is found out, and where", "[audit]") {
  World world;
  make_records(world, 6);
  REQUIRE(remember_audit_head(world.context()));
  REQUIRE(verdict(world).at("ok").as_bool());
  const auto check_broken = [&](std::int64_t seq) {
    const auto found = verdict(world);
    INFO(wire::to_text(found));
    CHECK_FALSE(found.at("ok").as_bool());
    CHECK(found.at("broken_at_seq").as_int64() == seq);
    CHECK(found.at("reason").is_string());
  };
  SECTION("a changed record") {
    tamper(world, "UPDATE audit SET actor = 'os:1000' WHERE seq = 3");
    check_broken(3);
  }
  SECTION("a changed time") {
    tamper(world, "UPDATE audit SET time = time + 1 WHERE seq = 1");
    check_broken(1);
  }
  SECTION("a dropped record") {
    tamper(world, "DELETE FROM audit WHERE seq = 4");
    check_broken(4);
  }
  SECTION("the first dropped") {
    tamper(world, "DELETE FROM audit WHERE seq = 1");
    check_broken(1);
  }
  SECTION("two in each other's place") {
    tamper(world,
           "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 5;"
           "UPDATE audit SET seq = 5 WHERE seq = -2");
    check_broken(2);
  }
  SECTION("the end cut off") {
    tamper(world, "DELETE FROM audit WHERE seq > 4");
    check_broken(5);
  }
  SECTION("the end cut off, and written on") {
    tamper(world, "DELETE FROM audit WHERE seq > 4");
    for (int i = 10; i < 14; ++i)
      must(world.run<CreateRole>(json_of(R"({"name":%})", "late" + std::to_string(i))));
    check_broken(6);
    // Nor is the new end remembered in the place of the old one.
    REQUIRE(remember_audit_head(world.context()));
    check_broken(6);
  }
  SECTION("the remembered end forged") {
    tamper(world, "UPDATE meta SET value = x'00' WHERE name = 'audit_mark'");
    check_broken(7);
  }
}

}  // namespace muster::ops::testing
