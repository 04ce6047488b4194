// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/courier.hpp"

#include "adapters/redis/client.hpp"
#include "support/loop_thread.hpp"
#include "support/redis_server.hpp"

#include <future>
#include <numeric>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::redis {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RedisServer;
using Told = std::shared_future<std::optional<Reply>>;

class Waiting final : public Asker {
 public:
  void take(std::optional<Reply> reply) override { told.set_value(std::move(reply)); }
  std::promise<std::optional<Reply>> told;
};

/// On the loop's thread. Nothing where it is refused.
std::optional<Told> ask(Client& client, const Words& words) {
  auto waiting = std::make_unique<Waiting>();
  Told told = waiting->told.get_future().share();
  std::unique_ptr<Asker> asker = std::move(waiting);
  const std::vector<std::string_view> said(words.begin(), words.end());
  const bool taken = client.ask(words.at(1), said, asker);
  if (taken != (asker == nullptr)) throw std::logic_error("an asker is to be taken or left");
  if (taken) return told;
  return std::nullopt;
}

/// "none" where there is no answer in time, "refused", or what was answered.
std::string text_of(const std::optional<Told>& told) {
  if (!told) return "refused";
  if (told->wait_for(20s) != std::future_status::ready) return "never told";
  const auto& reply = told->get();
  if (!reply) return "none";
  return reply->is_nothing() ? "nothing" : reply->text;
}

/// A server, a client, and a thread with a loop that may ask at once. Calls go before the client.
struct Office {
  explicit Office(const std::string& options = "?command_timeout=200ms&connect_timeout=200ms")
      : client(*Url::parse("redis://" + server.address() + options)) {
    open();
  }
  /// Others have a connection that the loop can have.
  void open() {
    CHECK(eventually([&] { return client.run({"k", {"SET", "k", "v"}, Repeat::harmless}).has_value(); }));
    CHECK(eventually([&] { return say({"GET", "k"}) == "v"; }));
  }
  std::string say(const Words& words) {
    return text_of(thread.call([&] { return ask(client, words); }));
  }
  /// Asked in one turn.
  std::vector<std::optional<Told>> say_all(const std::vector<Words>& all) {
    return thread.call([&] {
      std::vector<std::optional<Told>> told;
      told.reserve(all.size());
      for (const Words& each : all) told.push_back(ask(client, each));
      return told;
    });
  }
  /// Of which all are counted that are over by now.
  std::uint64_t journeys() {
    const auto counts = thread.call([&] { return client.errands().counts().journeys; });
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t waiting() const { return client.errands().counts().waiting; }

  RedisServer server{{"--save", ""}};
  Client client;
  test::LoopThread thread;
};

TEST_CASE("each who asks is told its own answer, in whatever order and size they come") {
  Office office;
  const std::string large(3'000'000, 'x');
  std::vector<Words> words{{"SET", "large", large}, {"GET", "k"},     {"GET", "missing"},
                           {"LPUSH", "k", "x"},     {"GET", "large"}, {"INCR", "number"}};
  auto told = office.say_all(words);
  CHECK(text_of(told[0]) == "OK");
  CHECK(text_of(told[1]) == "v");
  CHECK(text_of(told[2]) == "nothing");
  // An error is no answer.
  CHECK(text_of(told[3]) == "none");
  CHECK((text_of(told[4]) == large));
  REQUIRE(told[5]);
  const auto number = told[5]->get();
  CHECK((number && number->integer == 1));
  CHECK(office.waiting() == 0);
}

TEST_CASE("what is asked in one turn, or while others are under way, goes together") {
  Office office("?command_timeout=10s");
  const auto before = office.journeys();
  const std::vector<Words> words(50, {"GET", "k"});
  for (const auto& each : office.say_all(words)) CHECK(text_of(each) == "v");
  CHECK(office.journeys() == before + 1);
  office.server.freeze();
  std::vector<std::optional<Told>> told(10);
  for (auto& each : told) each = office.thread.call([&] { return ask(office.client, {"GET", "k"}); });
  CHECK(office.waiting() == 10);
  office.server.thaw();
  for (const auto& each : told) CHECK(text_of(each) == "v");
  CHECK(office.journeys() == before + 3);
  CHECK(office.waiting() == 0);
}

TEST_CASE("a frozen server is given up in its time, by all who wait, and left out until others try it") {
  Office office("?command_timeout=1s&connect_timeout=1s");
  office.server.freeze();
  auto first = office.say_all({{"GET", "k"}});
  const auto others = office.say_all(std::vector<Words>(5000, {"GET", "k"}));
  std::size_t refused = 0;
  for (const auto& each : others) refused += each ? 0 : 1;
  // As many as there is room for wait, and no more.
  CHECK(refused == 5000 + 1 - 4096);
  CHECK(office.client.errands().counts().refused == refused);
  CHECK(text_of(first[0]) == "none");
  CHECK(eventually([&] { return office.waiting() == 0; }));
  office.server.thaw();
  const auto failures = office.client.nodes().front()->counts().failures;
  // Much longer than the first pause, after which run() would try again.
  for (int i = 0; i < 10; ++i) {
    CHECK(office.say({"GET", "k"}) == "refused");
    std::this_thread::sleep_for(20ms);
  }
  CHECK(office.client.nodes().front()->counts().failures == failures);
  office.open();
}

TEST_CASE("a connection that the server ends is replaced, and whoever waits is told at once") {
  Office office;
  const auto failures = [&] { return office.client.nodes().front()->counts().failures; };
  SECTION("while nobody waits, it is nobody's fault") {
    office.server.say({"CLIENT", "KILL", "TYPE", "normal"});
    CHECK(eventually([&] { return office.say({"GET", "k"}) == "refused"; }));
    CHECK(failures() == 0);
  }
  SECTION("while others wait") {
    office.server.freeze();
    auto told = office.say_all({{"GET", "k"}, {"GET", "k"}});
    office.server.kill();
    for (const auto& each : told) CHECK(text_of(each) == "none");
    CHECK(failures() == 1);
    office.server.start();
  }
  office.open();
}

TEST_CASE("what others learned of a server holds for those who ask without waiting") {
  Office office;
  office.server.freeze();
  CHECK_FALSE(office.client.run({"k", {"GET", "k"}, Repeat::harmless}));
  CHECK(office.say({"GET", "k"}) == "refused");
  office.server.thaw();
  office.open();
}

TEST_CASE("who still waits when the loop ends is told nothing any more, and counted no more") {
  RedisServer server({"--save", ""});
  Client client(*Url::parse("redis://" + server.address() + "?command_timeout=10s"));
  CHECK(client.run({"k", {"SET", "k", "v"}, Repeat::harmless}));
  std::optional<Told> told;
  {
    test::LoopThread thread;
    CHECK(text_of(thread.call([&] { return ask(client, {"GET", "k"}); })) == "v");
    server.freeze();
    told = thread.call([&] { return ask(client, {"GET", "k"}); });
  }
  server.thaw();
  REQUIRE(told);
  CHECK_THROWS_AS(told->get(), std::future_error);
  CHECK(client.errands().counts().waiting == 0);
}

TEST_CASE("a thread without a loop is refused") {
  RedisServer server;
  Client client(*Url::parse("redis://" + server.address()));
  CHECK(client.run({"k", {"SET", "k", "v"}, Repeat::harmless}));
  CHECK_FALSE(ask(client, {"GET", "k"}));
}

}  // namespace
}  // namespace muster::redis
