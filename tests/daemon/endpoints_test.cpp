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
        "muster_store_commits_total ", "muster_revocation_epoch "})
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
