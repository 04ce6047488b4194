// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/topology.hpp"

#include "adapters/redis/client.hpp"
#include "support/redis_server.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::redis {
namespace {

using test::eventually;
using test::RedisCluster;
using test::RedisSentinels;
using test::RedisServer;

Url url_from(const std::string& text) {
  const auto url = Url::parse(text);
  REQUIRE(url);
  return *url;
}

Command put(const std::string& key, const std::string& value) {
  return {key, {"SET", key, value}, Repeat::harmless};
}

/// Empty when it cannot be read.
std::string value_of(Client& client, const std::string& key) {
  const auto reply = client.run({key, {"GET", key}, Repeat::harmless});
  return reply ? reply->text : std::string();
}

std::string key_of(int number) {
  return "user:" + std::to_string(number);
}

}  // namespace

TEST_CASE("slots of keys are those of the specification") {
  CHECK(slot_of_key("123456789") == 0x31c3);
  CHECK(slot_of_key("foo") == 12182);
  CHECK(slot_of_key("{user1000}.following") == slot_of_key("{user1000}.followers"));
  CHECK(slot_of_key("{user1000}.following") == slot_of_key("user1000"));
  CHECK(slot_of_key("foo{}{bar}") != slot_of_key("bar"));
  CHECK(slot_of_key("foo{{bar}}zap") == slot_of_key("{bar"));
  CHECK(slot_of_key("foo{bar}{zap}") == slot_of_key("bar"));
  CHECK(slot_of_key("") == 0);
}

TEST_CASE("with sentinels, what is written after a failover goes to the new primary") {
  RedisSentinels sentinels;
  Client client(url_from(sentinels.url()));
  CHECK(client.run(put("k", "before")));
  RedisServer& former = sentinels.primary();
  // Both replicas have it, whichever is chosen.
  CHECK(eventually([&] {
    return std::all_of(sentinels.servers.begin(), sentinels.servers.end(), [](const auto& each) {
      return each->say({"get", "k"}) == "before\n";
    });
  }));
  former.kill();
  CHECK(eventually([&] { return client.run(put("l", "after")).has_value(); }));
  RedisServer& now = sentinels.primary();
  CHECK(&now != &former);
  CHECK(value_of(client, "k") == "before");
  CHECK(now.say({"get", "l"}) == "after\n");
  CHECK(client.nodes().size() == 1);

  // The former one comes back, is made a replica, and is not written to.
  former.start();
  CHECK(eventually([&] { return former.role() == "slave"; }));
  CHECK(client.run(put("m", "later")));
  CHECK(now.say({"get", "m"}) == "later\n");
}

TEST_CASE("a primary that was made a replica is left, though it answers") {
  RedisSentinels sentinels;
  Client client(url_from(sentinels.url()));
  CHECK(client.run(put("k", "1")));
  RedisServer& former = sentinels.primary();
  CHECK(eventually([&] {
    const auto failover = test::run(
        {"redis-cli", "-p", std::to_string(sentinels.sentinels[0]->port()), "sentinel", "failover", "main"});
    return failover.out.starts_with("OK");
  }));
  CHECK(eventually([&] { return &sentinels.primary() != &former; }));
  CHECK(eventually([&] { return former.role() == "slave"; }));
  CHECK(eventually([&] { return client.run(put("k", "2")).has_value(); }));
  CHECK(sentinels.primary().say({"get", "k"}) == "2\n");
}

TEST_CASE("one sentinel that is gone is not missed, and without any the known primary is used") {
  RedisSentinels sentinels;
  Client client(url_from(sentinels.url()));
  sentinels.sentinels[0]->kill();
  CHECK(eventually([&] { return client.run(put("k", "1")).has_value(); }));
  sentinels.sentinels[1]->kill();
  sentinels.sentinels[2]->kill();
  CHECK(value_of(client, "k") == "1");
  Client late(url_from(sentinels.url()));
  const auto refused = late.run(put("k", "2"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("a cluster: keys go to their nodes, follow a slot that moves, and outlive a node") {
  RedisCluster cluster;
  Client client(url_from(cluster.url()));
  constexpr int keys = 300;
  std::vector<Command> commands;
  for (int i = 0; i < keys; ++i) commands.push_back(put(key_of(i), std::to_string(i)));
  for (const auto& reply : client.run_all(commands)) CHECK(reply);
  CHECK(client.nodes().size() == 3);
  for (int i = 0; i < keys; i += 50)
    CHECK(cluster.owner_of(slot_of_key(key_of(i))).say({"get", key_of(i)}) == std::to_string(i) + "\n");

  SECTION("a slot on its way is asked for where it is going, and then moved") {
    const std::string key = "{tag}a";
    const std::string missing = "{tag}b";
    const int slot = slot_of_key(key);
    CHECK(client.run(put(key, "1")));
    RedisServer& from = cluster.owner_of(slot);
    RedisServer& to = cluster.owner_of((slot + 8192) % 16384);
    REQUIRE(&from != &to);
    const std::string number = std::to_string(slot);
    to.say({"cluster", "setslot", number, "importing", RedisCluster::id_of(from)});
    from.say({"cluster", "setslot", number, "migrating", RedisCluster::id_of(to)});
    // The key is still here, and one that is not may be there already.
    CHECK(value_of(client, key) == "1");
    CHECK(client.run(put(missing, "2")));
    CHECK(value_of(client, missing) == "2");
    CHECK(from.say({"migrate", "127.0.0.1", std::to_string(to.port()), key, "0", "5000"}) == "OK\n");
    CHECK(value_of(client, key) == "1");
    for (RedisServer* each : {&to, &from})
      each->say({"cluster", "setslot", number, "node", RedisCluster::id_of(to)});
    CHECK(value_of(client, key) == "1");
    CHECK(value_of(client, missing) == "2");
    CHECK(client.run(put(key, "3")));
    CHECK(to.say({"get", key}) == "3\n");
  }

  SECTION("a primary that is killed") {
    RedisServer& gone = cluster.owner_of(slot_of_key(key_of(0)));
    // Its replica has everything.
    CHECK(eventually([&] { return gone.say({"wait", "1", "100"}).starts_with("1"); }));
    gone.kill();
    // The others' keys are not disturbed, beside threads that wait for those of the one that is gone.
    std::atomic<bool> stop{false};
    std::thread waiting([&] {
      for (int i = 0; i < 100'000 && !stop; ++i) static_cast<void>(value_of(client, key_of(0)));
    });
    int other = 1;
    while (slot_of_key(key_of(other)) / 5461 == slot_of_key(key_of(0)) / 5461) ++other;
    for (int i = 0; i < 200; ++i) CHECK(value_of(client, key_of(other)) == std::to_string(other));
    CHECK(eventually([&] { return value_of(client, key_of(0)) == "0"; }));
    stop = true;
    waiting.join();
    CHECK(eventually([&] { return client.run(put(key_of(0), "again")).has_value(); }));
    CHECK(value_of(client, key_of(0)) == "again");
  }
}

}  // namespace muster::redis
