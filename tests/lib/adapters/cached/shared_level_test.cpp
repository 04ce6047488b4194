// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/cached/soon.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::cached::testing {
namespace {

using std::chrono::milliseconds;

std::string url_of(const test::RedisServer& redis) {
  return "redis://" + redis.address() + "/0?command_timeout=1s&connect_timeout=1s";
}

/// Each daemon asks once, so that it knows from when on it may believe Redis.
void settle(Daemons& daemons) {
  for (std::size_t i = 0; i < daemons.count(); ++i)
    daemons.name_of(i, UserId{1'000'000 + static_cast<std::int64_t>(i)});
}

std::string key_of(UserId id) {
  return "muster:test:user:" + id.text();
}

void wait_until(const std::function<bool()>& is_so) {
  for (int i = 0; i < 2000 && !is_so(); ++i) std::this_thread::sleep_for(milliseconds(2));
  CHECK(is_so());
}

/// Returns once Redis has heard of a change: what is read before that is not put there.
void wait_for_tombstone(const test::RedisServer& redis, UserId id) {
  wait_until([&] { return redis.say({"GET", key_of(id)}).starts_with("T "); });
}

void create_and_tell(Daemons& daemons, const test::RedisServer& redis, UserId id, const char* name) {
  daemons.create(0, id, name);
  wait_for_tombstone(redis, id);
}

TEST_CASE("what one daemon read the others have from Redis, until it changes") {
  const test::RedisServer redis;
  Daemons daemons(3, url_of(redis));
  const UserId id{42};
  settle(daemons);
  create_and_tell(daemons, redis, id, "first");
  CHECK(daemons.name_of(0, id) == "first");
  const std::uint64_t loads = daemons.loads();
  CHECK(daemons.name_of(1, id) == "first");
  CHECK(daemons.name_of(2, id) == "first");
  CHECK(daemons.loads() == loads);
  CHECK(daemons[1].counters().redis_hits == 1);
  daemons.tell_others(0, id, daemons.rename(0, id, "second"));
  for (std::size_t i = 0; i < 3; ++i) CHECK(daemons.name_of(i, id) == "second");
  daemons.tell_others(1, id, daemons.remove(1, id));
  for (std::size_t i = 0; i < 3; ++i) CHECK(daemons.name_of(i, id) == "-");
}

TEST_CASE("who reads slowly overwrites nothing newer in Redis, and brings nobody back") {
  const test::RedisServer redis;
  Daemons daemons(2, url_of(redis));
  const UserId id{42};
  settle(daemons);
  create_and_tell(daemons, redis, id, "old");
  std::promise<void> has_read;
  std::promise<void> may_answer;
  std::atomic<bool> is_first{true};
  daemons.store.before_answer = [&] {
    if (!is_first.exchange(false)) return;
    has_read.set_value();
    may_answer.get_future().wait();
  };
  auto slow = std::async(std::launch::async, [&] { return daemons.name_of(1, id); });
  has_read.get_future().wait();
  SECTION("a change") {
    daemons.rename(0, id, "new");
    wait_for_tombstone(redis, id);
    CHECK(daemons.name_of(0, id) == "new");
    may_answer.set_value();
    slow.get();
    CHECK(redis.say({"GET", key_of(id)}).find("new") != std::string::npos);
  }
  SECTION("a deletion") {
    daemons.remove(0, id);
    wait_for_tombstone(redis, id);
    CHECK(daemons.name_of(0, id) == "-");
    may_answer.set_value();
    slow.get();
    CHECK(redis.say({"GET", key_of(id)}).starts_with("N "));
  }
  SECTION("a loss of everything") {
    redis.say({"FLUSHALL"});
    may_answer.set_value();
    slow.get();
    CHECK(redis.say({"EXISTS", key_of(id)}).starts_with("0"));
  }
  if (slow.valid()) may_answer.set_value();
}

TEST_CASE("what Redis brings back from before a change is not believed") {
  const test::RedisServer redis;
  Daemons daemons(2, url_of(redis));
  const UserId id{42};
  settle(daemons);
  create_and_tell(daemons, redis, id, "old");
  daemons.name_of(0, id);
  wait_until([&] { return redis.say({"GET", key_of(id)}).starts_with("V "); });
  redis.say({"COPY", key_of(id), "before"});
  daemons.tell_others(0, id, daemons.rename(0, id, "new"));
  wait_for_tombstone(redis, id);
  redis.say({"COPY", "before", key_of(id), "REPLACE"});
  CHECK(daemons.name_of(0, id) == "new");
  redis.say({"COPY", "before", key_of(id), "REPLACE"});
  CHECK(daemons.name_of(1, id) == "new");
  // A daemon that has just begun has heard of nothing.
  redis.say({"COPY", "before", key_of(id), "REPLACE"});
  daemons.add();
  CHECK(daemons.name_of(2, id) == "new");
  // Nor has one that has missed some news.
  redis.say({"COPY", "before", key_of(id), "REPLACE"});
  daemons[2].forget_all();
  CHECK(daemons.name_of(2, id) == "new");
}

TEST_CASE("after news of a change nothing from before is taken from Redis, whoever was to remove it") {
  const test::RedisServer redis;
  Daemons daemons(3, url_of(redis));
  const UserId id{42};
  settle(daemons);
  create_and_tell(daemons, redis, id, "old");
  daemons.name_of(0, id);
  wait_until([&] { return redis.say({"GET", key_of(id)}).starts_with("V "); });
  redis.say({"COPY", key_of(id), "before"});
  daemons.remove(0, id);
  wait_for_tombstone(redis, id);
  redis.say({"COPY", "before", key_of(id), "REPLACE"});
  daemons[1].changed_elsewhere(id);
  CHECK(daemons.name_of(1, id) == "-");
  CHECK(daemons.name_of(0, id) == "-");
}

TEST_CASE("a thousand requests for one user on three daemons are one read of the store") {
  const test::RedisServer redis;
  Daemons daemons(3, url_of(redis));
  settle(daemons);
  const UserId id{42};
  create_and_tell(daemons, redis, id, "name");
  daemons.store.before_answer = [] { std::this_thread::sleep_for(milliseconds(20)); };
  const int reads = daemons.store.reads;
  constexpr int requests = 1000;
  std::latch start(requests);
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < requests; ++i)
    clients.emplace_back([&, i] {
      start.arrive_and_wait();
      const auto answer = daemons[static_cast<std::size_t>(i) % 3].find(id, {});
      if (answer && Daemons::name_in(**answer) == "name") ++good;
    });
  for (std::thread& each : clients) each.join();
  CHECK(good == requests);
  CHECK(daemons.store.reads - reads == 1);
}

