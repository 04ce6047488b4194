// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "lib/http/framing_cases.hpp"
#include "lib/http/held.hpp"
#include "lib/http/support.hpp"

#include <thread>

#include <catch2/catch.hpp>

using namespace muster::http;
using namespace muster::http::test;

namespace {

constexpr const char* get_root = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

std::string numbered_requests(int count) {
  std::string batch;
  for (int i = 0; i < count; ++i) batch += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  return batch;
}

}  // namespace

TEST_CASE("a request is answered and the connection kept") {
  RunningServer running(echo_handler());
  RawClient client(running.address);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.send("POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"));
    const auto response = client.receive_response();
    REQUIRE(response);
    CHECK(status_of(*response) == "HTTP/1.1 200");
    CHECK(header_of(*response, "Server") == "muster");
    CHECK(header_of(*response, "Date").size() == 29);
    CHECK(header_of(*response, "Content-Type") == "text/plain");
    CHECK(header_of(*response, "Connection").empty());
    CHECK(body_of(*response) == "POST /a%20b [c=d]\nHost=x\nContent-Length=5\nhello");
  }
  CHECK(running.server->counters().connections_accepted == 1);
}

TEST_CASE("the peer is the client's address and port") {
  std::string seen;
  RunningServer running([&seen](Request&& request, const Listener&, Responder&& responder) {
    seen = request.peer.address + " " + std::to_string(request.peer.port);
    if (request.peer.secure || request.peer.user_id_os) seen = "more than a TCP connection tells";
    responder.send(text_response(""));
  });
  RawClient client(running.address);
  REQUIRE(client.send(get_root));
  REQUIRE(client.receive_response());
  CHECK(seen == client.local_address());
}

TEST_CASE("answers from other threads leave in the order of the requests") {
  Held held;
  RunningServer running(held.handler());
  RawClient client(running.address);
  REQUIRE(client.send(numbered_requests(20)));
  auto requests = held.take(20);
  REQUIRE(requests.size() == 20);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&requests, t] {
      for (int i = 19 - t; i >= 0; i -= 4) {
        auto& request = requests[static_cast<std::size_t>(i)];
        request.responder->send(text_response(request.path));
      }
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 20; ++i) {
    const auto response = client.receive_response();
    REQUIRE(response);
    CHECK(body_of(*response) == "/" + std::to_string(i));
  }
}

TEST_CASE("inline answers wait for earlier ones from other threads") {
  Held held;
  const auto hold = held.handler();
  RunningServer running([&hold](Request&& request, const Listener& listener, Responder&& responder) {
    if (request.path == "/0") return hold(std::move(request), listener, std::move(responder));
    responder.send(text_response(std::string(request.path)));
  });
  RawClient client(running.address);
  REQUIRE(client.send(numbered_requests(5)));
  auto requests = held.take(1);
  CHECK(client.receive_some(50ms).empty());
  requests.at(0).responder->send(text_response("/0"));
  for (int i = 0; i < 5; ++i) CHECK(body_of(client.receive_response().value()) == "/" + std::to_string(i));
}

TEST_CASE("no more than pipelined_max requests are given out at once, and none is lost") {
  Held held;
  ServerOptions options;
  options.limits.pipelined_max = 4;
  RunningServer running(held.handler(), options);
  RawClient client(running.address);
  REQUIRE(client.send(numbered_requests(30)));
  std::size_t answered = 0;
  while (answered < 30) {
    auto requests = held.take(1);
    REQUIRE_FALSE(requests.empty());
    // A reactor may still be handing out the rest of the four.
    CHECK(requests.size() + held.size() <= 4);
    for (auto& request : requests) request.responder->send(text_response(request.path));
    for (std::size_t i = 0; i < requests.size(); ++i)
      CHECK(body_of(client.receive_response().value()) == "/" + std::to_string(answered++));
  }
}

