// SPDX-License-Identifier: Apache-2.0
// Everything stops at the n-th write of a registration, a change of email and a removal, for every n, with
// that write not begun or kept without an answer; then it is started again. Names have one owner or none, and
// what was acknowledged is there.
#include "lib/adapters/sharded/invariants.hpp"
#include "lib/adapters/sharded/mortal_store.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using ports::Home;
using ports::Unit;

model::User full_user(std::int64_t id, const std::string& name) {
  model::User user = make_user(id, name);
  user.phone = "+49" + std::to_string(1'000'000 + id);
  return user;
}

model::AuditRecord record_of(const std::string& operation, UserId user) {
  model::AuditRecord record;
  record.time = Time{std::chrono::seconds(1'000'000)};
  record.actor = "os:0";
  record.operation = operation;
  record.target = "user:" + user.text();
  record.outcome = "ok";
  return record;
}

Status recorded(ports::Store& store, const std::string& operation, UserId user,
                const std::function<Status(Unit&)>& work) {
  return store.write(Home::of(user), [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(work(unit));
    model::AuditRecord record = record_of(operation, user);
    return unit.audit().append(record);
  });
}

/// What was done before the end, and what was acknowledged of it.
struct Deeds {
  explicit Deeds(std::int64_t number)
      : kept(full_user(number * 10 + 1, "kept" + std::to_string(number))),
        changed(full_user(number * 10 + 2, "changed" + std::to_string(number))),
        removed(full_user(number * 10 + 3, "removed" + std::to_string(number))) {}

  Status prepare(ports::Store& store) const {
    MUSTER_CHECK_OK(create_user(store, changed));
    return create_user(store, removed);
  }
  /// False: it did not come to the end.
  bool run(ports::Store& store) {
    is_created = recorded(store, "create", kept.id, [&](Unit& unit) {
                   model::User user = kept;
                   return unit.users().create(user, user.username, std::nullopt);
                 }).has_value();
    is_changed = recorded(store, "change", changed.id, [&](Unit& unit) {
                   model::User user = changed;
                   user.email = new_email();
                   return unit.users().update(user);
                 }).has_value();
    is_removed = recorded(store, "remove", removed.id, [&](Unit& unit) -> Status {
                   MUSTER_CHECK_OK(unit.users().remove(removed.id));
                   return {};
                 }).has_value();
    return is_created && is_changed && is_removed;
  }
  [[nodiscard]] std::string new_email() const { return "new." + *changed.email; }

  model::User kept;
  model::User changed;
  model::User removed;
  bool is_created = false;
  bool is_changed = false;
  bool is_removed = false;
};

/// An acknowledged change is in the log once, and any change that was kept.
void check_record(ports::Store& store, const std::string& operation, UserId user, bool is_kept) {
  ports::AuditFilter filter;
  filter.operation = operation;
  filter.target = "user:" + user.text();
  CHECK(get(store, [&](Unit& unit) { return unit.audit().list(filter, 0, 10); }).size() == (is_kept ? 1 : 0));
}

void check_deeds(ports::Store& store, const Deeds& deeds) {
  const bool created = is_whole(store, deeds.kept);
  CHECK((created || !deeds.is_created));
  check_record(store, "create", deeds.kept.id, created);

  model::User changed = deeds.changed;
  changed.email = deeds.new_email();
  const auto now = get(store, [&](Unit& unit) { return unit.users().find(deeds.changed.id); });
  REQUIRE(now);
  const bool has_new = now->email == changed.email;
  CHECK((has_new || !deeds.is_changed));
  CHECK(is_whole(store, has_new ? changed : deeds.changed));
  check_record(store, "change", deeds.changed.id, has_new);

  const bool removed = !is_whole(store, deeds.removed);
  CHECK((removed || !deeds.is_removed));
  check_record(store, "remove", deeds.removed.id, removed);

  // What nobody has is free.
  model::User next = full_user(deeds.kept.id.value + 5, "next" + std::to_string(deeds.kept.id.value));
  next.email = has_new ? deeds.changed.email : changed.email;
  const model::User& former = removed ? deeds.removed : deeds.kept;
  if (removed || !created) {
    next.username = former.username;
    next.phone = former.phone;
  }
  const Status taken = create_user(store, next);
  INFO(text_of(taken));
  CHECK(taken);
  CHECK(is_whole(store, next));
}

/// Users of one part that are created together; two of them want the same name.
struct Crowd {
  Crowd(ports::Store& store, std::int64_t number) {
    const std::int64_t first = number * 1'000;
    part = store.part_of(UserId{first});
    // So many that names of one kind come together in each database.
    for (std::int64_t id = first; users.size() < 18; ++id)
      if (store.part_of(UserId{id}) == part) users.push_back(full_user(id, "user" + std::to_string(id)));
    users.back().username = users.front().username;
  }
  /// False: it did not come to the end.
  bool run(ports::Store& store) {
    is_acknowledged = store
                          .write(part,
                                 [&](Unit& unit) -> Status {
                                   std::vector<ports::NewUser> made;
                                   for (const model::User& each : users)
                                     made.push_back({each, each.username, std::nullopt, {}});
                                   MUSTER_CHECK_OK(unit.users().create_all(made));
                                   is_last_refused = !made.back().outcome;
                                   model::AuditRecord record = record_of("import", users.front().id);
                                   return unit.audit().append(record);
                                 })
                          .has_value();
    return is_acknowledged;
  }
  /// There are all of them or none, and none has a name that another one needs.
  void check(ports::Store& store) {
    const bool created = is_whole(store, users.front());
    CHECK((created || !is_acknowledged));
    check_record(store, "import", users.front().id, created);
    for (std::size_t i = 0; i + 1 < users.size(); ++i) CHECK(is_whole(store, users[i]) == created);
    model::User last = users.back();
    CHECK_FALSE(get(store, [&](Unit& unit) { return unit.users().find(last.id); }));
    if (created) {
      CHECK(is_last_refused);
      last.username += "b";
    }
    CHECK(create_user(store, last));
    for (const model::User& each : users)
      if (!created && each.id != last.id && each.username != last.username) CHECK(create_user(store, each));
  }