TEST_CASE("who does not wait is brought what is in Redis, and nothing that is out of date") {
  const test::RedisServer redis;
  std::atomic<bool> may_use{true};
  Daemons daemons(2, url_of(redis), {.may_use = [&] { return may_use.load(); }});
  const UserId id{42};
  settle(daemons);
  create_and_tell(daemons, redis, id, "old");
  const auto is_there = [&] { return redis.say({"GET", key_of(id)}).starts_with("V "); };
  CHECK(soon_name_of(daemons, 1, id) == "?");
  CHECK(daemons.name_of(0, id) == "old");
  wait_until(is_there);
  const std::uint64_t loads = daemons.loads();
  CHECK(soon_name_of(daemons, 1, id) == "old");
  CHECK(daemons.loads() == loads);
  CHECK(daemons[1].counters().redis_hits == 1);
  // From now on it is in memory there.
  CHECK(daemons[1].find_in_memory(id, {}) != nullptr);
  redis.say({"COPY", key_of(id), "before"});

  SECTION("for who knows of a later version") {
    CHECK(soon_name_of(daemons, 1, id, daemons[1].find_in_memory(id, {})->version + 1) == "?");
  }
  SECTION("after a change that this daemon made") {
    daemons.rename(1, id, "new");
    wait_for_tombstone(redis, id);
    redis.say({"COPY", "before", key_of(id), "REPLACE"});
    CHECK(soon_name_of(daemons, 1, id) == "?");
    CHECK(daemons.name_of(1, id) == "new");
  }
  SECTION("after news that say no more than that it changed") {
    daemons[1].changed_elsewhere(id);
    CHECK_FALSE(ask(daemons, 1, id));
  }
  SECTION("after news may have been missed") {
    daemons[1].forget_all();
    CHECK(soon_name_of(daemons, 1, id) == "?");
  }
  SECTION("what is no value") {
    redis.say({"SET", key_of(id), "L someone 0"});
    CHECK(soon_name_of(daemons, 1, id) == "?");
    redis.say({"SET", key_of(id), "V 1 x"});
    CHECK(soon_name_of(daemons, 1, id) == "?");
    redis.say({"DEL", key_of(id)});
    redis.say({"LPUSH", key_of(id), "V"});
    CHECK(soon_name_of(daemons, 1, id) == "?");
  }
  SECTION("while news are late") {
    may_use = false;
    CHECK_FALSE(ask(daemons, 1, id));
  }
  SECTION("that nobody is there") {
    daemons.tell_others(0, id, daemons.remove(0, id));
    wait_for_tombstone(redis, id);
    CHECK(daemons.name_of(0, id) == "-");
    wait_until([&] { return redis.say({"GET", key_of(id)}).starts_with("N "); });
    CHECK(soon_name_of(daemons, 1, id) == "-");
  }
}

