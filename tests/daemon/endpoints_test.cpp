// SPDX-License-Identifier: Apache-2.0
#include "daemon/harness.hpp"

namespace muster::daemon {
namespace {

using http::Method;
using testing::contains;
using testing::header;
using testing::Running;

http::Response post_form(const std::string& server, const std::string& target, const std::string& form,
                         const std::string& token = {}) {
  http::Client client({server, std::chrono::seconds(30), {}});
  http::Headers headers;
  headers.add("Content-Type", "application/x-www-form-urlencoded");
  if (!token.empty()) headers.add("Authorization", "Bearer " + token);
  auto response = client.send(Method::post, target, headers, form);
  REQUIRE(response);
  return std::move(*response);
}

TEST_CASE("health and readiness") {
  Running run;
  CHECK(run.get("/healthz").ok());
  const auto ready = run.get("/readyz");
  CHECK(ready.ok());
  CHECK(ready.text("ready") == "true");
  CHECK(contains(ready.text("parts"), "\"store\""));
}

TEST_CASE("promtool finds nothing wrong with /metrics, and it counts") {
  Running run;
  const auto user = run.log_in("hugo");
  for (int i = 0; i < 5; ++i) CHECK(run.get("/v1/auth/verify", user.token).ok());
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const auto response = client.send(Method::get, "/metrics", {}, {});
  REQUIRE(response);
  CHECK(contains(std::string(response->headers.find("Content-Type").value_or("")),
                 "text/plain; version=0.0.4"));
  const std::string& text = response->body;
  CHECK(contains(text, "muster_operations_total{operation=\"verify_token\",outcome=\"ok\"} 5\n"));
  CHECK(contains(text, "muster_operations_total{operation=\"log_in\",outcome=\"ok\"} 1\n"));
  CHECK(contains(text, "muster_http_responses_total{code=\"201\"} 2\n"));
  CHECK(contains(text, "muster_store_writable 1\n"));
  CHECK(contains(text, "muster_build_info{version=\""));
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
        "muster_http_connections ", "muster_pool_queue_length{pool=\"hashing\"} 0",
        "muster_store_commits_total ", "muster_revocation_epoch ", "muster_tokens_remembered "})
    CHECK(contains(text, std::string("\n") + name));
  const auto checked = test::run({"promtool", "check", "metrics"}, {}, text);
  INFO(checked.out << checked.err);
  CHECK(checked.status == 0);
}

TEST_CASE("keys and discovery") {
  Running run;
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const auto jwks = client.send(Method::get, "/.well-known/jwks.json", {}, {});
  REQUIRE(jwks);
  CHECK(contains(jwks->body, "\"keys\":["));
  CHECK(contains(jwks->body, "\"ES256\""));
  CHECK_FALSE(contains(jwks->body, "\"d\":"));
  const auto discovery = client.send(Method::get, "/.well-known/openid-configuration", {}, {});
  REQUIRE(discovery);
  CHECK(contains(discovery->body, "\"jwks_uri\":\"" + run.daemon.url() + "/.well-known/jwks.json\""));
  CHECK(contains(discovery->body, "\"id_token_signing_alg_values_supported\":[\"ES256\"]"));
}

TEST_CASE("introspection follows RFC 7662") {
  Running run;
  const auto ida = run.log_in("ida");
  const std::string socket = "unix:" + run.daemon.socket();
  const auto active =
      post_form(socket, "/oauth2/introspect", "token=" + ida.token + "&token_type_hint=access_token");
  CHECK(active.status == 200);
  CHECK(contains(active.body, "\"active\":true"));
  CHECK(contains(active.body, "\"token_type\":\"Bearer\""));
  CHECK(contains(active.body, "\"sub\":\"" + ida.user + "\""));
  CHECK(contains(post_form(socket, "/oauth2/introspect", "token=" + ida.refresh).body, "\"active\":true"));
  CHECK(post_form(socket, "/oauth2/introspect", "token=rubbish").body == R"({"active":false})");
  const auto anonymous = post_form(run.daemon.url(), "/oauth2/introspect", "token=" + ida.token);
  CHECK(anonymous.status == 401);
  CHECK(contains(std::string(anonymous.headers.find("WWW-Authenticate").value_or("")), "Bearer"));
  CHECK(contains(anonymous.body, "\"error\":\"invalid_token\""));
  const auto plain_user = post_form(run.daemon.url(), "/oauth2/introspect", "token=" + ida.token, ida.token);
  CHECK(plain_user.status == 403);
  CHECK(contains(plain_user.body, "\"error\":\"insufficient_scope\""));
  const auto missing = post_form(socket, "/oauth2/introspect", "token_type_hint=access_token");
  CHECK(missing.status == 400);
  CHECK(contains(missing.body, "\"error\":\"invalid_request\""));
}

TEST_CASE("revocation follows RFC 7009: the token is enough, and a bad one is no error") {
  Running run;
  const auto jan = run.log_in("jan");
  CHECK(post_form(run.daemon.url(), "/oauth2/revoke", "token=rubbish").status == 200);
  CHECK(run.get("/v1/auth/verify", jan.token).ok());
  const auto revoked = post_form(run.daemon.url(), "/oauth2/revoke", "token=" + jan.refresh);
  CHECK(revoked.status == 200);
  CHECK(revoked.body.empty());
  CHECK(run.get("/v1/auth/verify", jan.token).status == 401);
}