  ports::Home part = ports::Home::catalog();
  std::vector<model::User> users;
  bool is_acknowledged = false;
  bool is_last_refused = false;
};

}  // namespace

TEST_CASE("a crash at any write of a registration, a change of email or a removal leaves no name in doubt",
          "[sharded]") {
  const auto death = GENERATE(Death::before_the_write, Death::after_the_write);
  INFO((death == Death::before_the_write ? "a write that is not begun" : "a write whose answer is lost"));
  constexpr int writes_max = 100;
  const auto fate = std::make_shared<Fate>();
  Databases databases(3, fate);
  int writes = 1;
  for (bool is_done = false; !is_done; ++writes) {
    INFO("write " << writes);
    REQUIRE(writes < writes_max);
    Deeds deeds(writes);
    REQUIRE(deeds.prepare(databases.store()));
    fate->die_at(writes, death);
    is_done = deeds.run(databases.store()) && !fate->is_dead();
    databases.close();
    fate->revive();
    databases.advance(std::chrono::minutes(10));
    databases.open();
    settle(databases);
    check_deeds(databases.store(), deeds);
    settle(databases);
    check_invariants(databases);
  }
  // Names in three databases, the user, the record: whoever needs fewer writes does not keep to the protocol.
  CHECK(writes > 12);
}

TEST_CASE("a crash at any write of one database, while the others go on, leaves no name in doubt",
          "[sharded]") {
  constexpr int writes_max = 60;
  const std::size_t mortal = GENERATE(0, 1, 2);
  const auto death = GENERATE(Death::before_the_write, Death::after_the_write);
  INFO("database " << mortal);
  const auto fate = std::make_shared<Fate>();
  Databases databases(2, fate, mortal);
  int writes = 1;
  for (bool is_done = false; !is_done; ++writes) {
    INFO("write " << writes);
    REQUIRE(writes < writes_max);
    Deeds deeds(writes);
    REQUIRE(deeds.prepare(databases.store()));
    fate->die_at(writes, death);
    is_done = deeds.run(databases.store()) && !fate->is_dead();
    // The daemon lives on; what it could not end it ends when the database is back.
    fate->revive();
    databases.advance(std::chrono::minutes(10));
    settle(databases);
    check_deeds(databases.store(), deeds);
    settle(databases);
    check_invariants(databases);
  }
}

TEST_CASE("a crash at any write of users that are created together leaves no name in doubt", "[sharded]") {
  const auto death = GENERATE(Death::before_the_write, Death::after_the_write);
  const std::optional<std::size_t> mortal = GENERATE(std::optional<std::size_t>{}, 0, 1, 2);
  INFO((death == Death::before_the_write ? "a write that is not begun" : "a write whose answer is lost"));
  INFO((mortal ? "database " + std::to_string(*mortal) : "all databases"));
  constexpr int writes_max = 60;
  const auto fate = std::make_shared<Fate>();
  Databases databases(2, fate, mortal);
  int writes = 1;
  for (bool is_done = false; !is_done; ++writes) {
    INFO("write " << writes);
    REQUIRE(writes < writes_max);
    Crowd crowd(databases.store(), writes);
    fate->die_at(writes, death);
    is_done = crowd.run(databases.store()) && !fate->is_dead();
    if (!mortal) {
      databases.close();
      fate->revive();
      databases.advance(std::chrono::minutes(10));
      databases.open();
    } else {
      fate->revive();
      databases.advance(std::chrono::minutes(10));
    }
    settle(databases);
    crowd.check(databases.store());
    settle(databases);
    check_invariants(databases);
  }
  if (!mortal) CHECK(writes > 5);
}

TEST_CASE("a crash at any write of the first start is made good by the next", "[sharded]") {
  const auto death = GENERATE(Death::before_the_write, Death::after_the_write);
  constexpr int writes_max = 20;
  int writes = 1;
  for (bool is_done = false; !is_done; ++writes) {
    INFO("write " << writes);
    REQUIRE(writes < writes_max);
    const auto fate = std::make_shared<Fate>();
    fate->die_at(writes, death);
    Databases databases(2, fate, std::nullopt, Databases::Start::later);
    is_done = ShardedStore::open(databases.options()).has_value() && !fate->is_dead();
    fate->revive();
    databases.open();
    for (std::int64_t id = 1; id <= 10; ++id)
      REQUIRE(create_user(databases.store(), full_user(id, "user" + std::to_string(id))));
    settle(databases);
    check_invariants(databases);
  }
  CHECK(writes > 4);
}

}  // namespace muster::sharded::testing