TEST_CASE("when Redis fails, all who wait are told in a bounded time, and all are served when it is back") {
  constexpr std::int64_t users = 50;
  test::RedisServer redis({"--save", ""});
  Daemons daemons(2, "redis://" + redis.address() + "/0?command_timeout=200ms&connect_timeout=200ms");
  settle(daemons);
  for (std::int64_t id = 1; id <= users; ++id) create_and_tell(daemons, redis, UserId{id}, "name");
  for (std::int64_t id = 1; id <= users; ++id) CHECK(daemons.name_of(0, UserId{id}) == "name");
  /// How many of several questions for each user are answered: more than go together.
  const auto ask_all = [&] {
    std::vector<std::future<ports::CachedUserPtr>> asked;
    for (int turn = 0; turn < 4; ++turn)
      for (std::int64_t id = 1; id <= users; ++id)
        if (auto told = ask(daemons, 1, UserId{id})) asked.push_back(std::move(*told));
    int answered = 0;
    for (auto& each : asked) {
      REQUIRE(each.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
      const auto user = each.get();
      if (user && Daemons::name_in(*user) == "name") ++answered;
    }
    return answered;
  };
  CHECK(ask_all() == 4 * users);
  redis.freeze();
  CHECK(ask_all() == 0);
  redis.thaw();
  std::int64_t other = 1000;
  // Whoever may wait finds out that it is back.
  wait_until([&] {
    daemons.name_of(1, UserId{other++});
    return ask_all() == 4 * users;
  });
  redis.kill();
  CHECK(ask_all() == 0);
}

TEST_CASE("who dies with the lease keeps others waiting for a moment only") {
  const test::RedisServer redis;
  Daemons daemons(1, url_of(redis));
  settle(daemons);
  const UserId id{42};
  create_and_tell(daemons, redis, id, "name");
  redis.say({"SET", key_of(id), "L someone 0", "PX", "60000"});
  CHECK(daemons.name_of(0, id) == "name");
}

TEST_CASE("what is in Redis is counted and removed") {
  const test::RedisServer redis;
  Daemons daemons(2, url_of(redis));
  settle(daemons);
  redis.say({"SET", "others", "1"});
  for (int i = 1; i <= 50; ++i) {
    create_and_tell(daemons, redis, UserId{i}, "name");
    daemons.name_of(0, UserId{i});
  }
  CHECK(must(daemons[0].size()).redis_entries == 52);
  CHECK(must(daemons[0].flush()).redis_entries == 52);
  CHECK(must(daemons[0].size()).redis_entries == 0);
  CHECK(must(daemons[0].size()).memory_entries == 0);
  CHECK(redis.say({"GET", "others"}).starts_with("1"));
}

/// Clients that read and change some users on three daemons, while others hear of changes a little later, and
/// something happens to Redis. Each client checks that it is never shown anything older than what it has seen
/// or written, of what it says it knows.
class History {
 public:
  explicit History(Daemons& daemons) : daemons_(daemons) {
    for (std::int64_t id = 1; id <= users; ++id) daemons_.create(0, UserId{id}, "0");
  }

  void run(const std::function<void(int)>& disturb) {
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < 8; ++i) clients.emplace_back([this, i] { live(i); });
    std::thread teller([this] { tell(); });
    for (int round = 0; round < 12; ++round) {
      disturb(round);
      std::this_thread::sleep_for(milliseconds(50));
    }
    is_over_ = true;
    for (std::thread& each : clients) each.join();
    all_is_said_ = true;
    teller.join();
  }

  std::atomic<int> reads{0};
  std::atomic<int> failed{0};
  std::atomic<int> older{0};

 private:
  static constexpr std::int64_t users = 8;
  struct News {
    std::size_t from;
    UserId id;
    std::int64_t seq;
  };

  void live(unsigned seed) {
    std::mt19937 random(seed);
    std::map<std::int64_t, std::int64_t> seen;
    while (!is_over_) {
      const std::size_t on = random() % daemons_.count();
      const UserId id{1 + static_cast<std::int64_t>(random() % users)};
      if (random() % 20 == 0) {
        const std::int64_t seq = daemons_.rename(on, id, "name");
        seen[id.value] = std::max(seen[id.value], seq);
        const std::lock_guard lock(mutex_);
        news_.push_back({on, id, seq});
        continue;
      }
      const std::int64_t least = seen[id.value];
      ports::CachedUserPtr user = daemons_[on].find_in_memory(id, least);
      if (!user) user = soon(daemons_, on, id, least);
      if (!user) {
        auto found = daemons_[on].find(id, least);
        if (found) user = *found;
      }
      ++reads;
      if (!user || !user->is_there()) {
        ++failed;
        continue;
      }
      if (user->version < least) ++older;
      seen[id.value] = std::max(least, user->version);
    }
  }

  void tell() {
    for (bool is_last = false; !is_last;) {
      is_last = all_is_said_;
      std::this_thread::sleep_for(milliseconds(5));
      std::vector<News> told;
      {
        const std::lock_guard lock(mutex_);
        told.swap(news_);
      }
      for (const News& each : told) daemons_.tell_others(each.from, each.id, each.seq);
    }
  }

  Daemons& daemons_;
  std::atomic<bool> is_over_{false};
  std::atomic<bool> all_is_said_{false};
  std::mutex mutex_;
  std::vector<News> news_;
};

