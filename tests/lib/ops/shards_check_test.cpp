// SPDX-License-Identifier: Apache-2.0
// Lookup rows and users that do not lead to each other, in real databases that were changed by hand.
#include "ops/shards_check.hpp"

#include "adapters/sqlite/sqlite_store.hpp"
#include "lib/ops/spread.hpp"
#include "model/slot_map.hpp"
#include "ops/grant_role.hpp"
#include "ops/jobs.hpp"
#include "ops/users.hpp"
#include "ports/slot_store.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace muster::ops {
namespace {

using testing::must;
using testing::outcome;
using testing::Spread;

constexpr std::size_t shards = 3;

std::size_t shard_of(std::uint32_t slot) {
  return slot * shards / model::slot_count + 1;
}
std::size_t shard_of(const ports::Name& name) {
  return shard_of(model::slot_of_name(name.kind, name.value));
}
ports::Name username(const std::string& value) {
  return {model::NameKind::username, value};
}

/// Changes a shard's database while no daemon has it.
void change(const Spread& spread, std::size_t shard, const std::function<Status(ports::Unit&)>& work) {
  auto store = sqlite::open({.path = spread.path(shard)});
  INFO((store ? std::string() : store.error().message));
  REQUIRE(store);
  const Status done = (*store)->write(work);
  INFO((done ? std::string() : done.error().message + " " + done.error().detail));
  REQUIRE(done);
}

wire::Json finished(Spread& spread, const wire::Json& job) {
  const std::string request = R"({"id":")" + std::string(job.at("id").as_string()) + R"("})";
  for (int i = 0; i < 2000; ++i) {
    auto now = must(spread.run<GetJob>(request));
    const auto& state = now.at("state").as_string();
    if (state != "queued" && state != "running") {
      INFO(wire::to_text(now));
      REQUIRE(state == "done");
      return now.at("result");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the job does not end");
  return {};
}

wire::Json check(Spread& spread, const std::string& request = "{}") {
  return finished(spread, must(spread.run<CheckShards>(request)));
}

constexpr const char* repairing = R"({"repair":true})";

std::int64_t count(const wire::Json& verdict, const char* name) {
  return verdict.at(name).as_int64();
}

bool is_found(Spread& spread, const std::string& name) {
  return !must(spread.run<ListUsers>(R"({"username":")" + name + R"("})")).at("items").as_array().empty();
}

}  // namespace

TEST_CASE("names and users that lead to each other are found to") {
  for (const std::size_t spread_over : {std::size_t{0}, shards}) {
    Spread spread(spread_over);
    for (int i = 0; i < 20; ++i) (void)spread.add_user("user" + std::to_string(i));
    const auto verdict = check(spread, repairing);
    INFO(wire::to_text(verdict));
    CHECK(verdict.at("ok").as_bool());
    CHECK(count(verdict, "users") == 20);
    CHECK(count(verdict, "names") == 40);
    CHECK(count(verdict, "repaired") == 0);
  }
}

TEST_CASE("a name that leads to nobody is reported, and removed when that is asked for") {
  Spread spread(shards);
  const auto id = UserId::parse(spread.add_user("alice"));
  spread.close();
  // One of a user who is not there, one of a user who has it not.
  for (const auto& [value, user] : {std::pair{"nobody", UserId{77}}, std::pair{"former", *id}})
    change(spread, shard_of(username(value)), [&, &name = value, &of = user](ports::Unit& unit) {
      return unit.slots().put_name(username(name), {of, {4711}, std::nullopt});
    });
  spread.open();
  const auto verdict = check(spread);
  INFO(wire::to_text(verdict));
  CHECK_FALSE(verdict.at("ok").as_bool());
  CHECK(count(verdict, "orphans") == 2);
  CHECK(count(verdict, "remaining") == 2);
  CHECK(verdict.at("faults").as_array().size() == 2);

  const auto repaired = check(spread, repairing);
  CHECK(repaired.at("ok").as_bool());
  CHECK(count(repaired, "repaired") == 2);
  CHECK(count(check(spread), "orphans") == 0);
  CHECK(is_found(spread, "alice"));
  (void)spread.add_user("nobody");
  (void)spread.add_user("former");
  CHECK(is_found(spread, "former"));
}

TEST_CASE("a name whose row is gone is reported, and leads to its user again when that is asked for") {
  Spread spread(shards);
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) names.push_back("user" + std::to_string(i));
  std::vector<UserId> ids;
  for (const std::string& each : names) ids.push_back(*UserId::parse(spread.add_user(each)));
  spread.close();
  for (std::size_t i = 0; i < names.size(); ++i)
    change(spread, shard_of(username(names[i])),
           [&](ports::Unit& unit) { return unit.slots().remove_name(username(names[i]), ids[i]); });
  spread.open();
  CHECK_FALSE(is_found(spread, "user0"));
  CHECK(count(check(spread), "missing") == 6);
  const auto repaired = check(spread, repairing);
  INFO(wire::to_text(repaired));
  CHECK(count(repaired, "repaired") == 6);
  for (const std::string& each : names) CHECK(is_found(spread, each));
  CHECK(check(spread).at("ok").as_bool());
  CHECK(outcome(spread.run<CreateUser>(R"({"username":"user3","password":"plume-lantern-47-quarry"})")) ==
        "already_exists");
}

TEST_CASE("two users with one name are both reported, and neither loses it") {
  Spread spread(shards);
  const auto first = UserId::parse(spread.add_user("alice"));
  // In a database that has not the row, so that nothing there speaks against it.
  model::User twin;
  twin.id.value = 1000;
  while (shard_of(model::slot_of(twin.id)) == shard_of(username("alice"))) ++twin.id.value;
  twin.username = "alice";
  spread.close();
  change(spread, shard_of(model::slot_of(twin.id)),
         [&](ports::Unit& unit) -> Status { return unit.users().create(twin, "alice", std::nullopt); });
  spread.open();
  for (const char* request : {"{}", repairing}) {
    const auto verdict = check(spread, request);
    INFO(wire::to_text(verdict));
    CHECK_FALSE(verdict.at("ok").as_bool());
    CHECK(count(verdict, "duplicates") == 1);
    CHECK(count(verdict, "remaining") == 1);
    const auto& fault = verdict.at("faults").as_array()[0];
    CHECK(fault.at("fault").as_string() == "duplicate");
    CHECK(fault.at("name").as_string() == "alice");
    CHECK(fault.at("user_id").as_string() == twin.id.text());
    CHECK(fault.at("other_user_id").as_string() == first->text());
  }
  CHECK(must(spread.run<GetUser>(R"({"id":")" + twin.id.text() + R"("})")).at("username") == "alice");
  CHECK(must(spread.run<GetUser>(R"({"id":")" + first->text() + R"("})")).at("username") == "alice");
}

TEST_CASE("in one database too, rows that lead nowhere and rows that are gone are found and mended") {
  Spread spread(0);
  const auto id = UserId::parse(spread.add_user("alice"));
  spread.close();
  {
    auto store = sqlite::open({.path = spread.folder() + "/data/muster.db"});
    REQUIRE(store);
    REQUIRE((*store)->write([&](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.slots().remove_name(username("alice"), *id));
      return unit.slots().put_name(username("nobody"), {UserId{77}, {0}, std::nullopt});
    }));
  }
  spread.open();
  const auto verdict = check(spread);
  INFO(wire::to_text(verdict));
  CHECK(count(verdict, "orphans") == 1);
  CHECK(count(verdict, "missing") == 1);
  CHECK(check(spread, repairing).at("ok").as_bool());
  const auto after = check(spread);
  CHECK(after.at("ok").as_bool());
  CHECK(count(after, "orphans") + count(after, "missing") == 0);
  CHECK(is_found(spread, "alice"));
  (void)spread.add_user("nobody");
}

