// SPDX-License-Identifier: Apache-2.0
#include "ops/authorizer.hpp"

#include "lib/ops/fixture.hpp"
#include "ops/change_role.hpp"
#include "ops/create_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/housekeeping.hpp"
#include "ports/role_store.hpp"
#include "ports/system_store.hpp"
#include "ports/user_store.hpp"

#include <thread>

#include <catch2/catch.hpp>

namespace muster::ops::testing {

TEST_CASE("no answer is older than the last acknowledged change", "[authorizer]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  must(world.run<CreateRole>(R"({"name":"other","permissions":["read:bill"]})"));
  const UserId ann = world.add_user("ann");
  Authorizer& authorizer = world.context().authorizer;

  // Even while nothing changes: what is then so. Odd while a change is under way: nobody asks.
  std::atomic<std::uint64_t> turn{0};
  std::atomic<bool> granted{false};
  std::atomic<bool> inherited{false};
  std::atomic<bool> stop{false};
  std::atomic<int> stale{0};
  std::atomic<int> asked{0};
  const auto ask = [&](const char* code, const std::atomic<bool>& expected) {
    const std::uint64_t before = turn.load();
    if (before % 2 != 0) return;
    const bool wanted = expected.load();
    const auto from_memory = authorizer.allows_from_memory(ann, code);
    const auto answer = authorizer.allows(ann, code);
    if (turn.load() != before) return;
    ++asked;
    if (!answer || *answer != wanted) ++stale;
    if (from_memory && (!*from_memory || **from_memory != wanted)) ++stale;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        ask("read:order", granted);
        ask("read:bill", inherited);
      }
    });
  const std::string grant = json_of(R"({"id":%,"role":"viewer"})", ann.text());
  const std::string edge = R"({"role":"viewer","parent":"other"})";
  for (int i = 0; i < 120; ++i) {
    ++turn;
    if (i % 3 == 2)
      must(granted.load() && inherited.load() ? world.run<DisinheritRole>(edge)
                                              : world.run<InheritRole>(edge));
    else
      must(granted ? world.run<RevokeRole>(grant) : world.run<GrantRole>(grant));
    const auto holdings = authorizer.holdings(ann);
    granted = !(*holdings)->grants.empty();
    const auto roles = authorizer.roles();
    inherited = granted && !(*roles)->graph().find("viewer")->parents.empty();
    ++turn;
    const int seen = asked.load();
    for (int wait = 0; wait < 10'000 && asked.load() < seen + 20; ++wait) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(asked > 0);
  CHECK(stale == 0);
}

TEST_CASE("a change made while a user is being looked up is not lost", "[authorizer]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  const UserId ann = world.add_user("ann");
  /// A store that lets the test step in when a snapshot was read, before its reader goes on.
  struct Interrupted final : ports::Store {
    explicit Interrupted(ports::Store& a_store) : store(a_store) {}
    using ports::Store::read;
    Status read(const ports::Home& home, const ports::Freshness& freshness,
                const std::function<Status(ports::Unit&)>& work) override {
      auto done = store.read(home, freshness, work);
      if (meanwhile) std::exchange(meanwhile, nullptr)();
      return done;
    }
    using ports::Store::write;
    Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
      return store.write(home, work);
    }
    ports::StoreHealth health() override { return store.health(); }
    [[nodiscard]] ports::StoreCounters counters() const override { return store.counters(); }
    Status backup(const std::string& path,
                  const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
      return store.backup(path, progress);
    }
    Status verify_backup(const std::string& path) override { return store.verify_backup(path); }
    Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                      const std::string& name) override {
      return store.fact_of_backup(path, name);
    }
    Status maintain() override { return store.maintain(); }
    ports::Store& store;
    std::function<void()> meanwhile;
  };
  Interrupted store(world.context().store);
  Authorizer authorizer(store, world.clock);
  REQUIRE(authorizer.load());
  const auto put_grant = [&] {
    REQUIRE(store.write(ports::Home::of(ann), [&](ports::Unit& unit) -> Status {
      model::Grant grant;
      grant.role = "viewer";
      grant.granted_by = "system";
      grant.granted_at = world.clock.now();
      MUSTER_CHECK_OK(unit.grants().put(ann, grant));
      unit.after_commit([&] { authorizer.forget(ann); });
      return {};
    }));
  };
  store.meanwhile = put_grant;
  REQUIRE(authorizer.holdings(ann));
  CHECK(authorizer.holdings_from_memory(ann) == nullptr);
  CHECK(authorizer.allows(ann, "read:order").value());

  // The same for roles: what was compiled from before the change is not used after it.
  authorizer.roles_changed();
  store.meanwhile = [&] {
    must(world.run<AllowPermission>(R"({"role":"viewer","code":"read:bill"})"));
    authorizer.roles_changed();
  };
  REQUIRE(authorizer.roles());
  CHECK(authorizer.allows_from_memory(ann, "read:bill") == std::nullopt);
  CHECK(authorizer.allows(ann, "read:bill").value());
  CHECK(authorizer.allows_from_memory(ann, "read:bill")->value());
}

