// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/bell.hpp"

#include "support/redis_server.hpp"

#include <csignal>

#include <catch2/catch.hpp>

namespace muster::redis {
namespace {

using namespace std::chrono_literals;
using test::RedisServer;

Url bell_url(const std::string& text) {
  const auto url = Url::parse(text);
  REQUIRE(url);
  return *url;
}

/// Tests are patient; who waits for the answer of a frozen server is not.
constexpr const char* impatient = "?connect_timeout=300ms&command_timeout=300ms";

/// Two daemons that tell each other, as far as this is about it.
struct Two {
  explicit Two(const Url& url, const Passwords& passwords = {})
      : ringer(url, passwords, {"muster:test:nudge", "a"}),
        itself(url, passwords, {"muster:test:nudge", "a"}, [] {}),
        other(url, passwords, {"muster:test:nudge", "b"}, [this] { ++calls; }) {}

  [[nodiscard]] bool listens() const {
    return test::eventually([&] { return other.counters().is_listening; });
  }
  /// Whoever wants to be heard rings until he is.
  bool is_heard() {
    const auto before = other.counters().heard;
    return test::eventually(
        [&] {
          ringer.ring();
          return other.counters().heard > before;
        },
        60s);
  }

  std::atomic<int> calls{0};
  Ringer ringer;
  Listener itself;
  Listener other;
};

}  // namespace

TEST_CASE("a ring is heard by the others, and not by who rings") {
  const RedisServer server;
  Two two(bell_url("redis://" + server.address()));
  REQUIRE(two.listens());
  REQUIRE(test::eventually([&] { return two.itself.counters().is_listening; }));
  for (int i = 0; i < 10; ++i) CHECK(two.is_heard());
  CHECK(two.calls > 10);
  CHECK(two.itself.counters().heard == 0);
  CHECK(two.ringer.counters().failed == 0);
  // Somebody else's channel.
  server.say({"PUBLISH", "muster:other:nudge", "c"});
  const auto before = two.other.counters().heard;
  server.say({"PUBLISH", "muster:test:nudge", "c"});
  CHECK(test::eventually([&] { return two.itself.counters().heard == 1; }));
  CHECK(test::eventually([&] { return two.other.counters().heard == before + 1; }));
}

TEST_CASE("of many rings those that have to wait are one, and the last is heard") {
  const RedisServer server;
  Two two(bell_url("redis://" + server.address()));
  REQUIRE(two.listens());
  const auto began = std::chrono::steady_clock::now();
  constexpr int rings = 100'000;
  for (int i = 0; i < rings; ++i) two.ringer.ring();
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(test::eventually([&] { return two.other.counters().heard > 0; }));
  const auto counters = two.ringer.counters();
  CHECK(counters.sent <= static_cast<std::uint64_t>(took / Ringer::interval) + 2);
  CHECK(counters.sent < rings / 10);
}

TEST_CASE("a bell whose server is frozen, killed or away from the start delays nobody and is heard again") {
  auto server = std::make_unique<RedisServer>();
  Two two(bell_url("redis://" + server->address() + impatient));
  REQUIRE(two.listens());
  const auto ring_in_vain = [&] {
    const auto failed = two.ringer.counters().failed;
    CHECK(test::eventually([&] {
      const auto began = std::chrono::steady_clock::now();
      two.ringer.ring();
      // Whoever would wait for an answer would wait for longer, each time.
      if (std::chrono::steady_clock::now() - began > 250ms) return false;
      return two.ringer.counters().failed > failed;
    }));
    CHECK(test::eventually([&] { return !two.other.counters().is_listening; }));
  };
  SECTION("frozen") {
    server->freeze();
    ring_in_vain();
    server->thaw();
  }
  SECTION("killed") {
    server->kill();
    ring_in_vain();
    server->start();
  }
  SECTION("it closes all connections") {
    server->say({"CLIENT", "KILL", "TYPE", "pubsub"});
    server->say({"CLIENT", "KILL", "TYPE", "normal"});
  }
  CHECK(two.is_heard());
  CHECK(two.listens());
}

TEST_CASE("a bell may lack the right to its channel, until it is given") {
  const RedisServer server;
  server.say({"ACL", "SETUSER", "muster", "on", ">secret", "+@all", "resetchannels"});
  Passwords passwords;
  passwords.server = Secret("secret");
  Two two(bell_url("redis://muster@" + server.address()), passwords);
  CHECK(test::eventually([&] {
    two.ringer.ring();
    return two.ringer.counters().failed > 2;
  }));
  CHECK_FALSE(two.other.counters().is_listening);
  server.say({"ACL", "SETUSER", "muster", "&muster:test:*"});
  CHECK(two.is_heard());
}

TEST_CASE("a bell follows the primary that sentinels name") {
  const test::RedisSentinels sentinels;
  Two two(bell_url(sentinels.url() + impatient));
  REQUIRE(two.listens());
  CHECK(two.is_heard());
  RedisServer& former = sentinels.primary();
  SECTION("it dies") {
    former.kill();
  }
  SECTION("it is frozen, and is a replica when it goes on") {
    former.freeze();
    CHECK(two.is_heard());
    former.thaw();
    CHECK(test::eventually([&] { return former.role() == "slave"; }, 60s));
  }
  CHECK(two.is_heard());
  // Nobody is left behind where rings do not come.
  CHECK(test::eventually(
      [&] {
        two.ringer.ring();
        RedisServer& primary = sentinels.primary();
        return primary.port() != former.port() &&
               primary.say({"PUBSUB", "NUMSUB", "muster:test:nudge"}).find("2") != std::string::npos;
      },
      60s));
}

TEST_CASE("a bell is heard all over a cluster, whichever node is lost") {
  const test::RedisCluster cluster;
  Two two(bell_url(cluster.url() + impatient));
  REQUIRE(two.listens());
  // At another node than both of them.
  int told = 0;
  for (const auto& node : cluster.nodes) {
    const auto before = two.other.counters().heard;
    node->say({"PUBLISH", "muster:test:nudge", "c"});
    told += test::eventually([&] { return two.other.counters().heard > before; }) ? 1 : 0;
  }
  CHECK(told == 6);
  RedisServer& owner = cluster.owner_of(slot_of_key("muster:test:nudge"));
  SECTION("killed") {
    owner.kill();
  }
  SECTION("frozen") {
    owner.freeze();
  }
  CHECK(two.is_heard());
  CHECK(two.is_heard());
}

}  // namespace muster::redis
