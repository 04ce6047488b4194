// SPDX-License-Identifier: Apache-2.0
// What stands between a daemon and its server: passwords, rights, TLS.
#include "lib/adapters/mysql/database.hpp"

namespace muster::mysql::test {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

/// An authority and a certificate for localhost, as files of the folder.
void make_certificates(const std::string& folder) {
  const std::string script =
      "set -e; cd " + folder +
      "; for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.pem "
      "-days 2 -subj /CN=muster-test-$ca; done; "
      "openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost; "
      "printf 'subjectAltName=DNS:localhost' > names; "
      "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names "
      "-out server.pem";
  const auto done = muster::test::run({"sh", "-c", script});
  INFO(done.err);
  REQUIRE(done.status == 0);
}

}  // namespace

TEST_CASE("what keeps a store from being opened is said with the address") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  server.execute(
      "CREATE USER IF NOT EXISTS 'locked'@'127.0.0.1' IDENTIFIED BY 'pass word'; "
      "GRANT ALL ON `muster\\_%`.* TO 'locked'@'127.0.0.1'");
  MysqlOptions options = options_for(replaced(server.dsn(database), "muster@", "locked@"));
  options.password = Secret("wrong");
  const Error refused = open_error(options);
  CHECK(refused.code == ErrorCode::unavailable);
  CHECK(refused.message == options.dsn.endpoint() + ": the database server refuses the user or the password");
  CHECK(refused.detail.find("wrong") == std::string::npos);
  options.password = Secret("pass word");
  open_store(options).reset();

  const MysqlOptions nowhere = options_for(server.dsn("muster_never_made"));
  const Error missing = open_error(nowhere);
  CHECK(missing.message ==
        nowhere.dsn.endpoint() + ": the database server has no such database: create it, or mend its name");
  CHECK(missing.detail.find("(1049)") != std::string::npos);
  const Error others = open_error(options_for(server.dsn("mysql")));
  CHECK(others.message.find(": the user may not do this in the database: create it if it is not there, and "
                            "grant the user all rights on it") != std::string::npos);
  CHECK(others.detail.find("(1044)") != std::string::npos);

  MysqlOptions closed = options_for(server.dsn(database));
  closed.dsn.hosts.at(0).port = 1;
  MysqlOptions unknown = options_for(server.dsn(database));
  unknown.dsn.hosts.at(0).name = "no.such.host.invalid";
  CHECK(open_error(unknown).message.find("the name of the database's host is not known") !=
        std::string::npos);

  const Error unreachable = open_error(closed);
  CHECK(unreachable.code == ErrorCode::unavailable);
  CHECK(unreachable.message ==
        "mysql://127.0.0.1:1/" + database + ": the database cannot be reached; try again");
}

TEST_CASE("a server that has no connection left, and one that nobody may come to from here") {
  MysqlServer server(ServerKind::mariadb);
  const std::string database = server.create_database();
  server.execute(
      "CREATE USER 'elsewhere'@'192.0.2.1'; CREATE USER 'few'@'127.0.0.1' WITH MAX_CONNECTIONS_PER_HOUR 1; "
      "GRANT ALL ON `muster\\_%`.* TO 'few'@'127.0.0.1'; DELETE FROM mysql.global_priv WHERE User = 'muster' "
      "OR "
      "User = ''; FLUSH PRIVILEGES");
  // A server that knows no user of this address answers so before it is told who comes.
  const Error few = open_error(options_for(replaced(server.dsn(database), "muster@", "few@")));
  CHECK(few.message.find("the database server has no connection left") != std::string::npos);
  server.execute("DELETE FROM mysql.global_priv WHERE Host = '127.0.0.1'; FLUSH PRIVILEGES");
  const Error shut_out = open_error(options_for(server.dsn(database)));
  CHECK(shut_out.message.find("the database server lets nobody in from this machine") != std::string::npos);
  CHECK(shut_out.detail.find("(1130)") != std::string::npos);
}

TEST_CASE("over a Unix socket") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  server.execute(
      "CREATE USER IF NOT EXISTS 'muster'@'localhost'; GRANT ALL ON `muster\\_%`.* TO 'muster'@'localhost'");
  const auto store =
      open_store(options_for("mysql://muster@/" + database + "?socket=" + server.folder() + "/socket"));
  CHECK(put(*store, "a", "1"));
  CHECK(get(*store, "a") == "1");
}

TEST_CASE("TLS: nobody listens in, and the server is whom it says it is") {
  const muster::test::TemporaryFolder folder;
  make_certificates(folder.path());
  MysqlServer server(ServerKind::mariadb,
                     {"--ssl-cert=" + folder.path() + "/server.pem",
                      "--ssl-key=" + folder.path() + "/server.key", "--ssl-ca=" + folder.path() + "/ca.pem"});
  const std::string database = server.create_database();
  server.execute("CREATE USER 'secure'@'127.0.0.1' REQUIRE SSL; GRANT ALL ON *.* TO 'secure'@'127.0.0.1'");
  const auto with = [&](const std::string& host, const std::string& parameters) {
    return options_for(
        replaced(replaced(server.dsn(database, parameters), "muster@", "secure@"), "127.0.0.1", host));
  };
  const std::string ca = "&ssl_ca=" + folder.path() + "/ca.pem";
  const std::string other = "&ssl_ca=" + folder.path() + "/other.pem";
  CHECK(open_error(with("127.0.0.1", "ssl_mode=disabled")).code == ErrorCode::unavailable);
  open_store(with("127.0.0.1", "ssl_mode=required")).reset();
  open_store(with("127.0.0.1", "ssl_mode=verify_ca" + ca)).reset();
  CHECK(open_error(with("127.0.0.1", "ssl_mode=verify_ca" + other))
            .message.find("certificate is not trusted") != std::string::npos);
  open_store(with("localhost", "ssl_mode=verify_identity" + ca)).reset();
  CHECK(open_error(with("127.0.0.1", "ssl_mode=verify_identity" + ca)).code == ErrorCode::unavailable);
  CHECK(open_error(with("localhost", "ssl_mode=verify_identity" + other)).code == ErrorCode::unavailable);
  const auto store = open_store(with("localhost", "ssl_mode=verify_identity" + ca));
  CHECK(put(*store, "a", "1"));
  CHECK(get(*store, "a") == "1");
}

}  // namespace muster::mysql::test