TEST_CASE(
    "whatever happens to Redis, nobody is shown an older state than the one they know, and all are served") {
  test::RedisServer redis({"--save", ""});
  Daemons daemons(3, url_of(redis), {.memory_ttl = milliseconds(30)});
  History history(daemons);
  SECTION("nothing") {
    history.run([](int) {});
  }
  SECTION("it loses everything again and again") {
    history.run([&](int) { redis.say({"FLUSHALL"}); });
  }
  SECTION("it hangs for a while") {
    history.run([&](int round) {
      if (round == 3) redis.freeze();
      if (round == 8) redis.thaw();
    });
  }
  SECTION("it is killed, and comes back") {
    history.run([&](int round) {
      if (round == 3) redis.kill();
      if (round == 8) redis.start();
    });
  }
  CHECK(history.reads > 100);
  CHECK(history.failed == 0);
  CHECK(history.older == 0);
  for (std::size_t i = 0; i < 3; ++i) CHECK(must(daemons[i].compare(1000)).inconsistent.empty());
}

/// Two daemons read users until one has what the other read.
void share(Daemons& daemons, std::int64_t first) {
  std::int64_t next = first;
  const auto hits = [&] { return daemons[0].counters().redis_hits + daemons[1].counters().redis_hits; };
  const std::uint64_t before = hits();
  wait_until([&] {
    const UserId id{next++};
    daemons.create(0, id, "name");
    CHECK(daemons.name_of(0, id) == "name");
    CHECK(daemons.name_of(1, id) == "name");
    return hits() > before;
  });
}

TEST_CASE("daemons share users in a cluster, and the whole of it is flushed") {
  const test::RedisCluster redis;
  Daemons daemons(2, redis.url());
  share(daemons, 1);
  CHECK(must(daemons[0].size()).redis_entries > 0);
  CHECK(must(daemons[0].flush()).redis_entries > 0);
  wait_until([&] { return must(daemons[0].size()).redis_entries == 0; });
  share(daemons, 1'000'000);
}

TEST_CASE("daemons go on sharing users after a failover, and are served all the time") {
  const test::RedisSentinels redis;
  Daemons daemons(2, redis.url());
  share(daemons, 1);
  redis.primary().kill();
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t id = 500'000; std::chrono::steady_clock::now() - begin < milliseconds(500); ++id) {
    daemons.create(0, UserId{id}, "name");
    CHECK(daemons.name_of(1, UserId{id}) == "name");
  }
  share(daemons, 1'000'000);
}

TEST_CASE("a Redis that is not there at the start is used once it is") {
  test::RedisServer redis;
  redis.kill();
  Daemons daemons(2, url_of(redis));
  daemons.create(0, UserId{42}, "name");
  CHECK(daemons.name_of(0, UserId{42}) == "name");
  CHECK(daemons.name_of(1, UserId{42}) == "name");
  CHECK_FALSE(daemons[0].counters().redis_answers);
  redis.start();
  std::int64_t next = 100;
  wait_until([&] {
    daemons.name_of(0, UserId{next});
    daemons.name_of(1, UserId{next++});
    return daemons[1].counters().redis_hits > 0;
  });
  CHECK(daemons[1].counters().redis_answers);
}

}  // namespace
}  // namespace muster::cached::testing
