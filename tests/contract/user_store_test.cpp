// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;
using ports::UserFilter;

model::User full_user(std::int64_t id, const std::string& name) {
  model::User user = make_user(id, name);
  user.email = name + "@example.org";
  user.phone = "+4930" + std::to_string(id);
  user.display_name = "The " + name;
  user.attributes.text = R"({"team":"red"})";
  return user;
}

std::optional<model::User> find(ports::Store& store, std::int64_t id) {
  return read(store, [&](Unit& unit) { return unit.users().find(UserId{id}); });
}

Status create(ports::Store& store, model::User& user, const std::string& canonical) {
  return store.write(ports::Home::of(user.id),
                     [&](Unit& unit) { return unit.users().create(user, canonical, std::nullopt); });
}

Status update(ports::Store& store, model::User& user) {
  return store.write(ports::Home::of(user.id), [&](Unit& unit) { return unit.users().update(user); });
}

std::int64_t count(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.users().count(); });
}

/// The ids of all pages, walked with the given page size.
std::vector<std::int64_t> walk(ports::Store& store, const UserFilter& filter, std::size_t limit) {
  std::vector<std::int64_t> ids;
  std::optional<UserId> after;
  for (int page_number = 0; page_number < 1000; ++page_number) {
    const auto page = read(store, [&](Unit& unit) { return unit.users().list(filter, after, limit); });
    REQUIRE(page.items.size() <= limit);
    for (const auto& user : page.items) {
      ids.push_back(user.id.value);
      after = user.id;
    }
    if (!page.more) return ids;
    REQUIRE_FALSE(page.items.empty());
  }
  FAIL("the pages do not end");
  return ids;
}

}  // namespace

TEST_CASE("a user is found by id, username and email, as it was stored") {
  STORE_UNDER_TEST(store);
  model::User user = full_user(42, "Ada");
  REQUIRE(create(store, user, "ada"));
  CHECK(user.version > 0);
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  CHECK(find(again, 42) == user);
  CHECK(read(again, [](Unit& unit) { return unit.users().find_by_username("ada"); }) == user);
  CHECK_FALSE(read(again, [](Unit& unit) { return unit.users().find_by_username("Ada"); }));
  CHECK(read(again, [](Unit& unit) { return unit.users().find_by_email("Ada@example.org"); }) == user);
  CHECK_FALSE(find(again, 43));
}

TEST_CASE("a second user cannot have a name, email, phone or id that is taken, and leaves nothing behind") {
  STORE_UNDER_TEST(store);
  model::User first = full_user(1, "ada");
  REQUIRE(create(store, first, "ada"));
  struct Case {
    const char* field;
    model::User user;
    std::string canonical;
  };
  std::vector<Case> cases;
  cases.push_back({"username", full_user(2, "bob"), "ada"});
  cases.push_back({"email", full_user(2, "bob"), "bob"});
  cases.back().user.email = first.email;
  cases.push_back({"phone", full_user(2, "bob"), "bob"});
  cases.back().user.phone = first.phone;
  cases.push_back({"id", full_user(1, "bob"), "bob"});
  for (Case& each : cases) {
    INFO(each.field);
    // The unit goes on after the failure, so the store itself must have taken its parts back.
    Status refused;
    write(store, each.user.id.value, [&](Unit& unit) -> Status {
      refused = unit.users().create(each.user, each.canonical, std::nullopt);
      return {};
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
    REQUIRE(refused.error().fields.size() == 1);
    CHECK(refused.error().fields.front().field == each.field);
    CHECK(count(store) == 1);
  }
  CHECK(find(store, 1) == first);
  CHECK_FALSE(find(store, 2));
  model::User second = full_user(2, "bob");
  CHECK(create(store, second, "bob"));
  CHECK(count(store) == 2);
}

TEST_CASE("an update stores every field, moves email and phone, and gives a new version") {
  STORE_UNDER_TEST(store);
  model::User user = full_user(1, "Ada");
  REQUIRE(create(store, user, "ada"));
  model::User other = full_user(2, "bob");
  REQUIRE(create(store, other, "bob"));
  const std::int64_t first_version = user.version;
  user.email = "new@example.org";
  user.phone = std::nullopt;
  user.display_name = std::nullopt;
  user.status = model::UserStatus::disabled;
  user.attributes.text = "{}";
  user.updated_at = at(2000);
  write(store, 1, [&](Unit& unit) { return unit.users().update(user); });
  CHECK(user.version > first_version);
  CHECK(find(store, 1) == user);
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.users().find_by_email("Ada@example.org"); }));
  CHECK(read(store, [](Unit& unit) { return unit.users().find_by_email("new@example.org"); }) == user);
  CHECK(read(store, [](Unit& unit) { return unit.users().find_by_username("ada"); }) == user);

  model::User thief = other;
  thief.email = user.email;
  const Status stolen = update(store, thief);
  CHECK(code_of(stolen) == ErrorCode::already_exists);
  CHECK(find(store, 2) == other);
  thief = full_user(3, "nobody");
  CHECK(code_of(update(store, thief)) == ErrorCode::not_found);
  // The phone that was given up is free.
  model::User third = full_user(4, "cleo");
  third.phone = "+49301";
  CHECK(create(store, third, "cleo"));
}

