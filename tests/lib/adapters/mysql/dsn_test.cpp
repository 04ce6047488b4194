// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/dsn.hpp"

#include "support/process.hpp"

#include <catch2/catch.hpp>

namespace muster::mysql {
namespace {

Dsn good(const std::string& text) {
  const auto dsn = Dsn::parse(text);
  INFO(text << (dsn ? "" : ": " + dsn.error().message));
  REQUIRE(dsn);
  return *dsn;
}

}  // namespace

TEST_CASE("an address of a database is taken apart") {
  const Dsn least = good("mysql://muster@db.example/users");
  CHECK(least.user == "muster");
  CHECK(least.hosts.at(0).name == "db.example");
  CHECK(least.hosts.at(0).port == 3306);
  CHECK(least.database == "users");
  CHECK(least.endpoint() == "mysql://db.example:3306/users");
  const Dsn most = good(
      "mysql://mus%40ter@[2001:db8::1]:3307/users_0-1$?password_file=/run/p%20w&ssl_mode=verify_ca&ssl_ca=/ca"
      "&ssl_cert=/cert&ssl_key=/key&connect_timeout=3s&statement_timeout=2m&connections_max=20"
      "&connections_idle_min=0&connection_wait=1s&connection_lifetime=1h");
  CHECK(most.user == "mus@ter");
  CHECK(most.hosts.at(0).name == "2001:db8::1");
  CHECK(most.hosts.at(0).port == 3307);
  CHECK(most.database == "users_0-1$");
  CHECK(most.endpoint() == "mysql://[2001:db8::1]:3307/users_0-1$");
  CHECK(most.password_file == "/run/p w");
  CHECK(most.ssl_mode == SslMode::verify_ca);
  CHECK(most.ssl_ca == "/ca");
  CHECK(most.ssl_cert == "/cert");
  CHECK(most.ssl_key == "/key");
  CHECK(most.connect_timeout == std::chrono::seconds(3));
  CHECK(most.statement_timeout == std::chrono::seconds(120));
  CHECK(most.connections_max == 20);
  CHECK(most.connections_idle_min == 0);
  CHECK(most.connection_wait == std::chrono::seconds(1));
  CHECK(most.connection_lifetime == std::chrono::seconds(3600));
  const Dsn local = good("mysql://muster@/users?socket=/run/mysqld/mysqld.sock");
  CHECK(local.socket == "/run/mysqld/mysqld.sock");
  CHECK(local.endpoint() == "mysql:///run/mysqld/mysqld.sock/users");
}

TEST_CASE("an address may name several hosts, and replicas") {
  const Dsn dsn =
      good("mysql://u@one,[2001:db8::2]:3307,three:3308/d?replicas=four:3309,five&replica_lag_max=5s");
  REQUIRE(dsn.hosts.size() == 3);
  CHECK(dsn.hosts[0].text() == "one:3306");
  CHECK(dsn.hosts[1].text() == "[2001:db8::2]:3307");
  CHECK(dsn.hosts[2].text() == "three:3308");
  CHECK(dsn.endpoint() == "mysql://one:3306,[2001:db8::2]:3307,three:3308/d");
  REQUIRE(dsn.replicas.size() == 2);
  CHECK(dsn.replicas[0].text() == "four:3309");
  CHECK(dsn.replicas[1].text() == "five:3306");
  CHECK(dsn.replica_lag_max == std::chrono::seconds(5));
  CHECK(good("mysql://u@one/d").replica_lag_max == std::chrono::seconds(2));
  // One that is elsewhere is enough.
  CHECK(good("mysql://u@127.0.0.1,far/d").ssl_mode == SslMode::verify_identity);
  CHECK(good("mysql://u@127.0.0.1/d?replicas=far").ssl_mode == SslMode::verify_identity);
  CHECK(good("mysql://u@127.0.0.1,localhost/d?replicas=[::1]").ssl_mode == SslMode::disabled);
}

TEST_CASE("what leaves this machine is encrypted and the server's identity verified, unless said otherwise") {
  CHECK(good("mysql://u@db.example/d").ssl_mode == SslMode::verify_identity);
  CHECK(good("mysql://u@192.0.2.1/d").ssl_mode == SslMode::verify_identity);
  CHECK(good("mysql://u@db.example/d?ssl_mode=disabled").ssl_mode == SslMode::disabled);
  for (const char* text :
       {"mysql://u@localhost/d", "mysql://u@127.0.0.1:3307/d", "mysql://u@[::1]/d", "mysql://u@/d?socket=/s"})
    CHECK(good(text).ssl_mode == SslMode::disabled);
  CHECK(good("mysql://u@localhost/d?ssl_mode=required").ssl_mode == SslMode::required);
}

TEST_CASE("an address that is wrong is refused, naming the part") {
  const auto [text, part] = GENERATE(
      table<std::string, std::string>({{"postgres://u@h/d", "address"},
                                       {"mysql://u@h", "database"},
                                       {"mysql://u@h/", "database"},
                                       {"mysql://u@h/a/b", "database"},
                                       {"mysql://u@h/a`b", "database"},
                                       {"mysql://u@h/" + std::string(65, 'd'), "database"},
                                       {"mysql://h/d", "user"},
                                       {"mysql://@h/d", "user"},
                                       {"mysql://u:secret@h/d", "user"},
                                       {"mysql://u%4@h/d", "user"},
                                       {"mysql://u%00@h/d", "user"},
                                       {"mysql://u@/d", "host"},
                                       {"mysql://u@h h/d", "host"},
                                       {"mysql://u@[::1/d", "host"},
                                       {"mysql://u@h/d?socket=/s", "host"},
                                       {"mysql://u@h,/d", "host"},
                                       {"mysql://u@,h/d", "host"},
                                       {"mysql://u@h,h:0/d", "port"},
                                       {"mysql://u@1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17/d", "host"},
                                       {"mysql://u@h/d?replicas=a,", "replicas"},
                                       {"mysql://u@h/d?replica_lag_max=0s", "replica_lag_max"},
                                       {"mysql://u@h:0/d", "port"},
                                       {"mysql://u@h:65536/d", "port"},
                                       {"mysql://u@h:33a/d", "port"},
                                       {"mysql://u@[::1]3306/d", "port"},
                                       {"mysql://u@h/d?", ""},
                                       {"mysql://u@h/d?ssl_mode", "parameters"},
                                       {"mysql://u@h/d?ssl_mode=required&", "parameters"},
                                       {"mysql://u@h/d?ssl_mode=on", "ssl_mode"},
                                       {"mysql://u@h/d?ssl_mode=required&ssl_mode=required", "ssl_mode"},
                                       {"mysql://u@h/d?ssl_cert=/c", "ssl_cert"},
                                       {"mysql://u@h/d?ssl_ca=ca.pem", "ssl_ca"},
                                       {"mysql://u@h/d?password=secret", "password"},
                                       {"mysql://u@h/d?password_file=", "password_file"},
                                       {"mysql://u@h/d?connect_timeout=5", "connect_timeout"},
                                       {"mysql://u@h/d?connect_timeout=0s", "connect_timeout"},
                                       {"mysql://u@h/d?connect_timeout=25h", "connect_timeout"},
                                       {"mysql://u@h/d?statement_timeout=1s", "statement_timeout"},
                                       {"mysql://u@h/d?connections_max=0", "connections_max"},
                                       {"mysql://u@h/d?timeout=5s", "timeout"}}));
  INFO(text);
  const auto dsn = Dsn::parse(text);
  if (part.empty()) {
    CHECK(dsn);
    return;
  }
  REQUIRE_FALSE(dsn);
  CHECK(dsn.error().code == ErrorCode::invalid_argument);
  REQUIRE(dsn.error().fields.size() == 1);
  CHECK(dsn.error().fields[0].field == part);
  CHECK(dsn.error().message.starts_with(part + ": "));
  CHECK(dsn.error().message.find("secret") == std::string::npos);
}

TEST_CASE("the password is the one line of its file") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/password";
  Dsn dsn = good("mysql://u@h/d");
  CHECK(load_password(dsn)->empty());
  CHECK(load_password(dsn, Secret("given"))->reveal() == "given");
  dsn.password_file = path;
  CHECK(load_password(dsn).error().code == ErrorCode::unavailable);
  for (const char* text : {"pass word", "pass word\n"}) {
    test::write_file(path, text);
    CHECK(load_password(dsn, Secret("given"))->reveal() == "pass word");
  }
  test::write_file(path, "one\ntwo\n");
  CHECK(load_password(dsn).error().code == ErrorCode::conflict);
}

}  // namespace muster::mysql
