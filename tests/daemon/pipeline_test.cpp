// SPDX-License-Identifier: Apache-2.0
#include "daemon/harness.hpp"
#include "wire/error_table.hpp"

#include <regex>

namespace muster::daemon {
namespace {

using http::Method;
using testing::contains;
using testing::header;
using testing::Running;

http::Response must_send(http::Client& client, Method method, const std::string& target,
                         const std::vector<std::pair<std::string, std::string>>& fields = {},
                         const std::string& body = {}) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  auto response = client.send(method, target, headers, body);
  INFO((response ? std::string() : response.error().message));
  REQUIRE(response);
  return std::move(*response);
}

std::string of(const http::Response& response, std::string_view name) {
  return std::string(response.headers.find(name).value_or(""));
}

TEST_CASE("the main job: register, log in, roles that inherit, check, explain, revoke, refused at once") {
  Running run;
  const auto ann = run.log_in("ann");
  CHECK(run.get("/v1/users/me", ann.token).text("username") == "ann");

  REQUIRE(run.admin(Method::post, "/v1/roles", R"({"name":"clerk","permissions":["read:order"]})").status ==
          201);
  REQUIRE(run.admin(Method::post, "/v1/roles",
                    R"({"name":"manager","permissions":["create:order"],"parents":["clerk"]})")
              .status == 201);
  const std::string question = R"({"user_id":")" + ann.user + R"(","permission":"read:order"})";
  CHECK(run.post("/v1/authz/check", question, ann.token).text("allowed") == "false");
  CHECK(run.get("/v1/auth/verify?permission=read:order", ann.token).name == "permission_denied");

  const std::string grant = "/v1/users/" + ann.user + "/roles/manager";
  CHECK(run.admin(Method::put, grant).status == 200);
  CHECK(run.admin(Method::put, grant).text("changed") == "false");
  CHECK(run.post("/v1/authz/check", question, ann.token).text("allowed") == "true");
  const auto verified = run.get("/v1/auth/verify?permission=read:order", ann.token);
  CHECK(verified.ok());
  CHECK(header(verified, "X-Muster-User-Id") == ann.user);
  CHECK(header(verified, "X-Muster-Session-Id") == ann.session);
  CHECK(header(verified, "X-Muster-Roles") == "manager");
  const auto explained =
      run.admin(Method::get, "/v1/authz/explain?user_id=" + ann.user + "&permission=read:order");
  CHECK(explained.text("allowed") == "true");
  CHECK(contains(explained.text("path"), R"(["manager","clerk"])"));

  const auto revoked = run.admin(Method::post, "/v1/admin/revocations", R"({"user_id":")" + ann.user + "\"}");
  CHECK(revoked.ok());
  const auto refused = run.get("/v1/auth/verify", ann.token);
  CHECK(refused.status == 401);
  CHECK(refused.name == "token_revoked");
  CHECK(contains(header(refused, "WWW-Authenticate"), "Bearer"));
}