TEST_CASE("a failed change of phone leaves the email where it was within the same unit") {
  STORE_UNDER_TEST(store);
  model::User one = full_user(1, "one");
  model::User two = full_user(2, "two");
  REQUIRE(create(store, one, "one"));
  REQUIRE(create(store, two, "two"));
  model::User changed = two;
  changed.email = "fresh@example.org";
  changed.phone = one.phone;
  Status refused;
  write(store, 2, [&](Unit& unit) -> Status {
    refused = unit.users().update(changed);
    return {};
  });
  CHECK(code_of(refused) == ErrorCode::already_exists);
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.users().find_by_email("fresh@example.org"); }));
  CHECK(read(store, [](Unit& unit) { return unit.users().find_by_email("two@example.org"); }));
}

TEST_CASE("removing a user frees its names and takes credential, sessions and grants with it") {
  STORE_UNDER_TEST(store);
  model::User user = full_user(1, "ada");
  write(store, 1, [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.users().create(user, "ada", model::Credential{Secret{"$hash$"}, at(5)}));
    MUSTER_CHECK_OK(unit.sessions().create(make_session(1, 7)));
    return unit.grants().put(UserId{1}, {"editor", "os:0", at(1), std::nullopt, std::nullopt});
  });
  CHECK(count(store) == 1);
  bool removed = false;
  write(store, 1, [&](Unit& unit) -> Status {
    MUSTER_TRY(removed, unit.users().remove(UserId{1}));
    return {};
  });
  CHECK(removed);
  CHECK(count(store) == 0);
  CHECK_FALSE(find(store, 1));
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.users().credential(UserId{1}); }));
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.sessions().find(make_session(1, 7).id); }));
  CHECK(read(store, [](Unit& unit) { return unit.grants().list(UserId{1}); }).empty());
  CHECK(read(store, [](Unit& unit) { return unit.grants().count_members("editor"); }) == 0);
  write(store, 1, [&](Unit& unit) -> Status {
    MUSTER_TRY(removed, unit.users().remove(UserId{1}));
    return {};
  });
  CHECK_FALSE(removed);
  model::User next = full_user(2, "ada");
  next.phone = user.phone;
  CHECK(create(store, next, "ada"));
}

TEST_CASE("credentials and revocations are kept beside the user and do not change its version") {
  STORE_UNDER_TEST(store);
  model::User user = full_user(1, "ada");
  REQUIRE(create(store, user, "ada"));
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.users().credential(UserId{1}); }));
  CHECK(read(store, [](Unit& unit) { return unit.users().revocation(UserId{1}); }).revoked_epoch == 0);
  for (const char* hash : {"$one$", "$two$"})
    write(store, 1, [&](Unit& unit) {
      return unit.users().set_credential(UserId{1}, {Secret{std::string(hash)}, at(9)});
    });
  const auto credential = read(store, [](Unit& unit) { return unit.users().credential(UserId{1}); });
  REQUIRE(credential);
  CHECK(credential->hash.reveal() == "$two$");
  CHECK(credential->changed_at == at(9));
  write(store, 1, [](Unit& unit) { return unit.users().set_revocation(UserId{1}, {7, at(70)}); });
  const auto revocation = read(store, [](Unit& unit) { return unit.users().revocation(UserId{1}); });
  CHECK(revocation.revoked_epoch == 7);
  CHECK(revocation.revoked_before == at(70));
  CHECK(find(store, 1)->version == user.version);
  CHECK(code_of(store.write(ports::Home::of(UserId{9}), [](Unit& unit) {
          return unit.users().set_credential(UserId{9}, {Secret{std::string("x")}, at(1)});
        })) == ErrorCode::not_found);
  CHECK(code_of(store.write(ports::Home::of(UserId{9}), [](Unit& unit) {
          return unit.users().set_revocation(UserId{9}, {1, std::nullopt});
        })) == ErrorCode::not_found);
}

