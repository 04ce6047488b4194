// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "lib/http/support.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

using namespace muster::http;        // NOLINT
using namespace muster::http::test;  // NOLINT

namespace {

constexpr const char* get_root = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// Keeps responders until the test answers them, from its own thread.
class Held {
 public:
  Handler handler() {
    return [this](Request&& request, const Listener&, Responder&& responder) {
      const std::lock_guard lock(mutex_);
      requests_.emplace_back(std::string(request.path), std::make_unique<Responder>(std::move(responder)));
      changed_.notify_all();
    };
  }
  std::vector<std::pair<std::string, std::unique_ptr<Responder>>> take(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return requests_.size() >= count; });
    return std::exchange(requests_, {});
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, std::unique_ptr<Responder>>> requests_;
};

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

TEST_CASE("answers from other threads leave in the order of the requests") {
  Held held;
  RunningServer running(held.handler());
  RawClient client(running.address);
  std::string batch;
  for (int i = 0; i < 20; ++i) batch += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  REQUIRE(client.send(batch));
  auto requests = held.take(20);
  REQUIRE(requests.size() == 20);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&requests, t] {
      for (int i = 19 - t; i >= 0; i -= 4)
        requests[static_cast<std::size_t>(i)].second->send(
            text_response(requests[static_cast<std::size_t>(i)].first));
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 20; ++i) {
    const auto response = client.receive_response();
    REQUIRE(response);
    CHECK(body_of(*response) == "/" + std::to_string(i));
  }
}

TEST_CASE("a Unix socket is private, names the caller and can be taken over only when stale") {
  TemporaryFolder folder;
  ServerOptions options;
  options.listeners.push_back({"unix:" + folder.path() + "/s", std::nullopt, true});
  std::optional<Peer> peer;
  const Handler handler = [&peer](Request&& request, const Listener& listener, Responder&& responder) {
    peer = request.peer;
    responder.send(text_response(listener.admin ? "admin" : "public"));
  };
  RunningServer running(handler, options);
  RawClient client(running.address);
  REQUIRE(client.send(get_root));
  const auto response = client.receive_response();
  REQUIRE(response);
  CHECK(body_of(*response) == "admin");
  REQUIRE(peer);
  CHECK(peer->address == "unix");
}
