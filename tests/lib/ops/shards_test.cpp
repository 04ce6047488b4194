// SPDX-License-Identifier: Apache-2.0
// The operator's view of the shards, over real SQLite databases.
#include "ops/shards.hpp"

#include "lib/ops/spread.hpp"
#include "ops/audit.hpp"
#include "ops/import_users.hpp"
#include "ops/shards_change.hpp"
#include "ops/shards_examine.hpp"
#include "ops/shards_skew.hpp"
#include "ops/users.hpp"

#include <map>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops {
namespace {

using testing::message;
using testing::must;
using testing::outcome;
using testing::Spread;

const boost::json::array& items_of(const wire::Json& page) {
  return page.at("items").as_array();
}

std::int64_t sum_of(const boost::json::array& items, const char* member) {
  std::int64_t sum = 0;
  for (const auto& each : items) sum += each.at(member).as_int64();
  return sum;
}

}  // namespace

TEST_CASE("imported users without an id come into one part together, others where their ids say") {
  Spread spread(3);
  std::string items = R"({"id":"17","username":"known"})";
  for (int i = 0; i < 30; ++i) items += R"(,{"username":"user)" + std::to_string(i) + "\"}";
  const auto reply = must(spread.run<ImportUsers>(R"({"items":[)" + items + "]}"));
  CHECK(reply.at("created").as_int64() == 31);
  std::map<std::size_t, int> users_of_part;
  for (const auto& each : reply.at("results").as_array()) {
    const UserId id = *UserId::parse(std::string_view(each.at("id").as_string()));
    ++users_of_part[spread.context().store.part_of(id).index];
  }
  CHECK(reply.at("results").as_array()[0].at("id").as_string() == "17");
  CHECK(users_of_part.size() <= 2);
  CHECK(must(spread.run<ListUsers>(R"({"limit":100})")).at("items").as_array().size() == 31);
}

TEST_CASE("an import that is repeated with its key gives the same users, whatever ids it would draw now") {
  Spread spread(4);
  std::string users;
  for (int i = 0; i < 10; ++i)
    users += std::string(i == 0 ? "" : ",") + R"({"username":"user)" + std::to_string(i) + "\"}";
  const std::string request = R"({"items":[)" + users + "]}";
  for (int i = 0; i < 8; ++i) {
    Call call = Spread::as_operator();
    call.idempotency_key = "one-import";
    const auto reply = spread.run<ImportUsers>(call, request);
    CHECK(outcome(reply) == "ok");
    CHECK(must(reply).at("created").as_int64() == 10);
  }
  CHECK(must(spread.run<ListUsers>()).at("items").as_array().size() == 10);
}

TEST_CASE("one database is one shard, the catalog, with all slots") {
  Spread spread(0);
  (void)spread.add_user("alice");
  const auto shards = must(spread.run<ListShards>());
  REQUIRE(items_of(shards).size() == 1);
  const auto& shard = items_of(shards)[0];
  CHECK(shard.at("id").as_string() == "0");
  CHECK(shard.at("catalog").as_bool());
  CHECK(shard.at("state").as_string() == "ok");
  CHECK(shard.at("reason").is_null());
  CHECK(shard.at("slots").as_int64() == 4096);
  CHECK(shard.at("users").as_int64() == 1);
  CHECK(shard.at("writes").as_int64() >= 1);
  const auto slots = must(spread.run<ListSlots>());
  REQUIRE(items_of(slots).size() == 1);
  CHECK(items_of(slots)[0].at("last").as_int64() == 4095);
  CHECK(items_of(slots)[0].at("users").as_int64() == 1);
}

TEST_CASE("shards are listed with what they own, and their users are counted by them") {
  Spread spread(3);
  for (int i = 0; i < 12; ++i) (void)spread.add_user("user" + std::to_string(i));
  const auto shards = must(spread.run<ListShards>());
  REQUIRE(items_of(shards).size() == 4);
  CHECK(items_of(shards)[0].at("slots").as_int64() == 0);
  CHECK(items_of(shards)[0].at("users").as_int64() == 0);
  CHECK(items_of(shards)[2].at("dsn").as_string() == spread.dsn(2));
  CHECK(sum_of(items_of(shards), "slots") == 4096);
  CHECK(sum_of(items_of(shards), "users") == 12);

  const auto slots = must(spread.run<ListSlots>());
  REQUIRE(items_of(slots).size() == 3);
  CHECK(items_of(slots)[0].at("first").as_int64() == 0);
  CHECK(items_of(slots)[1].at("first").as_int64() == items_of(slots)[0].at("last").as_int64() + 1);
  CHECK(sum_of(items_of(slots), "slots") == 4096);
  CHECK(sum_of(items_of(slots), "users") == 12);
  const auto of_one = must(spread.run<ListSlots>(R"({"shard":"2"})"));
  REQUIRE(items_of(of_one).size() == 1);
  CHECK(items_of(of_one)[0] == items_of(slots)[1]);
  const auto each = must(spread.run<ListSlots>(R"({"shard":"2","each":true})"));
  CHECK(static_cast<std::int64_t>(items_of(each).size()) == items_of(of_one)[0].at("slots").as_int64());
  CHECK(sum_of(items_of(each), "users") == items_of(of_one)[0].at("users").as_int64());
  CHECK(outcome(spread.run<ListSlots>(R"({"shard":"9"})")) == "not_found");
  CHECK(outcome(spread.run<ListSlots>(R"({"shard":"02"})")) == "not_found");
}