TEST_CASE("every class of error has its status and the envelope") {
  Running run;
  const auto bob = run.log_in("bob");
  const auto check = [&](const test::Outcome& outcome, std::string_view name) {
    INFO(name << ": " << outcome.name << " " << outcome.message);
    const auto* entry = wire::entry_named(name);
    REQUIRE(entry != nullptr);
    CHECK(outcome.name == name);
    CHECK(outcome.status == entry->http_status);
    CHECK(std::regex_match(header(outcome, "X-Trace-Id"), std::regex("[0-9a-f]{32}")));
  };
  check(run.post("/v1/users", R"({"username":"x1","password":"correct horse battery","shoe_size":3})"),
        "invalid_argument");
  check(run.post("/v1/users", "{"), "invalid_argument");
  check(run.post("/v1/users", "[]"), "invalid_argument");
  check(run.get("/v1/users/me"), "unauthenticated");
  check(run.get("/v1/users/me", "not.a.token"), "unauthenticated");
  check(run.get("/v1/users", bob.token), "permission_denied");
  check(run.get("/v1/nothing"), "not_found");
  check(run.admin(Method::get, "/v1/roles/none"), "not_found");
  check(run.admin(Method::get, "/v1/users/me"), "unauthenticated");
  check(run.post("/v1/users", R"({"username":"bob","password":"correct horse battery"})"), "already_exists");
  check(run.admin(Method::get, "/v1/roles?limit=0"), "invalid_argument");
  check(run.admin(Method::get, "/v1/roles?limits=5"), "invalid_argument");
  check(run.admin(Method::get, "/v1/roles?limit=5&limit=6"), "invalid_argument");
  check(run.admin(Method::put, "/v1/users/" + bob.user + "/roles/none"), "not_found");
  const std::string long_login = R"({"login":"bob","password":")" + std::string(300 * 1024, 'x') + "\"}";
  check(run.post("/v1/sessions", long_login), "too_large");
  check(run.post("/v1/sessions", long_login, bob.token), "invalid_argument");
  const auto wrong = run.post("/v1/sessions", R"({"login":"bob","password":"wrong horse battery"})");
  check(wrong, "unauthenticated");
  const auto reused = run.post("/v1/sessions/refresh", R"({"refresh_token":")" + bob.refresh + "\"}");
  CHECK(reused.status == 200);
  check(run.post("/v1/sessions/refresh", R"({"refresh_token":")" + bob.refresh + "\"}"), "refresh_reused");
  CHECK(run.get("/v1/auth/verify", bob.token).status == 401);
}

TEST_CASE("methods, media types and bodies are checked before a worker is taken") {
  Running run;
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const auto put = must_send(client, Method::put, "/v1/sessions");
  CHECK(put.status == 405);
  CHECK(contains(of(put, "Allow"), "POST"));
  CHECK(contains(of(put, "Allow"), "GET, HEAD"));
  CHECK(contains(of(put, "Allow"), "DELETE"));
  const std::string user = R"({"username":"carl","password":"correct horse battery"})";
  CHECK(must_send(client, Method::post, "/v1/users", {{"Content-Type", "text/plain"}}, user).status == 415);
  CHECK(must_send(client, Method::post, "/v1/users", {}, user).status == 415);
  CHECK(must_send(client, Method::post, "/v1/users", {{"Content-Type", "application/merge-patch+json"}}, user)
            .status == 415);
  CHECK(must_send(client, Method::post, "/v1/users", {{"Content-Type", "application/json; charset=latin1"}},
                  user)
            .status == 415);
  CHECK(must_send(client, Method::post, "/v1/users", {{"Content-Type", "Application/JSON; charset=UTF-8"}},
                  user)
            .status == 201);
  CHECK(must_send(client, Method::get, "/v1/users/me", {{"Content-Type", "application/json"}}, "{}").status ==
        401);
  const auto head = must_send(client, Method::head, "/healthz");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
}

