// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/client.hpp"

#include "support/redis_server.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::redis {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RedisServer;

Url url_of(const std::string& text) {
  const auto url = Url::parse(text);
  REQUIRE(url);
  return *url;
}

Url url_of(const RedisServer& server, const std::string& rest = {}) {
  return url_of("redis://" + server.address() + rest);
}

Command get(const std::string& key) {
  return {key, {"GET", key}, Repeat::harmless};
}

Command set(const std::string& key, const std::string& value) {
  return {key, {"SET", key, value}, Repeat::harmless};
}

std::string text_of(const Result<Reply>& reply) {
  INFO((reply ? "" : reply.error().message + ": " + reply.error().detail));
  REQUIRE(reply);
  return reply->text;
}

/// That an answer came in a bounded time, not that it was fast.
class Bounded {
 public:
  ~Bounded() { CHECK(std::chrono::steady_clock::now() - began_ < 20s); }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

TEST_CASE("commands carry any bytes and give every kind of reply") {
  const RedisServer server;
  Client client(url_of(server));
  const std::string bytes("a\0b\r\n\xff", 6);
  CHECK(text_of(client.run(set("k", bytes))) == "OK");
  CHECK(text_of(client.run(get("k"))) == bytes);
  CHECK(client.run(get("missing"))->is_nothing());
  CHECK(client.run({"n", {"INCRBY", "n", "41"}})->integer == 41);
  const auto list = client.run({"l", {"MGET", "k", "missing"}});
  REQUIRE(list);
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[0].text == bytes);
  CHECK(list->items[1].is_nothing());
  const auto wrong = client.run({"k", {"LPUSH", "k", "x"}});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::internal);
  CHECK(wrong.error().message == "internal error");
  CHECK(wrong.error().detail.find("WRONGTYPE") != std::string::npos);
  CHECK(text_of(client.run(get("k"))) == bytes);
}

TEST_CASE("a pipeline has each command's own outcome") {
  const RedisServer server;
  Client client(url_of(server));
  std::vector<Command> commands;
  for (int i = 0; i < 500; ++i) commands.push_back(set("k" + std::to_string(i), std::to_string(i)));
  commands.push_back({"k0", {"LPUSH", "k0", "x"}});
  commands.push_back(get("k77"));
  const auto replies = client.run_all(commands);
  REQUIRE(replies.size() == commands.size());
  CHECK(text_of(replies[499]) == "OK");
  CHECK_FALSE(replies[500]);
  CHECK(text_of(replies[501]) == "77");
  CHECK(client.nodes().front()->counts().exchanges == 1);
}

TEST_CASE("a script is sent once, and again to a server that forgot it") {
  RedisServer server;
  Client client(url_of(server));
  Script script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  CHECK(client.run(script, {"n"}, {"2"})->integer == 2);
  CHECK(client.run(script, {"n"}, {"3"})->integer == 5);
  const std::string loads = server.say({"info", "commandstats"});
  CHECK(loads.find("cmdstat_script|load:calls=1,") != std::string::npos);
  server.say({"script", "flush"});
  CHECK(client.run(script, {"n"}, {"4"})->integer == 9);
}

TEST_CASE("an account, its password and a database are used, and a wrong password is told") {
  const RedisServer server({"--user", "default", "off", "--user", "muster", "on", ">se:cret", "~*", "&*",
                            "+@all", "--databases", "4"});
  const Passwords passwords{Secret("se:cret"), Secret()};
  Client client(url_of("redis://muster@" + server.address() + "/2"), passwords);
  CHECK(text_of(client.run(set("k", "v"))) == "OK");
  CHECK(client.run({"", {"CLIENT", "INFO"}})->text.find(" db=2 ") != std::string::npos);
  Client wrong(url_of("redis://muster@" + server.address()), {Secret("other"), Secret()});
  const auto refused = wrong.run(get("k"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().detail.find("WRONGPASS") != std::string::npos);
  CHECK(refused.error().detail.find("other") == std::string::npos);
  Client nowhere(url_of("redis://muster@" + server.address() + "/9"), passwords);
  CHECK(nowhere.run(get("k")).error().code == ErrorCode::conflict);
}

TEST_CASE("a server that is killed is asked no more for a while, and used again once it is back") {
  RedisServer server;
  Client client(url_of(server));
  CHECK(text_of(client.run(set("k", "v"))) == "OK");
  server.kill();
  {
    const Bounded bounded;
    for (int i = 0; i < 2000; ++i) {
      const auto refused = client.run(get("k"));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::unavailable);
    }
  }
  const Node::Counts counts = client.nodes().front()->counts();
  CHECK(counts.refusals > 1900);
  CHECK(counts.connections == 0);
  server.start();
  CHECK(eventually([&] { return client.run(set("k", "w")).has_value(); }));
  CHECK(text_of(client.run(get("k"))) == "w");
}

TEST_CASE("a restarted server is noticed before anything is sent into the old connection") {
  RedisServer server;
  Client client(url_of(server));
  CHECK(text_of(client.run(set("k", "v"))) == "OK");
  server.kill();
  server.start();
  // Not one error: the command may not be repeated, and was not sent before.
  CHECK(client.run({"n", {"INCR", "n"}})->integer == 1);
}

TEST_CASE("a frozen server costs each connection one deadline, and its waiting callers a bounded time") {
  const RedisServer server;
  Client client(url_of(server, "?connections_max=2&connection_wait=50ms&command_timeout=200ms"));
  CHECK(text_of(client.run(set("k", "v"))) == "OK");
  server.freeze();
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  {
    const Bounded bounded;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int turn = 0; turn < 20; ++turn) ++(client.run(get("k")) ? answered : failed);
      });
    for (std::thread& each : threads) each.join();
  }
  CHECK(answered == 0);
  CHECK(failed == 160);
  CHECK(client.nodes().front()->counts().connections <= 2);
  server.thaw();
  CHECK(eventually([&] { return client.run(get("k")).has_value(); }));
  // What was asked before is not taken for an answer.
  CHECK(text_of(client.run(get("k"))) == "v");
}

TEST_CASE("many threads share few connections") {
  const RedisServer server;
  Client client(url_of(server, "?connections_max=3&connection_wait=10s"));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      const std::string key = "k" + std::to_string(thread);
      for (int i = 0; i < 300; ++i) {
        const auto done = client.run(set(key, std::to_string(i)));
        const auto read = client.run(get(key));
        if (!done || !read || read->text != std::to_string(i)) ++wrong;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK(wrong == 0);
  const Node::Counts counts = client.nodes().front()->counts();
  CHECK(counts.exchanges == 8 * 300 * 2);
  CHECK(counts.connections <= 3);
  CHECK(counts.in_use == 0);
}

}  // namespace muster::redis