TEST_CASE("users are listed in the order of ids, with every combination of filters") {
  STORE_UNDER_TEST(store);
  // Imported ids need not follow time: each day's users are spread over all ids.
  constexpr std::int64_t day = 86'400;
  constexpr std::int64_t users = 240;
  std::vector<model::User> all;
  for (std::int64_t i = 0; i < users; ++i) {
    model::User user = full_user(1 + (i * 77) % 1009, "user" + std::to_string(i));
    user.created_at = at(10 * day + (i % 12) * day / 2 + i);
    user.status = i % 5 == 0 ? model::UserStatus::disabled : model::UserStatus::active;
    all.push_back(user);
  }
  write_by_part(
      store, all, [](const model::User& user) { return user.id; },
      [](Unit& unit, model::User& user) { return unit.users().create(user, user.username, std::nullopt); });
  const std::vector<std::optional<model::UserStatus>> statuses{std::nullopt, model::UserStatus::active,
                                                               model::UserStatus::disabled};
  const std::vector<std::optional<Time>> times{
      std::nullopt, at(0), at(10 * day), at(12 * day + 50), at(13 * day + 120), at(900 * day)};
  for (const auto& status : statuses)
    for (const auto& after : times)
      for (const auto& before : times) {
        UserFilter filter;
        filter.status = status;
        filter.created_after = after;
        filter.created_before = before;
        std::vector<std::int64_t> expected;
        for (const model::User& user : all)
          if ((!status || user.status == *status) && (!after || user.created_at > *after) &&
              (!before || user.created_at < *before))
            expected.push_back(user.id.value);
        std::sort(expected.begin(), expected.end());
        for (const std::size_t limit : {std::size_t{7}, std::size_t{1000}})
          CHECK(walk(store, filter, limit) == expected);
      }
}

TEST_CASE("a filter by name finds at most that user, and the other conditions hold too") {
  STORE_UNDER_TEST(store);
  model::User user = full_user(5, "ada");
  REQUIRE(create(store, user, "ada"));
  UserFilter filter;
  filter.username = "ada";
  CHECK(walk(store, filter, 10) == std::vector<std::int64_t>{5});
  filter.email = user.email;
  filter.phone = user.phone;
  filter.status = model::UserStatus::active;
  CHECK(walk(store, filter, 10) == std::vector<std::int64_t>{5});
  filter.status = model::UserStatus::disabled;
  CHECK(walk(store, filter, 10).empty());
  filter = {};
  filter.email = "nobody@example.org";
  CHECK(walk(store, filter, 10).empty());
  filter = {};
  filter.phone = user.phone;
  CHECK(walk(store, filter, 10) == std::vector<std::int64_t>{5});
  filter.created_after = user.created_at;
  CHECK(walk(store, filter, 10).empty());
  const auto past = read(store, [&](Unit& unit) {
    UserFilter by_name;
    by_name.username = "ada";
    return unit.users().list(by_name, UserId{5}, 10);
  });
  CHECK(past.items.empty());
}

TEST_CASE("the count of users follows units, parts of units and failures") {
  STORE_UNDER_TEST(store);
  std::int64_t neighbour = 2;
  while (store.part_of(UserId{neighbour}) != store.part_of(UserId{1})) ++neighbour;
  std::int64_t within = 0;
  write(store, 1, [&](Unit& unit) -> Status {
    model::User one = full_user(1, "one");
    MUSTER_CHECK_OK(unit.users().create(one, "one", std::nullopt));
    const Status undone = unit.attempt([&]() -> Status {
      model::User two = full_user(neighbour, "two");
      MUSTER_CHECK_OK(unit.users().create(two, "two", std::nullopt));
      return fail(ErrorCode::conflict, "no");
    });
    if (undone) return fail(ErrorCode::internal, "the attempt should have failed");
    MUSTER_TRY(within, unit.users().count());
    return {};
  });
  CHECK(within == 1);
  CHECK(count(store) == 1);
  CHECK(code_of(store.write(ports::Home::of(UserId{3}), [&](Unit& unit) -> Status {
          model::User three = full_user(3, "three");
          MUSTER_CHECK_OK(unit.users().create(three, "three", std::nullopt));
          return fail(ErrorCode::conflict, "no");
        })) == ErrorCode::conflict);
  CHECK(count(store) == 1);
}

}  // namespace muster::contract