TEST_CASE("what changes while it is checked is not taken for a fault, nor broken by a repair") {
  Spread spread(shards);
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(spread.add_user("user" + std::to_string(i)));
  std::atomic<bool> stop{false};
  std::atomic<int> changes{0};
  std::atomic<int> failures{0};
  std::thread renaming([&] {
    for (int round = 0; !stop; ++round) {
      // Each round the addresses go on by one user, so that names move between users all the time.
      const std::size_t user = static_cast<std::size_t>(round) % ids.size();
      Call call = Spread::as_operator();
      const auto done = spread.run<UpdateUser>(call, R"({"id":")" + ids[user] + R"(","email":"round)" +
                                                         std::to_string(round % 7) + "-" +
                                                         std::to_string(user) + R"(@example.com"})");
      ++(done ? changes : failures);
    }
  });
  bool all_ok = true;
  std::string last;
  while (changes < 60 && failures == 0) {
    const auto verdict = check(spread, repairing);
    if (verdict.at("faults").as_array().empty()) continue;
    all_ok = false;
    last = wire::to_text(verdict);
    break;
  }
  stop = true;
  renaming.join();
  INFO(last);
  CHECK(all_ok);
  CHECK(failures == 0);
  CHECK(check(spread).at("ok").as_bool());
}

TEST_CASE("who may read shards may check them, and repair only with the permission to change them") {
  Spread spread(1);
  const auto id = UserId::parse(spread.add_user("alice"));
  must(spread.run<GrantRole>(R"({"id":")" + id->text() + R"(","role":"muster-auditor"})"));
  Call call;
  call.caller.kind = Caller::Kind::user;
  call.caller.user = *id;
  CHECK(outcome(spread.run<CheckShards>(call)) == "ok");
  CHECK(outcome(spread.run<CheckShards>(call, repairing)) == "permission_denied");
}

}  // namespace muster::ops
