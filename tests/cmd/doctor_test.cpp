// SPDX-License-Identifier: Apache-2.0
// `musterctl doctor` against a daemon over databases of three kinds, of which one was changed by hand.
#include "support/daemon.hpp"
#include "support/mysql_server.hpp"
#include "support/process.hpp"

#include <catch2/catch.hpp>

namespace muster::test {
namespace {

/// A catalog and a shard on MariaDB, a shard on MySQL, one in a file.
class Mixed {
 public:
  Mixed() : daemon_(folder_.path() + "/data", options()) {
    const bool started = daemon_.start();
    INFO(daemon_.log());
    REQUIRE(started);
  }

  Finished doctor() { return musterctl({"doctor", "-o", "yaml"}); }
  Finished musterctl(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{program("musterctl"), "--server", "unix:" + daemon_.socket()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
  }
  /// Shard 2, of which the tests change something.
  void change(const std::string& statements) const { mysql_.execute(statements, on_mysql_); }

 private:
  DaemonOptions options() {
    DaemonOptions options;
    options.environment = {
        {"MUSTER_STORE_CATALOG", maria_.dsn(maria_.create_database())},
        {"MUSTER_STORE_SHARDS", maria_.dsn(maria_.create_database()) + "," + mysql_.dsn(on_mysql_) +
                                    ",sqlite://" + folder_.path() + "/shard3.db"}};
    return options;
  }

  TemporaryFolder folder_;
  MysqlServer& maria_ = shared_server(ServerKind::mariadb);
  MysqlServer& mysql_ = shared_server(ServerKind::mysql57);
  std::string on_mysql_ = mysql_.create_database();
  Daemon daemon_;
};

}  // namespace

TEST_CASE("doctor finds the one database that misses an index, and says for which statements") {
  Mixed mixed;
  const Finished before = mixed.doctor();
  INFO(before.out << before.err);
  CHECK(before.status == 0);
  CHECK_THAT(before.out, Catch::Contains("all 4 databases answer"));

  mixed.change("ALTER TABLE grants DROP INDEX grants_by_role");
  const Finished after = mixed.doctor();
  INFO(after.out << after.err);
  CHECK(after.status == 1);
  CHECK_THAT(after.out, Catch::Contains("shard 2: grant_members on grants: the index grants_by_role (role, "
                                        "user_id) is missing; shard 2: grant_count on grants"));
  CHECK_THAT(after.out, Catch::Contains("in shard 2: CREATE INDEX grants_by_role ON grants (role, user_id)"));
  for (const char* other : {"shard 0:", "shard 1:", "shard 3:"})
    CHECK_THAT(after.out, !Catch::Contains(other));
  const Finished examined = mixed.musterctl({"shard", "examine"});
  CHECK(examined.status == 0);
  CHECK_THAT(examined.out, Catch::Contains("faulty  MySQL 5.7."));

  mixed.change("CREATE INDEX grants_by_role ON grants (role, user_id)");
  CHECK(mixed.doctor().status == 0);
}

TEST_CASE("doctor finds slots that are not where the map says, and tables of another version") {
  Mixed mixed;
  mixed.change("INSERT INTO muster_schema (version, description) VALUES (99, 'of the future')");
  const Finished newer = mixed.doctor();
  INFO(newer.out);
  CHECK(newer.status == 0);
  CHECK_THAT(newer.out, Catch::Contains("shard 2 has version 99, this musterd knows up to") &&
                            Catch::Contains("upgrade this one too"));

  mixed.change("DELETE FROM muster_schema WHERE version > 1");
  const Finished older = mixed.doctor();
  CHECK(older.status == 1);
  CHECK_THAT(older.out, Catch::Contains("shard 2 has version 1, this musterd knows up to") &&
                            Catch::Contains("restart musterd"));

  // One that it owns, at another epoch, and one that is another's.
  mixed.change("UPDATE slot_state SET epoch = epoch + 1 WHERE state = 'OWNED' ORDER BY slot LIMIT 1");
  mixed.change("UPDATE slot_state SET state = 'OWNED' WHERE slot = 0");
  const Finished odd = mixed.doctor();
  INFO(odd.out);
  CHECK(odd.status == 1);
  CHECK_THAT(odd.out, Catch::Contains("the map says something else than the database of shard 2: 2 slots'"));
}

}  // namespace muster::test