TEST_CASE("the rate of changes is counted by the databases, and seen where they are") {
  Spread spread(2);
  (void)must(spread.run<ListShards>());
  const auto rates = [&] {
    double sum = 0;
    const auto shards = must(spread.run<ListShards>());
    for (const auto& each : items_of(shards))
      if (!each.at("writes_per_second").is_null()) sum += each.at("writes_per_second").to_number<double>();
    return sum;
  };
  bool is_seen = false;
  for (int i = 0; i < 100 && !is_seen; ++i) {
    (void)spread.add_user("user" + std::to_string(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    is_seen = rates() > 0;
  }
  CHECK(is_seen);
  const auto overview = spread.context().sharding->overview();
  REQUIRE(overview.size() == 3);
  CHECK(overview[1].counters.writes > 0);
  CHECK(overview[1].counters.readers_max > 0);
}

TEST_CASE("a shard that cannot be reached is listed with the reason, and the others as ever") {
  Spread spread(2);
  for (int i = 0; i < 8; ++i) (void)spread.add_user("user" + std::to_string(i));
  const auto before = items_of(must(spread.run<ListShards>()));
  spread.close();
  const std::string folder = std::filesystem::path(spread.path(2)).parent_path();
  std::filesystem::rename(folder, folder + "-gone");
  spread.open();
  const auto shards = items_of(must(spread.run<ListShards>()));
  REQUIRE(shards.size() == 3);
  CHECK(shards[1].at("state").as_string() == "ok");
  CHECK(shards[1].at("users") == before[1].at("users"));
  CHECK(shards[2].at("state").as_string() == "unreachable");
  CHECK_FALSE(shards[2].at("reason").as_string().empty());
  CHECK(shards[2].at("users").is_null());
  CHECK(shards[2].at("slots") == before[2].at("slots"));
  const auto slots = items_of(must(spread.run<ListSlots>()));
  REQUIRE(slots.size() == 2);
  CHECK(slots[0].at("users") == before[1].at("users"));
  CHECK(slots[1].at("users").is_null());
  const auto examined = items_of(must(spread.run<ExamineShards>()));
  REQUIRE(examined.size() == 3);
  CHECK(examined[1].at("state").as_string() == "ok");
  CHECK(examined[1].at("schema").as_string() == "current");
  CHECK(examined[1].at("faults").as_array().empty());
  CHECK(examined[2].at("state").as_string() == "unreachable");
  CHECK_FALSE(examined[2].at("reason").as_string().empty());
  CHECK(examined[2].at("schema").is_null());
  const auto skew = spread.run<ShowSkew>();
  CHECK(outcome(skew) == "unavailable");
  CHECK_THAT(message(skew), Catch::Contains("shard 2 cannot be asked"));
}

TEST_CASE("skew compares the fullest shard with the mean, and names the hottest slots") {
  Spread spread(2);
  std::map<std::int64_t, std::int64_t> users_of_slot;
  for (int i = 0; i < 9; ++i) {
    const auto id = UserId::parse(spread.add_user("user" + std::to_string(i)));
    REQUIRE(id);
    ++users_of_slot[model::slot_of(*id)];
  }
  const auto skew = must(spread.run<ShowSkew>(R"({"hottest":3})"));
  const auto& shards = skew.at("shards").as_array();
  REQUIRE(shards.size() == 2);
  CHECK(sum_of(shards, "users") == 9);
  const auto most = std::max(shards[0].at("users").as_int64(), shards[1].at("users").as_int64());
  CHECK(skew.at("users_max_to_mean").to_number<double>() == Approx(static_cast<double>(most) / 4.5));
  const auto& hottest = skew.at("most_users").as_array();
  REQUIRE(hottest.size() == 3);
  std::int64_t fullest = 0;
  for (const auto& [slot, users] : users_of_slot) fullest = std::max(fullest, users);
  CHECK(hottest[0].at("users").as_int64() == fullest);
  CHECK(users_of_slot[hottest[0].at("slot").as_int64()] == fullest);
  CHECK(skew.at("most_writes").as_array().size() == 3);
}

TEST_CASE("who may read shards is asked for that permission") {
  Spread spread(1);
  const auto id = UserId::parse(spread.add_user("alice"));
  Call call;
  call.caller.kind = Caller::Kind::user;
  call.caller.user = *id;
  CHECK(outcome(spread.run<ListShards>(call)) == "permission_denied");
  CHECK(outcome(spread.run<ListSlots>(call)) == "permission_denied");
  CHECK(outcome(spread.run<ShowSkew>(call)) == "permission_denied");
  CHECK(outcome(spread.run<ExamineShards>(call)) == "permission_denied");
}

TEST_CASE("a shard is added without slots, audited, and is there after a restart") {
  Spread spread(0);
  (void)spread.add_user("alice");
  const std::string request = R"({"dsn":")" + spread.dsn(1) + R"("})";

  Call dry = Spread::as_operator();
  dry.dry_run = true;
  const auto plan = must(spread.run<AddShard>(dry, request));
  CHECK(plan.at("changes").as_int64() == 1);
  CHECK_FALSE(std::filesystem::exists(spread.path(1)));
  CHECK(items_of(must(spread.run<ListShards>())).size() == 1);

  Call call = Spread::as_operator();
  call.plan_hash = std::string(plan.at("plan_hash").as_string());
  call.idempotency_key = "one-more";
  const auto added = must(spread.run<AddShard>(call, request));
  CHECK(added.at("id").as_string() == "1");
  CHECK(added.at("slots").as_int64() == 0);
  SECTION("asked for again by the same request, it is the same shard") {
    Call again = Spread::as_operator();
    again.idempotency_key = "one-more";
    CHECK(must(spread.run<AddShard>(again, request)) == added);
    CHECK(items_of(must(spread.run<ListShards>())).size() == 2);
  }
  for (const char* when : {"at once", "after a restart"}) {
    INFO(when);
    const auto shards = must(spread.run<ListShards>());
    REQUIRE(items_of(shards).size() == 2);
    CHECK(items_of(shards)[0].at("slots").as_int64() == 4096);
    CHECK(items_of(shards)[1].at("dsn").as_string() == spread.dsn(1));
    CHECK(items_of(shards)[1].at("slots").as_int64() == 0);
    CHECK(items_of(shards)[1].at("state").as_string() == "ok");
    spread.open();
  }
  const auto audit = must(spread.run<ListAudit>(R"({"operation":"add_shard"})"));
  REQUIRE(items_of(audit).size() == 1);
  CHECK(items_of(audit)[0].at("target").as_string() == "shard:1");
  (void)spread.add_user("bob");
  CHECK(sum_of(items_of(must(spread.run<ListShards>())), "users") == 2);
}

TEST_CASE("what can be no shard is refused with the reason") {
  Spread spread(1);
  const auto add = [&](const std::string& dsn) {
    return spread.run<AddShard>(R"({"dsn":")" + dsn + R"("})");
  };
  const auto scheme = add("postgres://db/muster");
  CHECK(outcome(scheme) == "invalid_argument");
  CHECK_THAT(message(scheme), Catch::Contains("sqlite:///path or mysql://"));
  const auto known = add(spread.dsn(1));
  CHECK(outcome(known) == "already_exists");
  CHECK_THAT(message(known), Catch::Contains("is a shard already"));
  CHECK(outcome(add("sqlite:///proc/no/such/folder/shard.db")) == "unavailable");

  Spread other(1);
  (void)other.add_user("alice");
  other.close();
  const auto theirs = add(other.dsn(1));
  CHECK(outcome(theirs) == "conflict");
  CHECK_THAT(message(theirs), Catch::Contains("another catalog"));

  Spread whole(0);
  (void)whole.add_user("alice");
  const std::string dsn = "sqlite://" + whole.folder() + "/data/muster.db";
  whole.close();
  const auto full = add(dsn);
  CHECK(outcome(full) == "conflict");
  CHECK_THAT(message(full), Catch::Contains("users of its own"));

  CHECK(items_of(must(spread.run<ListShards>())).size() == 2);
  CHECK(items_of(must(spread.run<ListAudit>(R"({"operation":"add_shard"})"))).empty());
}

TEST_CASE("draining is planned, not done") {
  Spread spread(3);
  Call dry = Spread::as_operator();
  dry.dry_run = true;
  const auto plan = must(spread.run<DrainShard>(dry, R"({"id":"2"})"));
  const auto owned = items_of(must(spread.run<ListSlots>(R"({"shard":"2"})")))[0].at("slots").as_int64();
  CHECK(plan.at("changes").as_int64() == owned);
  const auto& moves = plan.at("after").at("moves").as_array();
  CHECK(sum_of(moves, "slots") == owned);
  for (const auto& each : moves) {
    CHECK(each.at("from").as_string() == "2");
    const auto& to = each.at("to").as_string();
    CHECK((to == "1" || to == "3"));
  }
  const auto refused = spread.run<DrainShard>(R"({"id":"2"})");
  CHECK(outcome(refused) == "precondition_failed");
  CHECK_THAT(message(refused), Catch::Contains("not in this version"));
  CHECK(items_of(must(spread.run<ListSlots>())).size() == 3);
  CHECK(outcome(spread.run<DrainShard>(dry, R"({"id":"7"})")) == "not_found");
  CHECK(must(spread.run<DrainShard>(dry, R"({"id":"0"})")).at("changes").as_int64() == 0);

  Spread whole(0);
  CHECK(outcome(whole.run<DrainShard>(dry, R"({"id":"0"})")) == "precondition_failed");
}

}  // namespace muster::ops
