// SPDX-License-Identifier: Apache-2.0
#include "daemon/harness.hpp"
#include "http/client.hpp"
#include "wire/json.hpp"

namespace muster::daemon {
namespace {

using testing::Running;

/// What a session that begins with these fields says of its client's address.
std::string address_of_login(Running& run, const std::vector<std::string>& forwarded_for) {
  http::Client client({run.daemon.url(), std::chrono::seconds(30), {}});
  http::Headers headers;
  headers.add("Content-Type", "application/json");
  for (const std::string& each : forwarded_for) headers.add("X-Forwarded-For", each);
  const auto answer = client.send(http::Method::post, "/v1/sessions", headers,
                                  R"({"login":"ada","password":"correct horse battery"})");
  REQUIRE(answer);
  REQUIRE(answer->status == 201);
  const auto json = wire::parse_json(answer->body);
  REQUIRE(json);
  const auto sessions = run.get("/v1/sessions", std::string(json->at("data").at("access_token").as_string()));
  REQUIRE(sessions.ok());
  for (const auto& each : sessions.data.at("items").as_array())
    if (each.at("current").as_bool()) return std::string(each.at("ip").as_string());
  return {};
}

TEST_CASE("a client behind trusted proxies is known by its own address") {
  Running run(testing::options_with({{"MUSTER_HTTP_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8"}}));
  run.log_in("ada");
  CHECK(address_of_login(run, {}) == "127.0.0.1");
  CHECK(address_of_login(run, {"203.0.113.9"}) == "203.0.113.9");
  CHECK(address_of_login(run, {"203.0.113.9:4711"}) == "203.0.113.9");
  CHECK(address_of_login(run, {"[2001:db8::9]:4711"}) == "2001:db8::9");
  CHECK(address_of_login(run, {"203.0.113.9, 10.1.2.3"}) == "203.0.113.9");
  CHECK(address_of_login(run, {"203.0.113.9", "10.1.2.3"}) == "203.0.113.9");
  // What stands before the last stranger is that stranger's own word.
  CHECK(address_of_login(run, {"198.51.100.1, 203.0.113.9, 10.1.2.3"}) == "203.0.113.9");
  CHECK(address_of_login(run, {"198.51.100.1, nonsense, 10.1.2.3"}) == "10.1.2.3");
  CHECK(address_of_login(run, {"10.1.2.3, 10.9.9.9"}) == "10.1.2.3");
}

TEST_CASE("nobody else is believed") {
  Running run;
  run.log_in("ada");
  CHECK(address_of_login(run, {"203.0.113.9"}) == "127.0.0.1");
}

}  // namespace
}  // namespace muster::daemon