TEST_CASE("a traceparent is continued, a malformed one is replaced") {
  Running run;
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto good = must_send(client, Method::get, "/v1/users/me",
                              {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}});
  CHECK(of(good, "X-Trace-Id") == trace);
  CHECK(contains(good.body, "\"trace_id\":\"" + trace + "\""));
  for (const std::string& bad : {"00-" + trace + "-00f067aa0ba902b7", "ff-" + trace + "-00f067aa0ba902b7-01",
                                 std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
                                 "00-" + trace + "-00f067aa0ba902b7-01-more",
                                 std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")})
    CHECK(of(must_send(client, Method::get, "/healthz", {{"traceparent", bad}}), "X-Trace-Id") != trace);
}

TEST_CASE("ETag, If-Match and If-None-Match guard what is read and changed") {
  Running run;
  const auto dora = run.log_in("dora");
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const std::pair<std::string, std::string> auth{"Authorization", "Bearer " + dora.token};
  const auto read = must_send(client, Method::get, "/v1/users/me", {auth});
  const std::string tag = of(read, "ETag");
  REQUIRE(std::regex_match(tag, std::regex("\"[0-9]+\"")));
  const auto same = must_send(client, Method::get, "/v1/users/me", {auth, {"If-None-Match", tag}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(of(same, "ETag") == tag);
  const std::pair<std::string, std::string> json{"Content-Type", "application/merge-patch+json"};
  const std::string patch = R"({"display_name":"Dora"})";
  for (const char* wrong : {"", "0", "-1", "1x", "99999999999999999999"})
    CHECK(must_send(client, Method::get, "/v1/users/me", {auth, {"X-Muster-At-Least", wrong}}).status == 400);
  CHECK(must_send(client, Method::get, "/v1/users/me", {auth, {"X-Muster-At-Least", "1"}}).status == 200);
  CHECK(must_send(client, Method::patch, "/v1/users/me", {auth, json, {"If-Match", "\"999999\""}}, patch)
            .status == 412);
  CHECK(
      must_send(client, Method::patch, "/v1/users/me", {auth, json, {"If-Match", "\"old\""}}, patch).status ==
      412);
  const auto changed =
      must_send(client, Method::patch, "/v1/users/me", {auth, json, {"If-Match", tag}}, patch);
  CHECK(changed.status == 200);
  CHECK(of(changed, "ETag") != tag);
  CHECK(must_send(client, Method::patch, "/v1/users/me", {auth, json, {"If-Match", tag}}, patch).status ==
        412);
  CHECK(must_send(client, Method::get, "/v1/users/me", {auth, {"If-None-Match", tag}}).status == 200);
}

TEST_CASE("an Idempotency-Key makes a POST safe to repeat") {
  Running run;
  test::Api api(run.daemon.url());
  const std::string user = R"({"username":"emil","password":"correct horse battery"})";
  const auto first = api.call(Method::post, "/v1/users", user, {}, "key-1");
  const auto again = api.call(Method::post, "/v1/users", user, {}, "key-1");
  CHECK(first.status == 201);
  CHECK(again.status == 201);
  CHECK(again.text("id") == first.text("id"));
  const auto other = api.call(Method::post, "/v1/users",
                              R"({"username":"emma","password":"correct horse battery"})", {}, "key-1");
  CHECK(other.name == "conflict");
  CHECK(api.call(Method::post, "/v1/users", user, {}, std::string(256, 'k')).name == "invalid_argument");
}

TEST_CASE("a dry run changes nothing, and its plan can be applied while it is fresh") {
  Running run;
  const std::string role = R"({"name":"planned","permissions":["read:plan"]})";
  const auto plan = run.admin(Method::post, "/v1/roles?dry_run=true", role);
  CHECK(plan.status == 200);
  CHECK(plan.text("changes") == "1");
  CHECK(run.admin(Method::get, "/v1/roles/planned").status == 404);
  const std::string hash = plan.text("plan_hash");
  CHECK(run.admin(Method::post, "/v1/roles?plan_hash=0000", role).name == "precondition_failed");
  CHECK(run.admin(Method::post, "/v1/roles?plan_hash=" + hash, role).status == 201);
  CHECK(run.admin(Method::post, "/v1/roles?dry_run=maybe", role).name == "invalid_argument");
}

TEST_CASE("verify answers proxies that keep the method and the path of the original request") {
  Running run;
  const auto fay = run.log_in("fay");
  test::Api api(run.daemon.url());
  CHECK(
      api.call(Method::post, "/v1/auth/verify/api/orders?permission=delete:all", R"({"order":1})", fay.token)
          .ok());
  CHECK(api.call(Method::del, "/v1/auth/verify/api/orders/7", {}, fay.token).ok());
  CHECK(api.call(Method::get, "/v1/auth/verify/api/orders").status == 401);
  CHECK(run.get("/v1/auth/verifyx", fay.token).status == 404);
  CHECK(run.get("/v1/auth/verify?permission=nonsense", fay.token).name == "invalid_argument");
  CHECK(run.get("/v1/auth/verify?permissions=read:x", fay.token).name == "invalid_argument");
  CHECK(run.admin(Method::get, "/v1/auth/verify").status == 401);
}

TEST_CASE("a dead token does not keep its owner from logging in again") {
  Running run;
  const auto gus = run.log_in("gus");
  CHECK(run.post("/v1/sessions", R"({"login":"gus","password":"correct horse battery"})", "dead.dead.dead")
            .status == 201);
}

}  // namespace
}  // namespace muster::daemon
