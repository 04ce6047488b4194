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
  CHECK(refused.message == options.dsn.endpoint() + ": the database refuses its user");
  CHECK(refused.detail.find("wrong") == std::string::npos);
  options.password = Secret("pass word");
  open_store(options).reset();

  const MysqlOptions nowhere = options_for(server.dsn("muster_never_made"));
  CHECK(open_error(nowhere).message.find("muster_never_made") != std::string::npos);

  MysqlOptions closed = options_for(server.dsn(database));
  closed.dsn.hosts.at(0).port = 1;
  const Error unreachable = open_error(closed);
  CHECK(unreachable.code == ErrorCode::unavailable);
  CHECK(unreachable.message ==
        "mysql://127.0.0.1:1/" + database + ": the database cannot be reached; try again");
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
