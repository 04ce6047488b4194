// SPDX-License-Identifier: Apache-2.0
#include "ops/master_key.hpp"

#include "lib/ops/fixture.hpp"
#include "ops/backups.hpp"
#include "ports/system_store.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

void keep_check_value(World& world) {
  REQUIRE(world.context().store.write([&](ports::Unit& unit) {
    return unit.meta().put(std::string(master_key_check_name),
                           master_key_check_value(world.context().sealer));
  }));
}

void copy_backup(World& from, World& to, const std::string& name) {
  std::filesystem::create_directories(to.folder() + "/backups");
  REQUIRE(from.context().store.backup(to.folder() + "/backups/" + name, {}));
}

}  // namespace

TEST_CASE("the wrong master key is found out") {
  World right;
  World wrong;
  const std::string check_value = master_key_check_value(right.context().sealer);
  CHECK(check_master_key(right.context().sealer, check_value));
  const auto refused = check_master_key(wrong.context().sealer, check_value);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::precondition_failed);
  CHECK_FALSE(check_master_key(right.context().sealer, "garbage"));
  CHECK_FALSE(check_master_key(right.context().sealer, ""));
}

TEST_CASE("a backup whose keys were sealed under another master key is told apart, and not restored",
          "[one-database]") {
  World world;
  World other;
  keep_check_value(world);
  keep_check_value(other);
  copy_backup(world, world, "ours.db");
  copy_backup(other, world, "theirs.db");
  CHECK(outcome(world.run<VerifyBackup>(R"({"name":"ours.db"})")) == "ok");
  CHECK(outcome(world.run<RestoreBackup>(R"({"name":"ours.db"})")) == "ok");
  const auto refused = world.run<VerifyBackup>(R"({"name":"theirs.db"})");
  CHECK(outcome(refused) == "conflict");
  CHECK(message(refused).find("another master key") != std::string::npos);
  CHECK(outcome(world.run<RestoreBackup>(R"({"name":"theirs.db"})")) == "conflict");
}

}  // namespace muster::ops::testing
