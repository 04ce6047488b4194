// SPDX-License-Identifier: Apache-2.0
// A daemon whose store is a database on a server.
#include "daemon/harness.hpp"
#include "support/mysql_server.hpp"

namespace muster::daemon {
namespace {

using http::Method;
using test::MysqlServer;
using test::ServerKind;
using testing::contains;
using testing::header;
using testing::options_with;
using testing::Running;

test::Environment store_of(MysqlServer& server, const std::string& database) {
  return {{"MUSTER_STORE_CATALOG", server.dsn(database, "statement_timeout=2s&connect_timeout=1s")}};
}

}  // namespace

TEST_CASE("the main job on a database server: accounts, login, roles, revocation, audit, a restart") {
  const ServerKind kind = GENERATE(ServerKind::mariadb, ServerKind::mysql57);
  MysqlServer& server = test::shared_server(kind);
  Running run(options_with(store_of(server, server.create_database())));
  const auto kim = run.log_in("kim");
  CHECK(run.get("/v1/users/me", kim.token).text("username") == "kim");
  CHECK(run.post("/v1/users", R"({"username":"kim","password":"correct horse battery"})").name ==
        "already_exists");
  REQUIRE(run.admin(Method::post, "/v1/roles", R"({"name":"cook","permissions":["cook:dinner"]})").status ==
          201);
  REQUIRE(run.admin(Method::put, "/v1/users/" + kim.user + "/roles/cook", "{}").ok());
  CHECK(run.get("/v1/auth/verify?permission=cook:dinner", kim.token).status == 200);
  CHECK(run.get("/v1/auth/verify?permission=eat:dinner", kim.token).status == 403);
  const auto refreshed = run.post("/v1/sessions/refresh", R"({"refresh_token":")" + kim.refresh + "\"}");
  CHECK(refreshed.ok());
  REQUIRE(run.admin(Method::post, "/v1/admin/revocations", R"({"user_id":")" + kim.user + "\"}").ok());
  CHECK(run.get("/v1/auth/verify", kim.token).name == "token_revoked");
  CHECK(run.get("/v1/auth/verify", refreshed.text("access_token")).name == "token_revoked");

  run.daemon.kill();
  REQUIRE(run.daemon.start());
  test::Api http(run.daemon.url());
  CHECK(http.call(Method::get, "/v1/auth/verify", {}, kim.token).name == "token_revoked");
  test::Api socket("unix:" + run.daemon.socket());
  const auto users = socket.call(Method::get, "/v1/users?username=kim");
  CHECK(users.ok());
  CHECK(contains(wire::to_text(users.data), kim.user));
  const auto audit = socket.call(Method::get, "/v1/admin/audit/verify");
  CHECK(audit.ok());
  CHECK(contains(wire::to_text(audit.data), R"("ok":true)"));
}

TEST_CASE(
    "a database server that goes away: not ready, and no token is good; it comes back, and so does the "
    "daemon") {
  MysqlServer server(ServerKind::mariadb);
  Running run(options_with(store_of(server, server.create_database())));
  const auto kim = run.log_in("kim");
  server.kill();
  CHECK(test::eventually([&] { return run.get("/readyz").status == 503; }));
  CHECK(contains(run.get("/readyz").message, "the database cannot be reached"));
  // What was revoked lately cannot be known any more: after a while no token is good.
  CHECK(test::eventually([&] { return run.get("/v1/auth/verify", kim.token).status == 503; }));
  CHECK(header(run.get("/v1/auth/verify", kim.token), "Retry-After") == "1");
  // A check that had to ask the database was refused before that.
  CHECK(test::eventually([&] {
    return contains(run.get("/readyz").message, "feed (what other daemons changed has not been known for");
  }));
  const auto refused = run.post("/v1/users", R"({"username":"lee","password":"correct horse battery"})");
  CHECK(refused.status == 503);
  CHECK(refused.name == "unavailable");
  server.start();
  CHECK(test::eventually([&] { return run.get("/readyz").status == 200; }));
  CHECK(run.get("/v1/auth/verify", kim.token).status == 200);
  CHECK(run.post("/v1/users", R"({"username":"lee","password":"correct horse battery"})").status == 201);
}

TEST_CASE("a database whose keys another master key sealed is refused, whoever serves it now") {
  MysqlServer& server = test::shared_server(ServerKind::mariadb);
  const auto environment = store_of(server, server.create_database());
  Running run(options_with(environment));
  const test::TemporaryFolder folder;
  test::Daemon second(folder.path() + "/data", options_with(environment));
  CHECK_FALSE(second.start());
  CHECK(contains(second.log(), "master.key is not there, but the database mysql://127.0.0.1:"));
  test::write_file(folder.path() + "/data/master.key", std::string(64, '7'));
  std::filesystem::permissions(folder.path() + "/data/master.key", std::filesystem::perms(0600));
  CHECK_FALSE(second.start());
  CHECK(contains(second.log(), "master.key: "));
}

}  // namespace muster::daemon
