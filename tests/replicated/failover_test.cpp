// SPDX-License-Identifier: Apache-2.0
// A primary and a replica that can take its place: writing goes where it can, and reads go with it.
#include "lib/adapters/mysql/database.hpp"

#include <string>

namespace muster::mysql::test {
namespace {

using muster::test::replication_options;

/// Two servers, of which the second follows and is read-only.
struct Pair {
  explicit Pair(ServerKind kind)
      : one(kind, replication_options(kind, 1)), two(kind, replication_options(kind, 2)) {
    two.replicate(one);
    two.execute("SET GLOBAL read_only = ON");
    database = one.create_database();
  }
  [[nodiscard]] MysqlOptions options(const std::string& parameters = {}) const {
    const std::string dsn = one.dsn(database, parameters);
    const std::string port = std::to_string(one.port());
    std::string both = dsn;
    both.replace(both.find(port), port.size(), port + ",127.0.0.1:" + std::to_string(two.port()));
    return options_for(both);
  }
  [[nodiscard]] bool has_followed(const std::string& value) const {
    try {
      return two.execute("SELECT value FROM meta WHERE name = 'a'", database) == value + "\n";
    } catch (const std::exception&) {
      return false;
    }
  }
  void promote() const { two.execute("STOP SLAVE; SET GLOBAL read_only = OFF"); }

  MysqlServer one;
  MysqlServer two;
  std::string database;
};

}  // namespace

TEST_CASE("a primary that dies: writing goes on where the replica was promoted") {
  const auto kind = GENERATE(ServerKind::mariadb, ServerKind::mysql57);
  Pair pair(kind);
  const auto store = open_store(pair.options("connect_timeout=1s&statement_timeout=2s"));
  REQUIRE(put(*store, "a", "1"));
  REQUIRE(eventually([&] { return pair.has_followed("1"); }));
  pair.one.kill();
  const Status refused = put(*store, "a", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  // What was acknowledged might not be there yet.
  CHECK_FALSE(try_read(*store));
  pair.promote();
  CHECK(eventually([&] { return put(*store, "a", "3").has_value(); }));
  CHECK(get(*store, "a") == "3");
  CHECK(pair.has_followed("3"));
  CHECK(store->health().writable);
}

TEST_CASE("a change of primary by hand: no change is refused, and reads follow") {
  const auto kind = GENERATE(ServerKind::mariadb, ServerKind::mysql57);
  Pair pair(kind);
  const auto store = open_store(pair.options());
  REQUIRE(put(*store, "a", "1"));
  REQUIRE(get(*store, "a") == "1");
  REQUIRE(eventually([&] { return pair.has_followed("1"); }));
  pair.one.execute("SET GLOBAL read_only = ON");
  pair.promote();
  const Status kept = put(*store, "a", "2");
  INFO((kept ? "" : kept.error().message + " / " + kept.error().detail));
  CHECK(kept);
  CHECK(get(*store, "a") == "2");
  CHECK(pair.has_followed("2"));
  CHECK(pair.one.execute("SELECT value FROM meta WHERE name = 'a'", pair.database) == "1\n");
  // A daemon that starts now finds it too.
  const auto another = open_store(pair.options());
  CHECK(get(*another, "a") == "2");
  CHECK(put(*another, "a", "3"));
  CHECK(get(*store, "a") == "3");
}

TEST_CASE("a frozen primary: the promoted replica is found in a bounded time") {
  Pair pair(ServerKind::mariadb);
  const auto store = open_store(pair.options("connect_timeout=1s&statement_timeout=2s"));
  REQUIRE(put(*store, "a", "1"));
  REQUIRE(eventually([&] { return pair.has_followed("1"); }));
  pair.one.freeze();
  pair.promote();
  CHECK(eventually([&] { return put(*store, "a", "2").has_value(); }));
  CHECK(get(*store, "a") == "2");
  // The old one comes back as its operator must have it; nobody goes there.
  pair.one.thaw();
  pair.one.execute("SET GLOBAL read_only = ON");
  CHECK(put(*store, "a", "3"));
  CHECK(get(*store, "a") == "3");
  CHECK(pair.has_followed("3"));
}

TEST_CASE("where no host can be written to, that is said") {
  Pair pair(ServerKind::mariadb);
  open_store(pair.options()).reset();
  pair.one.execute("SET GLOBAL read_only = ON");
  const Error error = open_error(pair.options());
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(error.message.find("the database is read-only") != std::string::npos);
}

}  // namespace muster::mysql::test
