// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "http/server.hpp"
#include "lib/http/held.hpp"
#include "lib/http/support.hpp"

#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace muster::http;
using namespace muster::http::test;
using muster::ErrorCode;

namespace {

// Answers each connection with fixed bytes, whatever is asked, and closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listening_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listening_, 8);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] std::size_t served() const { return served_; }

 private:
  void serve() {
    for (const auto& answer : answers_) {
      const int connection = ::accept(listening_, nullptr, nullptr);
      if (connection < 0) return;
      char request[4096];
      [[maybe_unused]] const auto read = ::recv(connection, request, sizeof request, 0);
      [[maybe_unused]] const auto sent = ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      ++served_;
      ::close(connection);
    }
  }

  std::vector<std::string> answers_;
  int listening_;
  std::string url_;
  std::atomic<std::size_t> served_{0};
  std::thread thread_;
};

muster::Result<Response> get(Client& client) {
  return client.send(Method::get, "/", {}, "");
}

}  // namespace

TEST_CASE("the client speaks over TCP and Unix sockets, with every method") {
  TemporaryFolder folder;
  ServerOptions options;
  options.listeners.push_back({"127.0.0.1:0", std::nullopt, false});
  options.listeners.push_back({"unix:" + folder.path() + "/s", std::nullopt, true});
  RunningServer running(echo_handler(), options);
  for (const auto& server : {"http://" + running.address, "unix:" + folder.path() + "/s"}) {
    Client client({server, 10s, ""});
    for (const auto method :
         {Method::get, Method::post, Method::put, Method::patch, Method::del, Method::options}) {
      Headers headers;
      headers.add("X-Asked", "yes");
      const auto response = client.send(method, "/path?q=1", headers, method == Method::get ? "" : "body");
      REQUIRE(response);
      CHECK(response->status == 200);
      CHECK(response->headers.find("content-type") == "text/plain");
      CHECK(response->body.find(std::string(method_name(method)) + " /path [q=1]\n") == 0);
      CHECK(response->body.find("X-Asked=yes\n") != std::string::npos);
      CHECK((response->body.find("\nbody") != std::string::npos) == (method != Method::get));
    }
    const auto head = client.send(Method::head, "/", {}, "");
    REQUIRE(head);
    CHECK(head->body.empty());
    CHECK(get(client));
  }
  CHECK(running.server->counters().connections_accepted == 2);
}

TEST_CASE("the client connects again when a kept connection was closed") {
  ServerOptions options;
  options.listeners.push_back({RunningServer(echo_handler()).address, std::nullopt, false});
  Client client({"http://" + options.listeners[0].address, 10s, ""});
  for (int i = 0; i < 3; ++i) {
    RunningServer running(echo_handler(), options);
    REQUIRE(client.send(Method::post, "/", {}, "x"));
    REQUIRE(client.send(Method::post, "/", {}, "x"));
    CHECK(running.server->counters().connections_accepted == 1);
  }
}

TEST_CASE("what may be repeated is tried once more, what may not is not") {
  const std::string kept = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  // The second request of a kept connection finds it closed at once or within its own sending; either way a
  // first connection that fails is never tried again.
  ScriptedServer failing({"", kept});
  Client client({failing.url(), 10s, ""});
  const auto response = get(client);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::unavailable);
  CHECK(response.error().message == failing.url() + " closed the connection without an answer");
  CHECK(failing.served() == 1);
  CHECK(get(client)->body == "ok");
}

TEST_CASE("answers of every framing are read") {
  const auto body_from = [](const std::string& answer) {
    ScriptedServer server({answer});
    Client client({server.url(), 10s, ""});
    const auto response = get(client);
    return response ? response->body : response.error().message.substr(server.url().size());
  };
  CHECK(body_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") ==
        "abcde");
  CHECK(body_from("HTTP/1.1 200 OK\r\n\r\nuntil the end") == "until the end");
  CHECK(body_from("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") == "x");
  CHECK(body_from("HTTP/1.1 204 No Content\r\n\r\n").empty());
  CHECK(body_from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc") ==
        " closed the connection within its answer");
  CHECK(body_from("SSH-2.0-OpenSSH\r\n").find(" did not answer in HTTP/1.1: ") == 0);
}

TEST_CASE("an answer larger than 64 MiB is refused") {
  ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"});
  Client client({server.url(), 10s, ""});
  const auto response = get(client);
  REQUIRE_FALSE(response);
  CHECK(response.error().message == "the answer of " + server.url() + " is larger than 64 MiB");
}

TEST_CASE("a server that does not answer in time is given up") {
  Held held;
  RunningServer running(held.handler());
  Client client({"http://" + running.address, 500ms, ""});
  const auto begin = std::chrono::steady_clock::now();
  const auto response = get(client);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::deadline_exceeded);
  CHECK(response.error().message == "http://" + running.address + " did not answer in time");
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("errors say what failed and with which server") {
  const auto error_of = [](const std::string& server) {
    Client client({server, 2s, ""});
    const auto response = get(client);
    REQUIRE_FALSE(response);
    return response.error();
  };
  std::string free_address;
  {
    RunningServer running(echo_handler());
    free_address = running.address;
  }
  const auto refused = error_of("http://" + free_address);
  CHECK(refused.code == ErrorCode::unavailable);
  CHECK(refused.message.find("cannot connect to http://" + free_address + ": ") == 0);
  const auto missing = error_of("unix:/nonexistent/socket");
  CHECK(missing.code == ErrorCode::unavailable);
  CHECK(missing.message ==
        "cannot connect to unix:/nonexistent/socket: No such file or directory (is the daemon running?)");
  for (const auto* bad : {"", "localhost:80", "ftp://x", "unix:", "http://", "http://x:y", "http://x:0",
                          "http://a/b", "http://a@b", "http://x:99999"})
    CHECK(error_of(bad).code == ErrorCode::invalid_argument);
  CHECK(error_of("unix:/" + std::string(200, 'p')).message.find("107") != std::string::npos);
  CHECK(error_of("http://no-such-host.invalid:80").code == ErrorCode::unavailable);
}

TEST_CASE("what would break a request is not sent") {
  RunningServer running(echo_handler());
  Client client({"http://" + running.address, 10s, ""});
  Headers split;
  split.add("X-A", "b\r\nX-C: d");
  CHECK(client.send(Method::get, "/", split, "").error().code == ErrorCode::invalid_argument);
  for (const auto* target : {"", "a", "/a b", "/a\r\nX: y"})
    CHECK(client.send(Method::get, target, {}, "").error().code == ErrorCode::invalid_argument);
  CHECK(running.server->counters().connections_accepted == 0);
}
