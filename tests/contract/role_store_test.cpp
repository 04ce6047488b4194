// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;

model::Role make_role(const std::string& name) {
  model::Role role;
  role.name = name;
  role.description = "what " + name + " is for";
  return role;
}

void create(ports::Store& store, model::Role& role) {
  write(store, [&](Unit& unit) { return unit.roles().create(role); });
}

std::optional<model::Role> find(ports::Store& store, const std::string& name) {
  return read(store, [&](Unit& unit) { return unit.roles().find(name); });
}

std::int64_t version(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.roles().version(); });
}

void create_users(ports::Store& store, std::int64_t users) {
  std::vector<model::User> all;
  for (std::int64_t i = 1; i <= users; ++i) all.push_back(make_user(i, "user" + std::to_string(i)));
  write_by_part(
      store, all, [](const model::User& user) { return user.id; },
      [](Unit& unit, model::User& user) { return unit.users().create(user, user.username, std::nullopt); });
}

model::Grant make_grant(const std::string& role, std::optional<Time> expires_at = std::nullopt) {
  return {role, "os:0", at(500), expires_at, "because"};
}

void put(ports::Store& store, std::int64_t user, const model::Grant& grant) {
  write(store, user, [&](Unit& unit) { return unit.grants().put(UserId{user}, grant); });
}

}  // namespace

TEST_CASE("a role is found as it was stored, alone and among all") {
  STORE_UNDER_TEST(store);
  model::Role reader = make_role("reader");
  reader.permissions = {"list:order", "read:order"};
  reader.built_in = true;
  model::Role editor = make_role("editor");
  editor.permissions = {"*:order"};
  editor.parents = {"auditor", "reader"};
  create(store, reader);
  create(store, editor);
  CHECK(editor.version > reader.version);
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  CHECK(find(again, "reader") == reader);
  CHECK(find(again, "editor") == editor);
  CHECK_FALSE(find(again, "nobody"));
  CHECK(read(again, [](Unit& unit) { return unit.roles().all(); }) ==
        std::vector<model::Role>{editor, reader});
  const Status twice = again.write([&](Unit& unit) { return unit.roles().create(editor); });
  CHECK(code_of(twice) == ErrorCode::already_exists);
}

TEST_CASE("exclusions hold on both sides, and both sides get a new version") {
  STORE_UNDER_TEST(store);
  model::Role one = make_role("one");
  model::Role two = make_role("two");
  model::Role three = make_role("three");
  create(store, one);
  create(store, two);
  create(store, three);
  one.exclusive_with = {"three", "two"};
  write(store, [&](Unit& unit) { return unit.roles().update(one); });
  CHECK(find(store, "one") == one);
  CHECK(find(store, "two")->exclusive_with == std::vector<std::string>{"one"});
  CHECK(find(store, "two")->version == one.version);
  one.exclusive_with = {"two"};
  write(store, [&](Unit& unit) { return unit.roles().update(one); });
  CHECK(find(store, "three")->exclusive_with.empty());
  CHECK(find(store, "three")->version == one.version);
  CHECK(find(store, "two")->version < one.version);
  model::Role four = make_role("four");
  four.exclusive_with = {"one"};
  create(store, four);
  CHECK(find(store, "one")->exclusive_with == std::vector<std::string>{"four", "two"});
}

TEST_CASE("an update replaces description, permissions and parents") {
  STORE_UNDER_TEST(store);
  model::Role role = make_role("role");
  role.permissions = {"a:b", "c:d"};
  role.parents = {"x"};
  create(store, role);
  const std::int64_t before = version(store);
  role.description = "new";
  role.permissions = {"c:d", "e:f"};
  role.parents = {"y", "z"};
  write(store, [&](Unit& unit) { return unit.roles().update(role); });
  CHECK(find(store, "role") == role);
  CHECK(version(store) > before);
  CHECK(role.version == version(store));
  model::Role none = make_role("none");
  CHECK(code_of(store.write([&](Unit& unit) { return unit.roles().update(none); })) == ErrorCode::not_found);
}

