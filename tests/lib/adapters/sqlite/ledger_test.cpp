// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/sqlite/database.hpp"
#include "model/slot.hpp"
#include "model/user.hpp"
#include "ports/role_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

#include <random>

namespace muster::sqlite::test {
namespace {

std::string value_of(const SqliteOptions& options, const std::string& statement) {
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  const auto value = (*connection)->value_of(statement);
  REQUIRE(value);
  return *value;
}

/// One of the changes that touch a slot, or one that comes to nothing.
Status change_something(ports::Unit& unit, std::mt19937& random) {
  const UserId user{1 + static_cast<std::int64_t>(random() % 30)};
  switch (random() % 7) {
    case 0: {
      model::User created;
      created.id = user;
      return unit.users().create(created, "user" + user.text(), std::nullopt);
    }
    case 1:
      MUSTER_CHECK_OK(unit.users().remove(user));
      return {};
    case 2:
      return unit.grants().put(user, {"role", "os:0", {}, std::nullopt, std::nullopt});
    case 3:
      return unit.users().set_revocation(user, {static_cast<std::int64_t>(random() % 9), std::nullopt});
    case 4: {
      model::Session session;
      session.id.user = user;
      session.id.random.fill(static_cast<unsigned char>(random()));
      return unit.sessions().create(session);
    }
    case 5: {
      std::vector<ports::NewUser> users;
      for (std::size_t i = 0, count = random() % 9; i < count; ++i) {
        users.emplace_back();
        users.back().user.id = UserId{1 + static_cast<std::int64_t>(random() % 30)};
        users.back().username_canonical = "user" + users.back().user.id.text();
      }
      return unit.users().create_all(users);
    }
    default: {
      // No such session: the slot was locked in vain.
      model::Session none;
      none.id.user = user;
      MUSTER_CHECK_OK(unit.sessions().rotate(none, "hash"));
      return {};
    }
  }
}

}  // namespace

TEST_CASE("the slot of a user never changes") {
  // The first output of SplitMix64 from seed 0, as published.
  CHECK(model::slot_hash(0) == 0xe220a8397b1dcdafULL);
  CHECK(model::slot_of(UserId{1}) == 3265);
  CHECK(model::slot_of(UserId{42}) == 3733);
  CHECK(model::slot_of(UserId{9'223'372'036'854'775'807}) == 3751);
}

TEST_CASE("whatever is done or undone, a slot's log has each sequence number up to the slot's own") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    const Status status = store->write([&](ports::Unit& unit) -> Status {
      for (int part = 0; part < 6; ++part) {
        const bool keep = random() % 3 != 0;
        static_cast<void>(unit.attempt([&]() -> Status {
          MUSTER_CHECK_OK(change_something(unit, random));
          return keep ? Status{} : Status(fail(ErrorCode::conflict, "undone"));
        }));
      }
      return random() % 4 == 0 ? Status(fail(ErrorCode::conflict, "undone")) : Status{};
    });
    static_cast<void>(status);
  }
  CHECK(value_of(options, "SELECT COUNT(*) > 200 FROM change_log") == "1");
  CHECK(
      value_of(options,
               "SELECT COUNT(*) FROM slot_state s WHERE seq <> (SELECT COUNT(DISTINCT seq) FROM change_log c "
               "WHERE c.slot = s.slot) OR seq <> (SELECT IFNULL(MAX(seq), 0) FROM change_log c WHERE c.slot "
               "= s.slot)") == "0");
  // In the order of their commits.
  CHECK(value_of(options,
                 "SELECT COUNT(*) FROM change_log a JOIN change_log b ON a.slot = b.slot AND a.id < b.id "
                 "WHERE a.seq > b.seq") == "0");
  CHECK(
      value_of(
          options,
          "SELECT COUNT(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM change_log c WHERE c.user_id = u.id "
          "AND c.seq = u.version AND c.op % 64 = 1)") == "0");
  // Of what a unit logs of a slot the first says that it is.
  CHECK(value_of(
            options,
            "SELECT COUNT(*) FROM change_log c WHERE (op >= 64) <> (id = (SELECT MIN(id) FROM change_log f "
            "WHERE f.slot = c.slot AND f.seq = c.seq))") == "0");
  CHECK(value_of(options, "SELECT SUM(users) = (SELECT COUNT(*) FROM users) FROM slot_state") == "1");
}

TEST_CASE("a slot that is not owned here takes no writes") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  {
    auto connection = SqliteConnection::open(options.path, ConnectionKind::writer, 1000, 2000);
    REQUIRE(connection);
    REQUIRE((*connection)
                ->execute("UPDATE slot_state SET state = 'MOVED' WHERE slot = " +
                          std::to_string(model::slot_of(UserId{5}))));
  }
  const auto create = [&](std::int64_t id) {
    return store->write([id](ports::Unit& unit) -> Status {
      model::User user;
      user.id = UserId{id};
      return unit.users().create(user, "user" + std::to_string(id), std::nullopt);
    });
  };
  const Status refused = create(5);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(create(6));
  const Status refused_together = store->write([](ports::Unit& unit) -> Status {
    std::vector<ports::NewUser> users(4);
    for (std::size_t i = 0; i < users.size(); ++i) {
      users[i].user.id = UserId{static_cast<std::int64_t>(i) + 3};
      users[i].username_canonical = "new" + std::to_string(i);
    }
    return unit.users().create_all(users);
  });
  REQUIRE_FALSE(refused_together);
  CHECK(refused_together.error().detail == refused.error().detail);
  CHECK(value_of(options, "SELECT COUNT(*) FROM users") == "1");
  CHECK(store->health().writable);
}

TEST_CASE("maintenance keeps the newest entries of the change log") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.change_log_keep = 100;
  const auto store = open_store(options);
  REQUIRE(store->maintain());
  REQUIRE(store->write([](ports::Unit& unit) -> Status {
    for (std::int64_t i = 1; i <= 500; ++i) {
      model::User user;
      user.id = UserId{i};
      MUSTER_CHECK_OK(unit.users().create(user, "user" + std::to_string(i), std::nullopt));
    }
    return {};
  }));
  REQUIRE(store->maintain());
  CHECK(value_of(options, "SELECT COUNT(*) FROM change_log") == "100");
  CHECK(value_of(options, "SELECT MIN(user_id) FROM change_log") == "401");
  REQUIRE(store->maintain());
  CHECK(value_of(options, "SELECT COUNT(*) FROM change_log") == "100");
}

}  // namespace muster::sqlite::test
