// SPDX-License-Identifier: Apache-2.0
// An operator may partition the large tables natively: every one of them is found by a key that can be
// partitioned by.
#include "lib/adapters/mysql/database.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <vector>

namespace muster::mysql::test {
namespace {

constexpr std::int64_t users = 200;

model::User user_number(std::int64_t number) {
  model::User user;
  // Their order is not that of the partitions.
  user.id = UserId{(number * 7919) % 100'003 + 1};
  user.username = "user" + std::to_string(number);
  user.email = user.username + "@example.org";
  user.created_at = Time{std::chrono::hours(24 * (number % 5))};
  return user;
}

Status create_all(ports::Unit& unit) {
  for (std::int64_t number = 0; number < users; ++number) {
    model::User user = user_number(number);
    MUSTER_CHECK_OK(unit.users().create(user, user.username, model::Credential{Secret("hash"), Time()}));
  }
  return {};
}

Result<std::vector<UserId>> pages_of(ports::Unit& unit) {
  std::vector<UserId> all;
  std::optional<UserId> after;
  for (int pages = 0; pages < 100; ++pages) {
    MUSTER_TRY(const auto page, unit.users().list({}, after, 33));
    for (const model::User& each : page.items) all.push_back(each.id);
    if (!page.more) break;
    after = all.back();
  }
  return all;
}

}  // namespace

TEST_CASE("tables that are partitioned natively serve as whole ones do") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  partition_tables(server, database);
  REQUIRE(store->write(create_all));

  model::User same_name = user_number(7);
  same_name.id = UserId{999'999};
  const Status again = store->write(
      [&](ports::Unit& unit) { return unit.users().create(same_name, same_name.username, std::nullopt); });
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::already_exists);

  std::vector<UserId> listed;
  std::optional<model::User> by_name;
  std::optional<model::User> by_email;
  REQUIRE(store->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(listed, pages_of(unit));
    MUSTER_TRY(by_name, unit.users().find_by_username("user42"));
    MUSTER_TRY(by_email, unit.users().find_by_email("user43@example.org"));
    return {};
  }));
  CHECK(listed.size() == users);
  CHECK(std::is_sorted(listed.begin(), listed.end()));
  REQUIRE((by_name && by_email));
  CHECK(by_name->id == user_number(42).id);
  CHECK(by_email->id == user_number(43).id);

  REQUIRE(store->write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const bool removed, unit.users().remove(by_name->id));
    return removed ? Status() : fail(ErrorCode::internal, "nobody was removed");
  }));
  REQUIRE(store->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(listed, pages_of(unit));
    return {};
  }));
  CHECK(listed.size() == users - 1);
  server.execute("DROP DATABASE " + database);
}

}  // namespace muster::mysql::test