TEST_CASE("removing a role takes its edges, exclusions and grants") {
  STORE_UNDER_TEST(store);
  create_users(store, 3);
  model::Role base = make_role("base");
  model::Role heir = make_role("heir");
  model::Role rival = make_role("rival");
  base.permissions = {"a:b"};
  heir.parents = {"base"};
  rival.exclusive_with = {"base"};
  create(store, base);
  create(store, heir);
  create(store, rival);
  put(store, 1, make_grant("base"));
  put(store, 1, make_grant("heir"));
  put(store, 2, make_grant("base"));
  bool removed = false;
  const auto remove = [&](Unit& unit) -> Status {
    MUSTER_TRY(removed, unit.roles().remove("base"));
    return {};
  };
  write(store, remove);
  CHECK(removed);
  CHECK_FALSE(find(store, "base"));
  CHECK(find(store, "heir")->parents.empty());
  CHECK(find(store, "heir")->version == version(store));
  CHECK(find(store, "rival")->exclusive_with.empty());
  CHECK(read(store, [](Unit& unit) { return unit.grants().count_members("base"); }) == 0);
  CHECK(read(store, [](Unit& unit) { return unit.grants().list(UserId{1}); }).size() == 1);
  write(store, remove);
  CHECK_FALSE(removed);
  create(store, base);
  CHECK(find(store, "base")->permissions == base.permissions);
}

TEST_CASE("grants are listed by role, replaced and removed") {
  STORE_UNDER_TEST(store);
  create_users(store, 1);
  put(store, 1, make_grant("writer"));
  put(store, 1, make_grant("editor", at(900)));
  model::Grant again = make_grant("writer", at(999));
  again.reason = std::nullopt;
  put(store, 1, again);
  CHECK(read(store, [](Unit& unit) { return unit.grants().list(UserId{1}); }) ==
        std::vector<model::Grant>{make_grant("editor", at(900)), again});
  CHECK(code_of(store.write(ports::Home::of(UserId{2}), [](Unit& unit) {
          return unit.grants().put(UserId{2}, make_grant("editor"));
        })) == ErrorCode::not_found);
  for (const bool expected : {true, false}) {
    bool removed = !expected;
    write(store, 1, [&](Unit& unit) -> Status {
      MUSTER_TRY(removed, unit.grants().remove(UserId{1}, "editor"));
      return {};
    });
    CHECK(removed == expected);
  }
}

TEST_CASE("members come in the order of user ids, page by page") {
  STORE_UNDER_TEST(store);
  create_users(store, 25);
  for (std::int64_t i = 25; i >= 1; --i) put(store, i, make_grant(i % 2 == 0 ? "even" : "odd"));
  std::vector<std::int64_t> ids;
  std::optional<UserId> after;
  for (int page = 0; page < 10; ++page) {
    const auto members = read(store, [&](Unit& unit) { return unit.grants().members("odd", after, 5); });
    for (const auto& member : members) {
      ids.push_back(member.user.value);
      CHECK(member.grant == make_grant("odd"));
      after = member.user;
    }
    if (members.size() < 5) break;
  }
  CHECK(ids == std::vector<std::int64_t>{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25});
  CHECK(read(store, [](Unit& unit) { return unit.grants().count_members("even"); }) == 12);
}

TEST_CASE("holders of both are those whose grants are in force on both sides") {
  STORE_UNDER_TEST(store);
  create_users(store, 6);
  put(store, 1, make_grant("pay"));
  put(store, 1, make_grant("approve"));
  put(store, 2, make_grant("pay"));
  put(store, 3, make_grant("pay", at(100)));
  put(store, 3, make_grant("approve"));
  put(store, 4, make_grant("pay_heir"));
  put(store, 4, make_grant("approve", at(5000)));
  put(store, 5, make_grant("approve"));
  put(store, 6, make_grant("pay"));
  put(store, 6, make_grant("approve", at(100)));
  const auto holders = [&](std::size_t limit) {
    return read(store, [&](Unit& unit) {
      return unit.grants().holders_of_both({"pay", "pay_heir"}, {"approve"}, at(1000), limit);
    });
  };
  CHECK(holders(10) == std::vector<UserId>{UserId{1}, UserId{4}});
  CHECK(holders(1).size() == 1);
}

TEST_CASE("lapsed grants are purged, at most so many") {
  STORE_UNDER_TEST(store);
  create_users(store, 4);
  put(store, 1, make_grant("a", at(100)));
  put(store, 2, make_grant("a", at(200)));
  put(store, 3, make_grant("a", at(300)));
  put(store, 4, make_grant("a"));
  std::vector<UserId> users;
  const auto purge = [&](std::size_t limit) {
    return purge_parts(store, limit, [&](Unit& unit, std::size_t here_max) -> Result<std::size_t> {
      MUSTER_TRY(const auto here, unit.grants().purge(at(300), here_max));
      users.insert(users.end(), here.begin(), here.end());
      return here.size();
    });
  };
  CHECK(purge(1) == 1);
  CHECK(purge(10) == 1);
  CHECK(purge(10) == 0);
  std::sort(users.begin(), users.end());
  CHECK(users == std::vector<UserId>{UserId{1}, UserId{2}});
  CHECK(read(store, [](Unit& unit) { return unit.grants().count_members("a"); }) == 2);
}

}  // namespace muster::contract