TEST_CASE("memory for users is bounded, and who is asked for stays", "[authorizer]") {
  World world;
  constexpr std::size_t users_max = 128;
  Authorizer authorizer(world.context().store, world.clock, users_max);
  REQUIRE(authorizer.load());
  std::vector<UserId> users;
  for (int i = 1; i <= 1000; ++i) users.emplace_back(UserId{i});
  world.write_by_part(users, [](ports::Unit& unit, UserId id) {
    model::User user;
    user.id = id;
    user.username = "user" + id.text();
    return unit.users().create(user, user.username, std::nullopt);
  });
  REQUIRE(authorizer.allows(users.front(), "a:b"));
  for (const UserId user : users) {
    REQUIRE(authorizer.allows(user, "a:b"));
    static_cast<void>(authorizer.allows_from_memory(users.front(), "a:b"));
  }
  std::size_t kept = 0;
  for (const UserId user : users) kept += authorizer.holdings_from_memory(user) ? 1 : 0;
  CHECK(kept <= users_max);
  CHECK(kept >= users_max / 4);
  CHECK(authorizer.holdings_from_memory(users.front()));
  authorizer.forget_all();
  for (const UserId user : users) REQUIRE_FALSE(authorizer.holdings_from_memory(user));
}

TEST_CASE("unknown users and malformed codes are told apart from a no", "[authorizer]") {
  World world;
  Authorizer& authorizer = world.context().authorizer;
  CHECK(authorizer.allows(UserId{7}, "a:b").error().code == ErrorCode::not_found);
  CHECK(authorizer.allows(UserId{7}, "ab").error().code == ErrorCode::invalid_argument);
  CHECK(authorizer.allows_from_memory(UserId{7}, "ab")->error().code == ErrorCode::invalid_argument);
  CHECK_FALSE(authorizer.allows_from_memory(UserId{7}, "a:b"));
}

TEST_CASE("housekeeping takes away what has expired, a bounded piece at a time", "[authorizer]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  const UserId ann = world.add_user("ann");
  must(world.run<GrantRole>(json_of(R"({"id":%,"role":"viewer","expires_at":%})", ann.text(),
                                    format_time(world.clock.now() + std::chrono::hours{1}))));
  REQUIRE(tidy_once(world.context()));
  const auto grants = [&] { return world.context().authorizer.holdings(ann).value()->grants.size(); };
  const auto mark = [&] {
    std::optional<std::string> text;
    REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(text, unit.meta().get(std::string(clock_mark_name)));
      return {};
    }));
    return text.value_or("");
  };
  CHECK(grants() == 1);
  CHECK(mark() == std::to_string(world.clock.now().time_since_epoch().count()));
  world.clock.advance(std::chrono::hours{1} + std::chrono::seconds{1});
  CHECK(grants() == 1);
  REQUIRE(tidy_once(world.context()));
  CHECK(grants() == 0);
  const std::string marked = mark();
  const auto writes = world.context().store.counters().writes;
  world.clock.advance(std::chrono::seconds{5});
  REQUIRE(tidy_once(world.context()));
  CHECK(world.context().store.counters().writes == writes);
  CHECK(mark() == marked);
}

}  // namespace muster::ops::testing
