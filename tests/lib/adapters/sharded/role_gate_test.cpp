// SPDX-License-Identifier: Apache-2.0
// Two processes' stores over the same databases: one grants roles, the other makes roles exclude each other
// or deletes them.
#include "adapters/sharded/role_gate.hpp"

#include "lib/adapters/sharded/beside_others.hpp"
#include "lib/adapters/sharded/invariants.hpp"
#include "model/role_graph.hpp"
#include "ports/role_store.hpp"
#include "support/mysql_server.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using muster::test::eventually;
using ports::Home;
using ports::Unit;

const std::string first_role = "requester";
const std::string second_role = "approver";

void wait_briefly() {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
}

class TwoProcesses {
 public:
  explicit TwoProcesses(int databases) : databases_(databases) {
    for (int i = 0; i < databases; ++i)
      dsns_.push_back(server_.dsn(server_.create_database(), "statement_timeout=4s"));
    one = open_beside_others(dsns_);
    other = open_beside_others(dsns_);
    for (const std::string& name : {first_role, second_role}) {
      model::Role role;
      role.name = name;
      REQUIRE(one->write([&](Unit& unit) { return unit.roles().create(role); }));
    }
  }

  /// A user of the last database who holds the first role.
  UserId new_user() {
    const auto layout = one->shards().now();
    do ++number_;
    while (layout->database_of_slot[model::slot_of(UserId{number_})] != databases_ - 1);
    const UserId id{number_};
    REQUIRE(create_user(*one, make_user(number_, "user" + std::to_string(number_))));
    const Status granted = grant(*one, id, first_role, [] {});
    INFO(text_of(granted));
    REQUIRE(granted);
    return id;
  }

  /// As an operation does it: by the roles as the unit finds them. `decided` is called in between.
  static Status grant(ports::Store& store, UserId user, const std::string& role,
                      const std::function<void()>& decided) {
    return store.write(Home::of(user), [&](Unit& unit) -> Status {
      MUSTER_TRY(const auto held, unit.grants().list(user));
      MUSTER_TRY([[maybe_unused]] const std::int64_t version, unit.roles().version());
      MUSTER_TRY(auto all, unit.roles().all());
      const model::RoleGraph graph(std::move(all));
      if (graph.find(role) == nullptr) return fail(ErrorCode::not_found, "there is no such role");
      std::vector<std::string> names{role};
      for (const model::Grant& each : held) names.push_back(each.role);
      if (graph.conflict(names)) return fail(ErrorCode::conflict, "nobody may hold both");
      decided();
      return unit.grants().put(user, {role, "tester", Time{}, std::nullopt, std::nullopt});
    });
  }

  static Status exclude(ports::Store& store, const std::function<void()>& decided) {
    return store.write([&](Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.roles().hold());
      MUSTER_TRY(auto role, unit.roles().find(first_role));
      MUSTER_TRY(const auto both, unit.grants().holders_of_both({first_role}, {second_role}, Time{}, 1));
      if (!both.empty()) return fail(ErrorCode::conflict, "somebody holds both");
      role->exclusive_with = {second_role};
      MUSTER_CHECK_OK(unit.roles().update(*role));
      decided();
      return {};
    });
  }
  static Status allow_both(ports::Store& store) {
    return store.write([&](Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.roles().hold());
      MUSTER_TRY(auto role, unit.roles().find(first_role));
      role->exclusive_with.clear();
      return unit.roles().update(*role);
    });
  }

  /// How often a unit that makes roles exclude each other runs: over several databases it first finds out
  /// that there are gates to be closed.
  [[nodiscard]] int runs_of_exclusion() const { return databases_ == 1 ? 1 : 2; }
  [[nodiscard]] bool are_exclusive() const {
    return !get(*one, [](Unit& unit) { return unit.roles().find(first_role); })->exclusive_with.empty();
  }
  [[nodiscard]] std::vector<std::string> roles_of(UserId user) const {
    std::vector<std::string> names;
    for (const auto& each : get(*one, [&](Unit& unit) { return unit.grants().list(user); }))
      names.push_back(each.role);
    return names;
  }

  std::unique_ptr<ShardedStore> one;
  std::unique_ptr<ShardedStore> other;

 private:
  muster::test::MysqlServer& server_ = muster::test::shared_server(muster::test::ServerKind::mariadb);
  const int databases_;
  std::vector<std::string> dsns_;
  std::int64_t number_ = 0;
};

TEST_CASE("a grant that was decided before roles exclude each other is seen by who looks for holders",
          "[sharded]") {
  TwoProcesses processes(GENERATE(1, 3));
  const UserId user = processes.new_user();
  std::atomic<bool> has_decided{false};
  Status granted;
  std::thread granting([&] {
    granted = TwoProcesses::grant(*processes.one, user, second_role, [&] {
      has_decided = true;
      wait_briefly();
    });
  });
  const bool decided = eventually([&] { return has_decided.load(); });
  const Status excluded = TwoProcesses::exclude(*processes.other, [] {});
  granting.join();
  REQUIRE(decided);
  INFO(text_of(granted) << "\n" << text_of(excluded));
  CHECK(granted);
  CHECK_FALSE(excluded);
  CHECK_FALSE(processes.are_exclusive());
  CHECK(processes.roles_of(user).size() == 2);
}

