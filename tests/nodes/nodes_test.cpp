// SPDX-License-Identifier: Apache-2.0
// Three daemons on one database server: what is changed through one is so for the others.
#include "nodes/fleet.hpp"

#include <chrono>

#include <boost/json.hpp>

namespace muster::test {
namespace {

using http::Method;

std::string make_catalog(MysqlServer& server) {
  return server.dsn(server.create_database(), "statement_timeout=2s&connect_timeout=1s");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool is_allowed(Fleet& fleet, std::size_t index, const std::string& user) {
  const auto answer = fleet.admin(index, Method::post, "/v1/authz/check",
                                  R"({"user_id":")" + user + R"(","permission":"cook:soup"})");
  return answer.text("allowed") == "true";
}

}  // namespace

TEST_CASE("a token that one daemon revoked is refused by the others, and a new login anywhere is good") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  const std::string user = fleet.register_user(0, "kim");
  for (int round = 0; round < 5; ++round) {
    const auto login = fleet.log_in(0, "kim");
    for (std::size_t i = 0; i < fleet.size(); ++i) REQUIRE(fleet.verify(i, login.token) == "ok");
    REQUIRE(fleet.revoke_user(0, user, false).ok());
    // Another daemon has not heard of it: the session must stand above what was revoked all the same.
    const auto again = fleet.log_in(1, "kim");
    CHECK(fleet.verify(0, login.token) == "token_revoked");
    CHECK(fleet.soon(1, login.token, "token_revoked"));
    CHECK(fleet.soon(2, login.token, "token_revoked"));
    for (std::size_t i = 0; i < fleet.size(); ++i) CHECK(fleet.verify(i, again.token) == "ok");
    const auto renewed = fleet[2].http->call(Method::post, "/v1/sessions/refresh",
                                             R"({"refresh_token":")" + again.refresh + "\"}");
    CHECK(renewed.ok());
    for (std::size_t i = 0; i < fleet.size(); ++i)
      CHECK(fleet.verify(i, renewed.text("access_token")) == "ok");
  }
}

TEST_CASE("after a wait for all daemons none of them accepts what was revoked") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  // So seldom looked for by itself that only the wait can have brought it in time.
  Fleet fleet(make_catalog(server), 3, {{"MUSTER_FEED_POLL_INTERVAL", "200ms"}});
  const std::string user = fleet.register_user(0, "lee");
  for (int round = 0; round < 10; ++round) {
    const auto login = fleet.log_in(static_cast<std::size_t>(round) % 3, "lee");
    for (std::size_t i = 0; i < fleet.size(); ++i) REQUIRE(fleet.verify(i, login.token) == "ok");
    const auto revoked = fleet.revoke_user(0, user, true);
    for (std::size_t i = 0; i < fleet.size(); ++i) CHECK(fleet.verify(i, login.token) == "token_revoked");
    REQUIRE(revoked.ok());
    CHECK(revoked.text("nodes") == "3");
    CHECK(contains(revoked.text("slowest_node"), "node-"));
    CHECK(std::stod(revoked.text("slowest_ms")) < 2000);
  }
  const std::string metrics = fleet.get(2, "/metrics").body;
  CHECK(contains(metrics, "muster_revocation_lag_seconds_count 10\n"));
  CHECK(contains(metrics, "muster_feed_age_seconds "));
}

TEST_CASE("grants, roles and a user's status changed through one daemon decide on the others") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  const std::string user = fleet.register_user(0, "ann");
  const auto everywhere = [&](bool allowed) {
    return eventually(
        [&] {
          for (std::size_t i = 0; i < fleet.size(); ++i)
            if (is_allowed(fleet, i, user) != allowed) return false;
          return true;
        },
        std::chrono::seconds(5));
  };
  CHECK(everywhere(false));
  REQUIRE(fleet.admin(0, Method::post, "/v1/roles", R"({"name":"cook","permissions":["cook:soup"]})").ok());
  REQUIRE(fleet.admin(1, Method::put, "/v1/users/" + user + "/roles/cook").ok());
  CHECK(everywhere(true));
  REQUIRE(fleet.admin(2, Method::del, "/v1/roles/cook/permissions/cook:soup").ok());
  CHECK(everywhere(false));
  REQUIRE(fleet.admin(0, Method::put, "/v1/roles/cook/permissions/cook:soup").ok());
  CHECK(everywhere(true));
  REQUIRE(fleet.admin(1, Method::patch, "/v1/users/" + user, R"({"status":"disabled"})").ok());
  CHECK(everywhere(false));
  REQUIRE(fleet.admin(2, Method::patch, "/v1/users/" + user, R"({"status":"active"})").ok());
  CHECK(everywhere(true));
  REQUIRE(fleet.admin(0, Method::del, "/v1/roles/cook").ok());
  CHECK(everywhere(false));
}

TEST_CASE("a key that one daemon made signs what the others accept") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  Fleet fleet(make_catalog(server), 3);
  fleet.register_user(0, "bob");
  for (int round = 0; round < 3; ++round) {
    REQUIRE(fleet.admin(static_cast<std::size_t>(round), Method::post, "/v1/admin/keys/rotate").ok());
    const auto login = fleet.log_in(static_cast<std::size_t>(round), "bob");
    const auto key_of = [](const std::string& token) { return token.substr(0, token.find('.')); };
    for (std::size_t i = 0; i < fleet.size(); ++i) CHECK(fleet.soon(i, login.token, "ok"));
    // All sign with it.
    for (std::size_t i = 0; i < fleet.size(); ++i)
      CHECK(eventually([&] { return key_of(fleet.log_in(i, "bob").token) == key_of(login.token); },
                       std::chrono::seconds(5)));
  }
}

}  // namespace muster::test
