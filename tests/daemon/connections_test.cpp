// SPDX-License-Identifier: Apache-2.0
// Connections as a whole daemon treats them: requests that follow each other without waiting, and clients
// that let time pass.
#include "daemon/harness.hpp"
#include "lib/http/support.hpp"

namespace muster::daemon {
namespace {

using http::test::header_of;
using http::test::RawClient;
using http::test::status_of;
using testing::contains;
using testing::options_with;
using testing::Running;

/// A request, and the status it must be answered with.
struct Expected {
  std::string line;
  std::string status;
  std::string body = {};
  std::string token = {};
};

std::string trace_id(std::size_t number) {
  std::string digits = std::to_string(number + 1);
  return std::string(32 - digits.size(), '0') + digits;
}

std::string as_text(const Expected& each, std::size_t number) {
  std::string out =
      each.line + " HTTP/1.1\r\nHost: a\r\ntraceparent: 00-" + trace_id(number) + "-00000000000000aa-01\r\n";
  if (!each.token.empty()) out += "Authorization: Bearer " + each.token + "\r\n";
  if (!each.body.empty())
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(each.body.size()) + "\r\n";
  return out + "\r\n" + each.body;
}

TEST_CASE("pipelined requests are answered in their order, wherever each of them runs") {
  // Slow enough hashing for everything else to overtake it, were it let.
  Running run(options_with({{"MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "16384"}}));
  const auto kim = run.log_in("kim");
  std::vector<Expected> all;
  for (int round = 0; round < 6; ++round) {
    const std::string user = "pipelined" + std::to_string(round);
    const std::string password = R"(","password":"correct horse battery"})";
    const std::string check = R"({"user_id":")" + kim.user + R"(","permission":"read:order"})";
    all.push_back({"POST /v1/sessions", "201", R"({"login":"kim)" + password});
    all.push_back({"GET /healthz", "200"});
    all.push_back({"GET /v1/auth/verify", "200", "", kim.token});
    all.push_back({"GET /v1/users/me", "200", "", kim.token});
    all.push_back({"POST /v1/users", "201", R"({"username":")" + user + password});
    all.push_back({"GET /v1/auth/verify", "401"});
    all.push_back({"GET /nothing/here", "404"});
    all.push_back({"POST /v1/authz/check", "200", check, kim.token});
    // What changes something is done before what follows it is begun.
    all.push_back({"POST /v1/users", "409", R"({"username":")" + user + password});
    all.push_back({"POST /v1/sessions", "201", R"({"login":")" + user + password});
    all.push_back({"GET /v1/sessions", "200", "", kim.token});
    all.push_back({"GET /.well-known/jwks.json", "200"});
  }
  std::string bytes;
  for (std::size_t i = 0; i < all.size(); ++i) bytes += as_text(all[i], i);
  RawClient client(run.daemon.address());
  REQUIRE(client.send(bytes));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto response = client.receive_response();
    INFO(i << ": " << all[i].line << "\n" << response.value_or("nothing came"));
    REQUIRE(response);
    CHECK(status_of(*response) == "HTTP/1.1 " + all[i].status);
    CHECK(header_of(*response, "X-Trace-Id") == trace_id(i));
  }
}

/// Sends the text again and again, a little at a time, until there is an answer or the connection is closed.
std::string answer_to_drops(RawClient& client, std::string_view drop) {
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) {
    if (!client.send(drop)) break;
    answer = client.receive_some(std::chrono::milliseconds(20));
  }
  return answer;
}

// Each time is short in one daemon and the others are long, so that only the one that was set can pass.
Running with_short(const std::string& name) {
  return Running(options_with({{"MUSTER_HTTP_LIMITS_" + name, "300ms"}}));
}

TEST_CASE("http.limits.header_time ends a header that drips in") {
  Running run = with_short("HEADER_TIME");
  RawClient client(run.daemon.address());
  REQUIRE(client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: "));
  CHECK(status_of(answer_to_drops(client, "x")) == "HTTP/1.1 408");
  CHECK(client.is_closed_within(std::chrono::seconds(5)));
  CHECK(run.get("/healthz").ok());
}

TEST_CASE("http.limits.body_time ends a body that drips in") {
  Running run = with_short("BODY_TIME");
  RawClient client(run.daemon.address());
  REQUIRE(
      client.send("POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                  "Content-Length: 1500\r\n\r\n"));
  CHECK(status_of(answer_to_drops(client, " ")) == "HTTP/1.1 408");
  CHECK(client.is_closed_within(std::chrono::seconds(5)));
}

TEST_CASE("http.limits.idle_time closes a connection that asks nothing, before and after a request") {
  Running run = with_short("IDLE_TIME");
  RawClient never(run.daemon.address());
  RawClient once(run.daemon.address());
  REQUIRE(once.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(once.receive_response());
  CHECK(never.is_closed_within(std::chrono::seconds(5)));
  CHECK(once.is_closed_within(std::chrono::seconds(5)));
}

TEST_CASE("http.limits.write_time cuts off a client that takes nothing of its answers") {
  Running run = with_short("WRITE_TIME");
  RawClient client(run.daemon.address());
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "GET /v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(client.send(requests));
  // Its answers are more than the system holds for it. It reads none of them.
  CHECK(test::eventually([&] {
    const std::string metrics = run.get("/metrics").message;
    return contains(metrics, "\nmuster_http_connections_timed_out_total 1\n");
  }));
  CHECK(run.get("/healthz").ok());
}

}  // namespace
}  // namespace muster::daemon