TEST_CASE("an id that no id looks like is the id of nothing") {
  Running run;
  for (const char* path : {"/v1/users/nobody", "/v1/users/0", "/v1/users/nobody/roles"}) {
    INFO(path);
    const auto answer = run.admin(Method::get, path);
    CHECK(answer.status == 404);
    CHECK(answer.name == "not_found");
  }
  const auto kim = run.log_in("kim");
  CHECK(run.get("/v1/users/nobody", kim.token).status == 403);
  CHECK(run.get("/v1/users/nobody").status == 401);
}

TEST_CASE("who may ask is told what is wrong with the request") {
  Running run;
  const auto lea = run.log_in("lea");
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  http::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("Authorization", "Bearer " + lea.token);
  const auto own = client.send(Method::patch, "/v1/users/me", headers, R"({"email":5})");
  REQUIRE(own);
  CHECK(own->status == 400);
  CHECK(contains(own->body, "\"field\":\"email\""));
  const auto unknown = client.send(Method::patch, "/v1/users/me", headers, R"({"shoe_size":5})");
  REQUIRE(unknown);
  CHECK(unknown->status == 400);
  const auto other = run.log_in("leo");
  const auto foreign = client.send(Method::patch, "/v1/users/" + other.user, headers, R"({"email":5})");
  REQUIRE(foreign);
  CHECK(foreign->status == 403);
}

TEST_CASE("a repeated request with its Idempotency-Key has the same ETag") {
  Running run;
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  http::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("Idempotency-Key", "once");
  const std::string body = R"({"username":"mia","password":"correct horse battery"})";
  const auto first = client.send(Method::post, "/v1/users", headers, body);
  const auto second = client.send(Method::post, "/v1/users", headers, body);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->headers.find("ETag").value_or("") == "\"1\"");
  CHECK(second->headers.find("ETag").value_or("") == "\"1\"");
}

TEST_CASE("the configuration in force and the daemon that serves") {
  Running run(testing::options_with({{"MUSTER_TOKEN_ISSUER", "https://id.example"}}));
  const auto config = run.admin(Method::get, "/v1/admin/config");
  CHECK(config.ok());
  CHECK(contains(config.text("items"), R"({"name":"token.issuer","value":"https://id.example","source":)"));
  CHECK(contains(config.text("items"), R"("name":"token.audience","value":"muster","source":"default")"));
  const auto nodes = run.admin(Method::get, "/v1/admin/nodes");
  CHECK(nodes.ok());
  CHECK(contains(nodes.text("items"), "\"ready\":true"));
  CHECK(contains(nodes.text("items"), "\"revocation_epoch\":0"));
  const auto nora = run.log_in("nora");
  CHECK(run.get("/v1/admin/config", nora.token).status == 403);
  CHECK(run.get("/v1/admin/nodes", nora.token).status == 403);
}

TEST_CASE("the audit log can be followed from any record") {
  Running run;
  run.log_in("ole");
  run.log_in("olga");
  const auto all = run.admin(Method::get, "/v1/admin/audit?operation=create_user");
  CHECK(contains(all.text("items"), "\"seq\":1,"));
  const auto rest = run.admin(Method::get, "/v1/admin/audit?operation=create_user&after=1");
  CHECK_FALSE(contains(rest.text("items"), "\"seq\":1,"));
  CHECK(contains(rest.text("items"), "\"username\":\"olga\""));
}

TEST_CASE("a dry run of an import says what would become of each row") {
  Running run;
  run.log_in("pia");
  const std::string body =
      R"({"items":[{"username":"pia2"},{"username":""},{"username":"pia"},{"username":"pia2"}]})";
  const auto plan = run.admin(Method::post, "/v1/admin/users/import?dry_run=true", body);
  CHECK(plan.text("changes") == "1");
  const std::string results = plan.text("results");
  CHECK(contains(results, "\"outcome\":\"created\""));
  CHECK(contains(results, "\"outcome\":\"failed\""));
  CHECK(contains(results, "\"outcome\":\"unchanged\""));
  CHECK(run.admin(Method::get, "/v1/users?username=pia2").text("items") == "[]");
}

TEST_CASE("the API describes every path it serves") {
  Running run;
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  const auto served = client.send(Method::get, "/v1/openapi.json", {}, {});
  REQUIRE(served);
  const auto document = wire::parse_json(served->body);
  REQUIRE(document);
  const auto& paths = document->at("paths").as_object();
  for (const char* path :
       {"/v1/users/{id}", "/v1/sessions", "/v1/auth/verify", "/v1/authz/check", "/healthz",
        "/oauth2/introspect", "/v1/admin/revocations", "/v1/roles/{role}/parents/{parent}"}) {
    INFO(path);
    CHECK(paths.contains(path));
  }
}

}  // namespace
}  // namespace muster::daemon