TEST_CASE("a responder dropped without an answer and a handler that throws answer 500") {
  RunningServer running([](Request&& request, const Listener&, Responder&& responder) {
    if (request.path == "/throw") throw std::runtime_error("on purpose");
    if (request.path == "/thread") std::thread([dropped = std::move(responder)] {}).join();
    if (request.path == "/status") responder.send(text_response("", 99));
  });
  RawClient client(running.address);
  for (const auto* path : {"/drop", "/throw", "/thread", "/status"}) {
    REQUIRE(client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto response = client.receive_response();
    REQUIRE(response);
    CHECK(status_of(*response) == "HTTP/1.1 500");
    CHECK(body_of(*response) == "The request was not answered.");
  }
}

TEST_CASE("an answer for a connection or a server that is gone is thrown away") {
  Held held;
  std::vector<Held::Request> requests;
  {
    RunningServer running(held.handler());
    {
      RawClient client(running.address);
      REQUIRE(client.send(numbered_requests(2)));
      requests = held.take(2);
      client.reset();
    }
    requests.at(0).responder->send(text_response("nobody reads this"));
    RawClient second(running.address);
    REQUIRE(second.send(get_root));
    for (auto& request : held.take(1)) requests.push_back(std::move(request));
  }
  REQUIRE(requests.size() == 3);
  requests.at(1).responder->send(text_response("nor this"));
  requests.at(2).responder.reset();
}

TEST_CASE("HEAD has the length of the body and no body") {
  RunningServer running(echo_handler());
  RawClient client(running.address);
  REQUIRE(client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto head = client.receive_response(true);
  REQUIRE(head);
  CHECK(header_of(*head, "Content-Length") == std::to_string(std::string("HEAD /x []\nHost=x\n").size()));
  CHECK(body_of(client.receive_response().value()) == "GET /y []\nHost=x\n");
}

TEST_CASE("HTTP/1.0 closes unless keep-alive is asked for, and Connection: close is honoured") {
  RunningServer running(echo_handler());
  {
    RawClient client(running.address);
    REQUIRE(client.send("GET / HTTP/1.0\r\n\r\n"));
    const auto all = client.receive_all();
    CHECK(status_of(all) == "HTTP/1.1 200");
    CHECK(header_of(all, "Connection") == "close");
  }
  {
    RawClient client(running.address);
    REQUIRE(client.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    CHECK(header_of(client.receive_response().value(), "Connection") == "keep-alive");
    REQUIRE(client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto all = client.receive_all();
    CHECK(header_of(all, "Connection") == "close");
    CHECK(all.find("/second") == std::string::npos);
  }
}

TEST_CASE("a response may end the connection") {
  RunningServer running([](Request&&, const Listener&, Responder&& responder) {
    auto response = text_response("bye");
    response.close = true;
    responder.send(std::move(response));
  });
  RawClient client(running.address);
  REQUIRE(client.send(numbered_requests(3)));
  const auto all = client.receive_all();
  CHECK(header_of(all, "Connection") == "close");
  CHECK(body_of(all) == "bye");
}

TEST_CASE("100 Continue is sent before the body, in order, and only when the body has not come") {
  Held held;
  RunningServer running(held.handler());
  RawClient client(running.address);
  const std::string head = "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  REQUIRE(client.send(head));
  CHECK(client.receive_response().value() == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("hi"));
  auto first = held.take(1);
  REQUIRE(client.send(head));
  CHECK(client.receive_some(50ms).empty());
  first.at(0).responder->send(text_response("first"));
  CHECK(body_of(client.receive_response().value()) == "first");
  CHECK(client.receive_response().value() == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("ho"));
  held.take(1).at(0).responder->send(text_response("second"));
  CHECK(body_of(client.receive_response().value()) == "second");
  REQUIRE(client.send(head + "hu"));
  held.take(1).at(0).responder->send(text_response("third"));
  CHECK(body_of(client.receive_response().value()) == "third");
}

TEST_CASE("a body that is announced too large is refused before it is read") {
  RunningServer running(echo_handler());
  RawClient client(running.address);
  REQUIRE(
      client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"));
  const auto all = client.receive_all();
  CHECK(status_of(all) == "HTTP/1.1 413");
  CHECK(header_of(all, "Connection") == "close");
}

TEST_CASE("a refusal reaches a client that is still sending") {
  RunningServer running(echo_handler());
  RawClient client(running.address);
  std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n";
  bytes += std::string(4'000'000, 'x');
  REQUIRE(client.send(bytes));
  CHECK(status_of(client.receive_all()) == "HTTP/1.1 413");
}

TEST_CASE("every malformed request is refused over a socket, after the answers before it") {
  RunningServer running(echo_handler());
  std::uint64_t refusals = 0;
  for (const auto& refused : refused_cases()) {
    INFO(refused.name);
    RawClient client(running.address);
    REQUIRE(client.send("GET /before HTTP/1.1\r\nHost: x\r\n\r\n" + refused.bytes));
    const auto before = client.receive_response();
    REQUIRE(before);
    CHECK(body_of(*before) == "GET /before []\nHost=x\n");
    const auto all = client.receive_all();
    CHECK(status_of(all) == "HTTP/1.1 " + std::to_string(refused.status));
    CHECK(header_of(all, "Connection") == "close");
    CHECK(header_of(all, "Content-Length") == std::to_string(body_of(all).size()));
    CHECK(running.server->counters().requests_malformed == ++refusals);
  }
}

TEST_CASE("a client that closes its sending half still gets its answers") {
  Held held;
  RunningServer running(held.handler());
  RawClient client(running.address);
  REQUIRE(client.send(numbered_requests(2)));
  client.end_output();
  auto requests = held.take(2);
  REQUIRE(requests.size() == 2);
  std::this_thread::sleep_for(20ms);
  requests[1].responder->send(text_response("1"));
  requests[0].responder->send(text_response("0"));
  CHECK(body_of(client.receive_response().value()) == "0");
  CHECK(body_of(client.receive_response().value()) == "1");
  CHECK(client.is_closed_within(5s));
}

TEST_CASE("large bodies of every kind come and go whole") {
  std::string big;
  for (int i = 0; i < 60'000; ++i) big += std::to_string(i) + ",";
  RunningServer running([](Request&& request, const Listener&, Responder&& responder) {
    responder.send(text_response(std::move(request.body)));
  });
  RawClient client(running.address);
  REQUIRE(client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(big.size()) +
                      "\r\n\r\n" + big));
  CHECK(body_of(client.receive_response().value()) == big);
  std::string chunked = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0, size = 1; at < big.size(); at += size, size = size * 2 + 1) {
    const auto chunk = big.substr(at, size);
    char line[32];
    std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
    chunked += line + chunk + "\r\n";
  }
  REQUIRE(client.send(chunked + "0\r\n\r\n"));
  CHECK(body_of(client.receive_response().value()) == big);
}
