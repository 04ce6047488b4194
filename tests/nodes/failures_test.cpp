// SPDX-License-Identifier: Apache-2.0
// Daemons that are frozen, killed or cut off from their database: what was revoked stays so.
#include "nodes/fleet.hpp"

#include <csignal>

#include <boost/json.hpp>

namespace muster::test {
namespace {

using http::Method;

std::string make_catalog(MysqlServer& server) {
  return server.dsn(server.create_database(), "statement_timeout=5s&connect_timeout=1s");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The member's entry in what `asked` says of all.
boost::json::object entry_of(Fleet& fleet, std::size_t asked, const std::string& name) {
  const auto nodes = fleet.admin(asked, Method::get, "/v1/admin/nodes");
  if (nodes.ok())
    for (const auto& each : nodes.data.at("items").as_array())
      if (each.at("name").as_string() == name) return each.as_object();
  return {};
}

std::string state_of(Fleet& fleet, std::size_t asked, const std::string& name) {
  const auto entry = entry_of(fleet, asked, name);
  return entry.contains("state") ? std::string(entry.at("state").as_string()) : std::string("unknown");
}

}  // namespace

TEST_CASE(
    "a frozen daemon holds a wait up for no longer than the bound, and accepts nothing when it goes on") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  const std::string user = fleet.register_user(0, "kim");
  const auto login = fleet.log_in(0, "kim");
  for (std::size_t i = 0; i < fleet.size(); ++i) REQUIRE(fleet.verify(i, login.token) == "ok");
  fleet[1].daemon->process().signal(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  const auto revoked = fleet.revoke_user(0, user, true);
  const auto took = std::chrono::steady_clock::now() - began;
  // Nothing of it was asked meanwhile: what comes first after it goes on is what counts.
  fleet[1].daemon->process().signal(SIGCONT);
  const std::string first = fleet.verify(1, login.token);
  CHECK((first == "unavailable" || first == "token_revoked"));
  for (int i = 0; i < 200; ++i) {
    const std::string name = fleet.verify(1, login.token);
    INFO(name);
    REQUIRE((name == "unavailable" || name == "token_revoked"));
  }
  REQUIRE(revoked.ok());
  CHECK(revoked.text("nodes") == "2");
  CHECK(revoked.text("slowest_node") == "node-1");
  CHECK(took > std::chrono::seconds(2));
  CHECK(took < std::chrono::seconds(6));
  CHECK(fleet.soon(1, login.token, "token_revoked"));
  CHECK(fleet.verify(2, login.token) == "token_revoked");
}

TEST_CASE(
    "all daemons are listed; one that was killed is gone, and takes its place again when it is started") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    INFO(i);
    CHECK(eventually([&] {
      const auto entry = entry_of(fleet, 0, fleet[i].name);
      return entry.contains("addresses") && !entry.at("addresses").as_array().empty();
    }));
    CHECK(state_of(fleet, (i + 1) % 3, fleet[i].name) == "ready");
  }
  const std::string id(entry_of(fleet, 0, "node-2").at("id").as_string());
  fleet[2].daemon->kill();
  CHECK(eventually([&] { return state_of(fleet, 0, "node-2") == "gone"; }));
  fleet.start(2);
  CHECK(eventually([&] { return state_of(fleet, 0, "node-2") == "ready"; }));
  CHECK(entry_of(fleet, 0, "node-2").at("id").as_string() == id);
  // One that ends in order leaves nothing behind.
  CHECK(fleet[2].daemon->stop() == 0);
  CHECK(state_of(fleet, 0, "node-2") == "unknown");
  CHECK(fleet.admin(0, Method::get, "/v1/admin/nodes").data.at("items").as_array().size() == 2);
}

TEST_CASE("a daemon that was gone for long is forgotten") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  const std::string catalog = make_catalog(server);
  Fleet fleet(catalog, 2);
  fleet[1].daemon->kill();
  const std::string database =
      catalog.substr(catalog.rfind('/') + 1, catalog.find('?') - catalog.rfind('/') - 1);
  server.execute("UPDATE nodes SET beat_at = beat_at - 301000000 WHERE name = 'node-1'", database);
  CHECK(eventually([&] { return state_of(fleet, 0, "node-1") == "unknown"; }));
  // A wait does not ask for it any more.
  const std::string user = fleet.register_user(0, "lee");
  const auto revoked = fleet.revoke_user(0, user, true);
  REQUIRE(revoked.ok());
  CHECK(revoked.text("nodes") == "1");
}

TEST_CASE(
    "a daemon that is drained says that it is not ready, and serves what comes, until it is undrained") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 2);
  const std::string user = fleet.register_user(0, "ann");
  const auto login = fleet.log_in(0, "ann");
  REQUIRE(fleet.admin(0, Method::post, "/v1/admin/nodes/node-1/drain").text("changed") == "true");
  CHECK(eventually([&] { return fleet.get(1, "/readyz").status == 503; }));
  CHECK(contains(fleet.get(1, "/readyz").message, "drained"));
  CHECK(fleet.get(0, "/readyz").ok());
  CHECK(fleet.verify(1, login.token) == "ok");
  CHECK(state_of(fleet, 0, "node-1") == "draining");
  CHECK(fleet.admin(0, Method::post, "/v1/admin/nodes/node-1/drain").text("changed") == "false");
  CHECK(fleet.admin(0, Method::post, "/v1/admin/nodes/node-7/drain").name == "not_found");
  REQUIRE(fleet.admin(0, Method::del, "/v1/admin/nodes/node-1/drain").text("changed") == "true");
  CHECK(eventually([&] { return fleet.get(1, "/readyz").ok(); }));
  CHECK(state_of(fleet, 0, "node-1") == "ready");
  CHECK(fleet.admin(0, Method::del, "/v1/admin/nodes/node-1/drain").text("changed") == "false");
  CHECK(fleet.admin(0, Method::del, "/v1/admin/nodes/node-7/drain").name == "not_found");
  REQUIRE(fleet.admin(0, Method::post, "/v1/admin/nodes/node-1/drain").text("changed") == "true");
  CHECK(eventually([&] { return fleet.get(1, "/readyz").status == 503; }));
  REQUIRE(fleet[1].daemon->stop() == 0);
  fleet.start(1);
  CHECK(fleet.get(1, "/readyz").ok());
}

TEST_CASE(
    "a frozen database: every daemon refuses all tokens until it goes on, and then recovers by itself") {
  MysqlServer server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  const std::string user = fleet.register_user(0, "bob");
  const auto login = fleet.log_in(0, "bob");
  for (std::size_t i = 0; i < fleet.size(); ++i) REQUIRE(fleet.verify(i, login.token) == "ok");
  server.freeze();
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    CHECK(
        eventually([&] { return fleet.verify(i, login.token) == "unavailable"; }, std::chrono::seconds(10)));
    const auto refused = fleet.get(i, "/v1/auth/verify", login.token);
    CHECK(refused.status == 503);
    CHECK(refused.headers.find("Retry-After").has_value());
    // Perhaps it was the database that did not answer the check.
    CHECK(eventually([&] { return contains(fleet.get(i, "/readyz").message, "feed ("); }));
    CHECK(fleet
              .admin(i, Method::post, "/v1/authz/check",
                     R"({"user_id":")" + user + R"(","permission":"cook:soup"})")
              .name == "unavailable");
  }
  server.thaw();
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    CHECK(eventually([&] { return fleet.verify(i, login.token) == "ok"; }));
    CHECK(eventually([&] { return fleet.get(i, "/readyz").ok(); }));
  }
}

}  // namespace muster::test
