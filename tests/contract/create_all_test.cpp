// SPDX-License-Identifier: Apache-2.0
// Users that are created together fare as if they were created one after the other.
#include "contract/store_factory.hpp"
#include "model/slot.hpp"
#include "ports/slot_store.hpp"

#include <map>
#include <random>
#include <set>

namespace muster::contract {
namespace {

using ports::NewUser;
using ports::Unit;

/// The first ids whose users are in the same part as user 1.
std::vector<std::int64_t> neighbours(ports::Store& store, std::size_t count) {
  const ports::Home part = store.part_of(UserId{1});
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 1; ids.size() < count; ++id)
    if (store.part_of(UserId{id}) == part) ids.push_back(id);
  return ids;
}

NewUser new_user(std::int64_t id, const std::string& name) {
  NewUser made{make_user(id, name), name, std::nullopt, {}};
  made.user.email = name + "@example.org";
  if (id % 2 == 0) made.user.phone = "+4930" + std::to_string(id);
  if (id % 3 == 0) made.credential = model::Credential{Secret{"$hash of " + name + "$"}, at(5)};
  return made;
}

std::vector<NewUser> new_users(const std::vector<std::int64_t>& ids, const std::string& prefix) {
  std::vector<NewUser> users;
  for (const std::int64_t id : ids) users.push_back(new_user(id, prefix + std::to_string(id)));
  return users;
}

void create_together(ports::Store& store, std::vector<NewUser>& users) {
  write(store, store.part_of(UserId{1}), [&](Unit& unit) { return unit.users().create_all(users); });
}

void create_in_turn(ports::Store& store, std::vector<NewUser>& users) {
  write(store, store.part_of(UserId{1}), [&](Unit& unit) -> Status {
    for (NewUser& each : users)
      each.outcome = unit.users().create(each.user, each.username_canonical, each.credential);
    return {};
  });
}

/// "created", or the error and the field at fault.
std::string outcome_of(const NewUser& made) {
  if (made.outcome) return "created";
  const Error& error = made.outcome.error();
  return std::to_string(static_cast<int>(error.code)) + " " +
         (error.fields.empty() ? "" : error.fields.front().field);
}

std::vector<std::string> outcomes_of(const std::vector<NewUser>& users) {
  std::vector<std::string> outcomes;
  for (const NewUser& each : users) outcomes.push_back(outcome_of(each));
  return outcomes;
}

const std::string& field_of(const NewUser& made) {
  REQUIRE_FALSE(made.outcome);
  CHECK(made.outcome.error().code == ErrorCode::already_exists);
  REQUIRE(made.outcome.error().fields.size() == 1);
  return made.outcome.error().fields.front().field;
}

/// All users by id, with what they are found by; versions differ from store to store.
std::map<std::int64_t, std::string> contents_of(ports::Store& store) {
  std::map<std::int64_t, std::string> contents;
  const auto page = read(store, [](Unit& unit) { return unit.users().list({}, std::nullopt, 10'000); });
  for (const model::User& user : page.items) {
    const auto credential = read(store, [&](Unit& unit) { return unit.users().credential(user.id); });
    std::string& text = contents[user.id.value];
    text = user.username + " " + user.email.value_or("") + " " + user.phone.value_or("") + " " +
           (credential ? std::string(credential->hash.reveal()) : "");
    CHECK(read(store, [&](Unit& unit) { return unit.users().find_by_username(user.username); }) == user);
    CHECK(read(store, [&](Unit& unit) { return unit.users().find_by_email(*user.email); }) == user);
  }
  CHECK(read(store, [](Unit& unit) { return unit.users().count(); }) ==
        static_cast<std::int64_t>(contents.size()));
  return contents;
}

void check_slots(ports::Store& store) {
  std::map<std::uint32_t, std::int64_t> users;
  for (const auto& [id, text] : contents_of(store)) ++users[model::slot_of(UserId{id})];
  std::map<std::uint32_t, std::int64_t> counted;
  for (const ports::Home& part : store.parts()) {
    std::vector<ports::SlotRow> rows;
    REQUIRE(store.read(part, {}, [&](Unit& unit) -> Status {
      MUSTER_TRY(rows, unit.slots().slots());
      return {};
    }));
    for (const ports::SlotRow& row : rows)
      if (row.users != 0) counted[row.slot] += row.users;
  }
  CHECK(counted == users);
}

}  // namespace

TEST_CASE("many users that are created together are all there, and counted") {
  STORE_UNDER_TEST(store);
  auto users = new_users(neighbours(store, 150), "user");
  create_together(store, users);
  for (const NewUser& each : users) {
    INFO(each.user.username);
    REQUIRE(each.outcome);
    CHECK(each.user.version > 0);
  }
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  for (const NewUser& each : users) {
    CHECK(read(again, [&](Unit& unit) { return unit.users().find(each.user.id); }) == each.user);
    const auto credential = read(again, [&](Unit& unit) { return unit.users().credential(each.user.id); });
    CHECK(credential.has_value() == each.credential.has_value());
  }
  check_slots(again);
  CHECK(contents_of(again).size() == users.size());
  const auto there = read(again, [&](Unit& unit) {
    return unit.users().existing({users[3].user.id, UserId{1'000'000}, users[140].user.id});
  });
  CHECK(std::set<UserId>(there.begin(), there.end()) ==
        std::set<UserId>{users[3].user.id, users[140].user.id});
}

TEST_CASE("of users that are created together those with something that is taken are refused alone") {
  STORE_UNDER_TEST(store);
  const auto ids = neighbours(store, 100);
  std::vector<NewUser> first{new_user(ids[0], "ada")};
  first[0].user.phone = "+491";
  create_together(store, first);
  auto users = new_users({ids.begin() + 1, ids.end()}, "user");
  users[10].username_canonical = users[10].user.username = "ada";
  users[20].user.email = first[0].user.email;
  users[30].user.phone = first[0].user.phone;
  users[40].user.id = first[0].user.id;
  // Of two among them the first has its turn.
  users[51].username_canonical = users[51].user.username = users[50].user.username;
  users[53].user.email = users[52].user.email;
  users[54].user.phone = users[55].user.phone = "+492";
  users[57].user.id = users[56].user.id;
  create_together(store, users);
  const std::map<std::size_t, std::string> refused{{10, "username"}, {20, "email"},    {30, "phone"},
                                                   {40, "id"},       {51, "username"}, {53, "email"},
                                                   {55, "phone"},    {57, "id"}};
  for (std::size_t i = 0; i < users.size(); ++i) {
    INFO("user " << i);
    if (const auto at = refused.find(i); at != refused.end())
      CHECK(field_of(users[i]) == at->second);
    else
      CHECK(users[i].outcome);
  }
  CHECK(contents_of(store).size() == 1 + users.size() - refused.size());
  check_slots(store);
  // What they did not get is free.
  std::vector<NewUser> next{new_user(users[10].user.id.value, "next")};
  next[0].user.email = users[10].user.email;
  create_together(store, next);
  CHECK(next[0].outcome);
}

TEST_CASE("users that are created together fare as they would one after the other") {
  STORE_UNDER_TEST(store);
  const auto other = store_factory.make();
  std::mt19937 random(11);
  const auto ids = neighbours(store, 90);
  constexpr int batches = 8;
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<NewUser> users;
    // Small numbers, so that much is wanted twice; in some batches little is.
    const std::size_t range = batch % 2 == 0 ? 90 : 12;
    for (std::size_t i = 0, count = 1 + random() % 80; i < count; ++i) {
      users.push_back(new_user(ids[random() % range], "user" + std::to_string(random() % (range * 4))));
      if (random() % 4 == 0) users.back().user.email = std::to_string(random() % range) + "@example.org";
    }
    auto same = users;
    create_together(store, users);
    create_in_turn(other->store(), same);
    INFO("batch " << batch);
    CHECK(outcomes_of(users) == outcomes_of(same));
  }
  CHECK(contents_of(store) == contents_of(other->store()));
  check_slots(store);
  check_slots(other->store());
}

TEST_CASE("of users that are created together none stays when their unit fails") {
  STORE_UNDER_TEST(store);
  auto users = new_users(neighbours(store, 70), "user");
  const Status failed = store.write(store.part_of(UserId{1}), [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.users().create_all(users));
    return fail(ErrorCode::conflict, "no");
  });
  CHECK(code_of(failed) == ErrorCode::conflict);
  CHECK(contents_of(store).empty());
  check_slots(store);
  create_together(store, users);
  CHECK(std::all_of(users.begin(), users.end(), [](const NewUser& each) { return bool{each.outcome}; }));
}

}  // namespace muster::contract
