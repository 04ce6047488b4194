// SPDX-License-Identifier: Apache-2.0
#include "scenarios/driver.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::test {
namespace {

using boost::json::array;
using Fields = boost::json::object;

constexpr const char* password = "correct horse battery staple";

std::unique_ptr<Driver> any_driver() {
  const auto kind =
      GENERATE(as<std::string>{}, "operations", "http", "cli", "operations over shards", "http over shards");
  UNSCOPED_INFO("driver: " << kind);
  return make_driver(kind);
}

Outcome done(Outcome outcome) {
  INFO(outcome.name << ": " << outcome.message);
  REQUIRE(outcome.ok());
  return outcome;
}

void refused(const Outcome& outcome, std::string_view error) {
  INFO(outcome.name << ": " << outcome.message << " " << wire::to_text(outcome.data));
  CHECK(failed_as(outcome, error));
}

std::string new_user(Driver& driver, const std::string& name) {
  return done(driver.call("create_user", {{"username", name}, {"password", password}})).text("id");
}

void new_role(Driver& driver, const std::string& name, array permissions, array parents = {}) {
  done(driver.call(
      "create_role",
      {{"name", name}, {"permissions", std::move(permissions)}, {"parents", std::move(parents)}}));
}

void grant(Driver& driver, const std::string& user, const std::string& role) {
  done(driver.call("grant_role", {{"id", user}, {"role", role}}));
}

Outcome log_in(Driver& driver, const std::string& name) {
  return driver.call("log_in", {{"login", name}, {"password", password}}, anonymous);
}

bool is_allowed(Driver& driver, const std::string& user, const std::string& permission) {
  return done(driver.call("check_permission", {{"user_id", user}, {"permission", permission}}))
             .text("allowed") == "true";
}

Outcome verify(Driver& driver, const std::string& token) {
  return driver.call("verify_token", {}, holder_of(token));
}

void audit_is_whole(Driver& driver) {
  const Outcome verdict = done(driver.call("verify_audit"));
  CHECK(verdict.text("ok") == "true");
  CHECK(verdict.text("records") != "0");
}

TEST_CASE("the main job: register, log in, grant, check, explain, revoke", "[scenario]") {
  const auto driver = any_driver();
  const std::string ada = new_user(*driver, "ada");
  refused(driver->call("create_user", {{"username", "ADA"}, {"password", password}}), "already_exists");
  new_role(*driver, "reader", {"read:order"});
  new_role(*driver, "writer", {"create:order"}, {"reader"});

  const Outcome session = done(log_in(*driver, "ada"));
  const std::string token = session.text("access_token");
  CHECK(session.text("token_type") == "Bearer");
  CHECK(done(verify(*driver, token)).text("user_id") == ada);
  CHECK(verify(*driver, token).text("session_id") == session.text("session_id"));

  CHECK_FALSE(is_allowed(*driver, ada, "read:order"));
  refused(driver->call("verify_token", {{"permission", "read:order"}}, holder_of(token)),
          "permission_denied");
  grant(*driver, ada, "writer");
  CHECK(is_allowed(*driver, ada, "read:order"));
  CHECK(is_allowed(*driver, ada, "create:order"));
  CHECK_FALSE(is_allowed(*driver, ada, "delete:order"));
  CHECK(driver->call("verify_token", {{"permission", "read:order"}}, holder_of(token)).ok());

  const Outcome why =
      done(driver->call("explain_permission", {{"user_id", ada}, {"permission", "read:order"}}));
  CHECK(why.text("allowed") == "true");
  CHECK(why.text("path").find("\"writer\",\"reader\"") != std::string::npos);

  done(driver->call("revoke_tokens", {{"session_id", session.text("session_id")}}));
  refused(verify(*driver, token), "token_revoked");
  refused(driver->call("refresh_session", {{"refresh_token", session.text("refresh_token")}}, anonymous),
          "token_revoked");
  audit_is_whole(*driver);
}

TEST_CASE("what was acknowledged is there after the program died", "[scenario]") {
  const auto driver = any_driver();
  const std::string ada = new_user(*driver, "ada");
  new_role(*driver, "reader", {"read:order"});
  grant(*driver, ada, "reader");
  const Outcome kept = done(log_in(*driver, "ada"));
  const Outcome ended = done(log_in(*driver, "ada"));
  done(driver->call("revoke_tokens", {{"session_id", ended.text("session_id")}}));

  driver->crash();

  CHECK(is_allowed(*driver, ada, "read:order"));
  CHECK(done(verify(*driver, kept.text("access_token"))).text("user_id") == ada);
  refused(verify(*driver, ended.text("access_token")), "token_revoked");
  CHECK(driver->call("refresh_session", {{"refresh_token", kept.text("refresh_token")}}, anonymous).ok());
  audit_is_whole(*driver);
}

TEST_CASE("roles inherit along every path, and never in a circle", "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "grace");
  new_role(*driver, "base", {"read:*"});
  new_role(*driver, "left", {"create:order"}, {"base"});
  new_role(*driver, "right", {"delete:order"}, {"base"});
  new_role(*driver, "top", {}, {"left", "right"});
  grant(*driver, user, "top");
  for (const char* code : {"read:order", "read:invoice", "create:order", "delete:order"})
    CHECK(is_allowed(*driver, user, code));
  CHECK_FALSE(is_allowed(*driver, user, "create:invoice"));

  const Outcome circle = driver->call("inherit_role", {{"role", "base"}, {"parent", "top"}});
  refused(circle, "conflict");
  CHECK(circle.message.find("top") != std::string::npos);
  CHECK(circle.message.find("base") != std::string::npos);

  done(driver->call("disallow_permission", {{"role", "left"}, {"code", "create:order"}}));
  CHECK_FALSE(is_allowed(*driver, user, "create:order"));
  done(driver->call("allow_permission", {{"role", "base"}, {"code", "*:invoice"}}));
  CHECK(is_allowed(*driver, user, "create:invoice"));
  done(driver->call("revoke_role", {{"id", user}, {"role", "top"}}));
  CHECK_FALSE(is_allowed(*driver, user, "read:order"));
  CHECK(driver->call("revoke_role", {{"id", user}, {"role", "top"}}).text("changed") == "false");
}

TEST_CASE("two roles that exclude each other are never held together, not by inheritance either",
          "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "katherine");
  new_role(*driver, "requester", {"create:payment"});
  new_role(*driver, "approver", {"approve:payment"});
  new_role(*driver, "manager", {}, {"approver"});
  done(driver->call("exclude_role", {{"role", "requester"}, {"other", "approver"}}));
  grant(*driver, user, "requester");
  for (const char* role : {"approver", "manager"}) {
    const Outcome both = driver->call("grant_role", {{"id", user}, {"role", role}});
    refused(both, "conflict");
    CHECK(both.message.find("requester") != std::string::npos);
    CHECK(both.message.find("approver") != std::string::npos);
  }
  CHECK_FALSE(is_allowed(*driver, user, "approve:payment"));
  done(driver->call("revoke_role", {{"id", user}, {"role", "requester"}}));
  grant(*driver, user, "manager");
  CHECK(is_allowed(*driver, user, "approve:payment"));
}

TEST_CASE("a refresh token works once, and its reuse ends the session", "[scenario]") {
  const auto driver = any_driver();
  new_user(*driver, "joan");
  const Outcome first = done(log_in(*driver, "joan"));
  const Outcome other = done(log_in(*driver, "joan"));
  const Fields stale = {{"refresh_token", first.text("refresh_token")}};
  const Outcome second = done(driver->call("refresh_session", stale, anonymous));
  CHECK(second.text("refresh_token") != first.text("refresh_token"));
  CHECK(second.text("session_id") == first.text("session_id"));
  CHECK(verify(*driver, second.text("access_token")).ok());

  refused(driver->call("refresh_session", stale, anonymous), "refresh_reused");
  refused(verify(*driver, second.text("access_token")), "token_revoked");
  refused(verify(*driver, first.text("access_token")), "token_revoked");
  refused(driver->call("refresh_session", {{"refresh_token", second.text("refresh_token")}}, anonymous),
          "token_revoked");
  CHECK(verify(*driver, other.text("access_token")).ok());
}

TEST_CASE("tokens are revoked by user, by role and all at once", "[scenario]") {
  const auto driver = any_driver();
  const std::string ada = new_user(*driver, "ada");
  const std::string grace = new_user(*driver, "grace");
  new_role(*driver, "base", {"read:order"});
  new_role(*driver, "staff", {}, {"base"});
  grant(*driver, grace, "staff");
  const auto token_of = [&](const char* name) { return done(log_in(*driver, name)).text("access_token"); };

  std::string of_ada = token_of("ada");
  std::string of_grace = token_of("grace");
  const Outcome by_user = done(driver->call("revoke_tokens", {{"user_id", ada}, {"wait", true}}));
  CHECK(by_user.text("sessions") == "1");
  CHECK(by_user.text("nodes") == "1");
  refused(verify(*driver, of_ada), "token_revoked");
  CHECK(verify(*driver, of_grace).ok());

  of_ada = token_of("ada");
  CHECK(verify(*driver, of_ada).ok());
  done(driver->call("revoke_tokens", {{"role", "base"}}));
  CHECK(verify(*driver, of_ada).ok());
  refused(verify(*driver, of_grace), "token_revoked");

  of_grace = token_of("grace");
  done(driver->call("revoke_tokens", {{"all", true}}));
  refused(verify(*driver, of_ada), "token_revoked");
  refused(verify(*driver, of_grace), "token_revoked");
  CHECK(verify(*driver, token_of("ada")).ok());
  refused(driver->call("revoke_tokens", Fields{}), "invalid_argument");
}

TEST_CASE("a disabled user is out at once and can come back", "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "hedy");
  new_role(*driver, "reader", {"read:order"});
  grant(*driver, user, "reader");
  const Outcome session = done(log_in(*driver, "hedy"));
  done(driver->call("disable_user", {{"id", user}}));
  refused(verify(*driver, session.text("access_token")), "token_revoked");
  CHECK_FALSE(is_allowed(*driver, user, "read:order"));
  refused(log_in(*driver, "hedy"), "account_disabled");
  // Whoever does not know the password learns nothing about the account.
  refused(driver->call("log_in", {{"login", "hedy"}, {"password", "not the password"}}, anonymous),
          "unauthenticated");
  refused(driver->call("log_in", {{"login", "nobody"}, {"password", "not the password"}}, anonymous),
          "unauthenticated");

  done(driver->call("enable_user", {{"id", user}}));
  refused(verify(*driver, session.text("access_token")), "token_revoked");
  CHECK(log_in(*driver, "hedy").ok());
  done(driver->call("delete_user", {{"id", user}}));
  refused(log_in(*driver, "hedy"), "unauthenticated");
  refused(driver->call("get_user", {{"id", user}}), "not_found");
}

TEST_CASE("a POST with an idempotency key is done once", "[scenario]") {
  const auto driver = any_driver();
  const As keyed{As::Kind::local_operator, {}, "order-4711"};
  const Fields fields = {{"username", "radia"}, {"password", password}};
  const Outcome first = done(driver->call("create_user", fields, keyed));
  const Outcome again = done(driver->call("create_user", fields, keyed));
  CHECK(again.text("id") == first.text("id"));
  driver->crash();
  CHECK(done(driver->call("create_user", fields, keyed)).text("id") == first.text("id"));
  refused(driver->call("create_user", {{"username", "other"}, {"password", password}}, keyed), "conflict");
  refused(driver->call("create_user", fields), "already_exists");
}

TEST_CASE("a grant for a time lapses by itself", "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "barbara");
  new_role(*driver, "reader", {"read:order"});
  const Time until = driver->now() + std::chrono::seconds(4);
  done(driver->call(
      "grant_role",
      {{"id", user}, {"role", "reader"}, {"expires_at", format_time(until)}, {"reason", "holiday cover"}}));
  CHECK(is_allowed(*driver, user, "read:order"));
  const Outcome why =
      done(driver->call("explain_permission", {{"user_id", user}, {"permission", "read:order"}}));
  CHECK(why.text("path").find("holiday cover") != std::string::npos);
  driver->let_pass(std::chrono::seconds(5));
  CHECK_FALSE(is_allowed(*driver, user, "read:order"));
  refused(
      driver->call("grant_role", {{"id", user}, {"role", "reader"}, {"expires_at", "2001-01-01T00:00:00Z"}}),
      "invalid_argument");
}

TEST_CASE("over the network a caller has the permissions of its token and no more", "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "edith");
  const std::string other = new_user(*driver, "mary");
  const As edith = holder_of(done(log_in(*driver, "edith")).text("access_token"));
  CHECK(driver->call("get_user", {{"id", user}}, edith).text("username") == "edith");
  refused(driver->call("get_user", {{"id", other}}, edith), "permission_denied");
  refused(driver->call("create_role", {{"name", "mine"}, {"permissions", {"*:*"}}}, edith),
          "permission_denied");
  refused(driver->call("grant_role", {{"id", user}, {"role", "muster-admin"}}, edith), "permission_denied");
  refused(driver->call("list_audit", Fields{}, edith), "permission_denied");
  refused(driver->call("list_audit", Fields{}, anonymous), "unauthenticated");
  refused(driver->call("list_audit", Fields{}, holder_of("not.a.token")), "unauthenticated");

  grant(*driver, user, "muster-auditor");
  CHECK(driver->call("list_audit", Fields{}, edith).ok());
  refused(driver->call("delete_user", {{"id", other}}, edith), "permission_denied");
}

TEST_CASE("every change leaves a record that says who did what", "[scenario]") {
  const auto driver = any_driver();
  const std::string user = new_user(*driver, "ida");
  new_role(*driver, "reader", {"read:order"});
  grant(*driver, user, "reader");
  const Outcome page = done(driver->call("list_audit", {{"operation", "grant_role"}}));
  const auto& items = page.data.as_object().at("items").as_array();
  REQUIRE(items.size() == 1);
  const auto& record = items[0].as_object();
  CHECK(record.at("actor").as_string().starts_with("os:"));
  CHECK(record.at("outcome").as_string() == "ok");
  CHECK(wire::to_text(record.at("after")).find("reader") != std::string::npos);
  CHECK(wire::to_text(page.data).find(password) == std::string::npos);
  audit_is_whole(*driver);
}

}  // namespace
}  // namespace muster::test