TEST_CASE("a grant that comes while roles are made to exclude each other is decided by that", "[sharded]") {
  TwoProcesses processes(GENERATE(1, 3));
  const UserId user = processes.new_user();
  std::atomic<bool> has_looked{false};
  int looks = 0;
  Status excluded;
  std::thread excluding([&] {
    excluded = TwoProcesses::exclude(*processes.other, [&] {
      if (++looks < processes.runs_of_exclusion()) return;
      has_looked = true;
      wait_briefly();
    });
  });
  const bool looked = eventually([&] { return has_looked.load(); });
  const Status granted = TwoProcesses::grant(*processes.one, user, second_role, [] {});
  excluding.join();
  REQUIRE(looked);
  INFO(text_of(granted) << "\n" << text_of(excluded));
  CHECK(excluded);
  CHECK_FALSE(granted);
  CHECK(processes.roles_of(user).size() == 1);
}

TEST_CASE("a change of roles whose process is gone keeps nobody from being granted roles for long",
          "[sharded]") {
  TwoProcesses processes(3);
  const UserId user = processes.new_user();
  REQUIRE(close_role_gates(*processes.other->shards().now()));
  const Status granted = TwoProcesses::grant(*processes.one, user, second_role, [] {});
  INFO(text_of(granted));
  CHECK(granted);
}

TEST_CASE("a change of roles that was refused or changed nothing leaves the gates open", "[sharded]") {
  TwoProcesses processes(3);
  const UserId user = processes.new_user();
  const Status refused = processes.one->write([](Unit& unit) -> Status {
    MUSTER_TRY(auto role, unit.roles().find(first_role));
    role->exclusive_with = {second_role};
    MUSTER_CHECK_OK(unit.roles().update(*role));
    // A dry run ends so.
    return fail(ErrorCode::conflict, "not kept");
  });
  CHECK_FALSE(refused);
  const auto changes = [&] {
    return get(*processes.one->shards().now()->catalog().store,
               [](Unit& unit) { return role_changes(unit); });
  };
  const auto gate = [&] {
    return get(*processes.one->shards().now()->databases[2]->store,
               [](Unit& unit) { return role_gate(unit); });
  };
  CHECK(changes() >= gate());
  const std::int64_t before = changes();
  REQUIRE(processes.one->write([](Unit& unit) -> Status {
    MUSTER_TRY(auto role, unit.roles().find(first_role));
    role->permissions = {"read:order"};
    return unit.roles().update(*role);
  }));
  // What is allowed by a role excludes nobody.
  CHECK(changes() == before);
  CHECK(TwoProcesses::grant(*processes.other, user, second_role, [] {}));
}

TEST_CASE("of a role that is deleted while it is granted no grant stays", "[sharded]") {
  TwoProcesses processes(3);
  const UserId user = processes.new_user();
  std::atomic<bool> has_decided{false};
  Status granted;
  std::thread granting([&] {
    granted = TwoProcesses::grant(*processes.one, user, second_role, [&] {
      has_decided = true;
      wait_briefly();
    });
  });
  const bool decided = eventually([&] { return has_decided.load(); });
  const Status removed = processes.other->write([](Unit& unit) -> Status {
    MUSTER_TRY([[maybe_unused]] const bool was_there, unit.roles().remove(second_role));
    return {};
  });
  granting.join();
  REQUIRE(decided);
  INFO(text_of(granted) << "\n" << text_of(removed));
  CHECK(removed);
  CHECK(eventually([&] { return processes.roles_of(user) == std::vector<std::string>{first_role}; }));
}

TEST_CASE("grants and exclusions of two processes never leave anybody with roles that exclude each other",
          "[sharded]") {
  TwoProcesses processes(GENERATE(1, 3));
  constexpr int users_count = 12;
  std::vector<UserId> users;
  for (int i = 0; i < users_count; ++i) users.push_back(processes.new_user());
  std::atomic<bool> stopping{false};
  std::atomic<int> violations{0};
  std::atomic<int> exclusions{0};
  std::atomic<int> grants{0};
  std::thread excluding([&] {
    while (!stopping) {
      if (!TwoProcesses::exclude(*processes.other, [] {})) continue;
      ++exclusions;
      for (const UserId user : users) {
        std::vector<model::Grant> held;
        static_cast<void>(processes.other->read(Home::of(user), [&](Unit& unit) -> Status {
          MUSTER_TRY(held, unit.grants().list(user));
          return {};
        }));
        if (held.size() > 1) ++violations;
      }
      static_cast<void>(TwoProcesses::allow_both(*processes.other));
    }
  });
  std::vector<std::thread> granting;
  for (int i = 0; i < 3; ++i)
    granting.emplace_back([&, i] {
      for (std::size_t at = static_cast<std::size_t>(i); !stopping; at += 3) {
        const UserId user = users[at % users.size()];
        if (!TwoProcesses::grant(*processes.one, user, second_role, [] {})) continue;
        ++grants;
        static_cast<void>(processes.one->write(Home::of(user), [&](Unit& unit) -> Status {
          MUSTER_TRY([[maybe_unused]] const bool removed, unit.grants().remove(user, second_role));
          return {};
        }));
      }
    });
  const bool enough = eventually([&] { return exclusions >= 20 && grants >= 40; }, std::chrono::minutes(4));
  stopping = true;
  excluding.join();
  for (std::thread& each : granting) each.join();
  INFO(exclusions << " exclusions, " << grants << " grants");
  CHECK(enough);
  CHECK(violations == 0);
}

}  // namespace
}  // namespace muster::sharded::testing
