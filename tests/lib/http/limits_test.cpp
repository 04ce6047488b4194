// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"
#include "lib/http/held.hpp"
#include "lib/http/support.hpp"

#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace muster::http;
using namespace muster::http::test;

namespace {

constexpr const char* get_root = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

ServerOptions with_limits(const std::function<void(Limits&)>& change) {
  ServerOptions options;
  change(options.limits);
  return options;
}

rlim_t allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::microseconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace

TEST_CASE("a header that drips in is cut with 408 at its deadline") {
  RunningServer running(echo_handler(), with_limits([](Limits& limits) { limits.header_time = 150ms; }));
  RawClient client(running.address);
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(1000, 'X');
  std::string answer;
  for (const char byte : request) {
    if (!client.send(std::string_view(&byte, 1))) break;
    answer = client.receive_some(20ms);
    if (!answer.empty()) break;
  }
  CHECK(status_of(answer) == "HTTP/1.1 408");
  CHECK(header_of(answer, "Connection") == "close");
  CHECK(client.is_closed_within(5s));
  CHECK(running.server->counters().connections_timed_out == 1);
}

TEST_CASE("a body that drips in is cut with 408 at its deadline") {
  RunningServer running(echo_handler(), with_limits([](Limits& limits) { limits.body_time = 150ms; }));
  RawClient client(running.address);
  REQUIRE(client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"));
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) {
    if (!client.send("x")) break;
    answer = client.receive_some(20ms);
  }
  CHECK(status_of(answer) == "HTTP/1.1 408");
  CHECK(running.server->counters().connections_timed_out == 1);
}

TEST_CASE("a client that does not read is cut at its deadline, and only then") {
  const std::string big(8'000'000, 'x');
  RunningServer running(
      [&big](Request&&, const Listener&, Responder&& responder) { responder.send(text_response(big)); },
      with_limits([](Limits& limits) { limits.write_time = 1000ms; }));
  RawClient deaf(running.address);
  REQUIRE(deaf.send(get_root));
  RawClient slow(running.address);
  REQUIRE(slow.send(get_root));
  std::size_t received = 0;
  for (int i = 0; i < 10'000 && received < big.size(); ++i) {
    received += slow.receive_some(1000ms).size();
    if (i < 45) std::this_thread::sleep_for(30ms);  // Longer than write_time in sum, not in one.
  }
  CHECK(received > big.size());
  CHECK(eventually([&] { return running.server->counters().connections_open == 1; }));
  CHECK(running.server->counters().connections_timed_out == 1);
}

TEST_CASE("an idle connection is closed without a word") {
  RunningServer running(echo_handler(), with_limits([](Limits& limits) { limits.idle_time = 500ms; }));
  RawClient never(running.address);
  RawClient once(running.address);
  REQUIRE(once.send(get_root));
  REQUIRE(once.receive_response());
  CHECK(never.receive_all().empty());
  CHECK(once.receive_all().empty());
  CHECK(eventually([&] { return running.server->counters().connections_open == 0; }));
  CHECK(running.server->counters().connections_timed_out == 0);
}

TEST_CASE("waiting for the handler is not idleness") {
  Held held;
  RunningServer running(held.handler(), with_limits([](Limits& limits) {
                          limits.idle_time = limits.header_time = limits.body_time = 500ms;
                        }));
  RawClient client(running.address);
  REQUIRE(client.send(get_root));
  auto requests = held.take(1);
  std::this_thread::sleep_for(1000ms);
  requests.at(0).responder->send(text_response("late"));
  CHECK(body_of(client.receive_response().value()) == "late");
}

TEST_CASE("a client that does not read is not read from either") {
  std::atomic<int> handled{0};
  const std::string big(100'000, 'x');
  RunningServer running(
      [&](Request&&, const Listener&, Responder&& responder) {
        ++handled;
        responder.send(text_response(big));
      },
      with_limits([](Limits& limits) { limits.output_pending_max_bytes = 200'000; }));
  RawClient client(running.address);
  constexpr int requests = 400;
  std::thread sender([&client] {
    for (int i = 0; i < requests; ++i)
      if (!client.send(get_root)) return;
  });
  int before = -1;
  CHECK(eventually([&] {
    const int now = handled;
    std::this_thread::sleep_for(50ms);
    return std::exchange(before, now) == now && now > 0;
  }));
  // What the kernel's buffers of both sides take, and the limit.
  CHECK(handled < 200);
  for (int i = 0; i < requests; ++i) {
    const auto response = client.receive_response();
    REQUIRE(response);
    REQUIRE(response->size() > big.size());
  }
  sender.join();
  CHECK(handled == requests);
}

TEST_CASE("connections over the limit are told so and closed") {
  RunningServer running(echo_handler(), with_limits([](Limits& limits) { limits.connections_max = 2; }));
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(running.address);
    REQUIRE(clients.back().send(get_root));
    REQUIRE(clients.back().receive_response());
  }
  {
    RawClient third(running.address);
    const auto all = third.receive_all();
    CHECK(body_of(all) == "Too many connections.");
    CHECK(header_of(all, "Connection") == "close");
  }
  CHECK(running.server->counters().connections_refused == 1);
  clients.pop_back();
  CHECK(eventually([&] { return running.server->counters().connections_open == 1; }));
  RawClient fourth(running.address);
  REQUIRE(fourth.send(get_root));
  CHECK(fourth.receive_response());
}

TEST_CASE("connections from one address are limited, but not at an admin listener") {
  TemporaryFolder folder;
  auto options = with_limits([](Limits& limits) { limits.connections_per_address_max = 2; });
  options.listeners.push_back({"127.0.0.1:0", std::nullopt, false});
  options.listeners.push_back({"127.0.0.1:0", std::nullopt, true});
  options.listeners.push_back({"unix:" + folder.path() + "/s", std::nullopt, true});
  RunningServer running(echo_handler(), options);
  const auto serves = [&](std::vector<RawClient>& clients, const std::string& address) {
    clients.emplace_back(address);
    return clients.back().send(get_root) &&
           clients.back().receive_response().value_or("").starts_with("HTTP/1.1 200");
  };
  std::vector<RawClient> clients;
  CHECK(serves(clients, running.address));
  CHECK(serves(clients, running.address));
  RawClient third(running.address);
  CHECK(body_of(third.receive_all()) == "Too many connections.");
  CHECK(running.server->counters().connections_refused == 1);
  std::vector<RawClient> admins;
  for (int i = 0; i < 4; ++i) CHECK(serves(admins, running.server->addresses()[1]));
  for (int i = 0; i < 4; ++i) CHECK(serves(admins, running.server->addresses()[2]));
  clients.pop_back();
  CHECK(eventually([&] { return running.server->counters().connections_open == 9; }));
  CHECK(serves(clients, running.address));
}

TEST_CASE("what one slow reader has the server hold is bounded, whoever answers when") {
  constexpr std::size_t answer_bytes = 64 * 1024;
  constexpr int requests = 64;
  TemporaryFolder folder;
  ServerOptions options;
  // A Unix socket's buffer does not grow, so what is not in it is held by the server.
  options.listeners.push_back({"unix:" + folder.path() + "/s", std::nullopt, true});
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Responder> waiting;
  int handled = 0;
  bool ended = false;
  {
    RunningServer running(
        [&](Request&&, const Listener&, Responder&& responder) {
          const std::lock_guard lock(mutex);
          ++handled;
          waiting.push_back(std::move(responder));
          arrived.notify_one();
        },
        options);
    // Answers from another thread, as the workers do.
    std::thread worker([&] {
      std::unique_lock lock(mutex);
      while (!ended) {
        arrived.wait(lock, [&] { return ended || !waiting.empty(); });
        while (!waiting.empty()) {
          waiting.front().send(text_response(std::string(answer_bytes, 'x')));
          waiting.pop_front();
        }
      }
    });
    RawClient client(running.address);
    REQUIRE(client.send(get_root));
    REQUIRE(client.receive_response());
    for (int i = 0; i < requests; ++i) REQUIRE(client.send(get_root));
    int before = -1;
    CHECK(eventually([&] {
      std::this_thread::sleep_for(100ms);
      const std::lock_guard lock(mutex);
      return std::exchange(before, handled) == handled;
    }));
    // One that was read, 256 KiB and one more, and what the socket's two buffers take.
    CHECK(before <= 1 + 4 + 1 + 8);
    for (int i = 0; i < requests; ++i) REQUIRE(client.receive_response());
    {
      const std::lock_guard lock(mutex);
      ended = true;
      CHECK(handled == requests + 1);
    }
    arrived.notify_one();
    worker.join();
  }
}

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_instrumented = true;
#else
constexpr bool is_instrumented = false;
#endif

// The clients have a process of their own, so that each side has its own limit of descriptors and the
// server's memory can be told from theirs. They say "+" when all have had an answer, and again after a "?".
int hold_connections(std::size_t count, int orders, int reports) {
  char port[8] = {};
  if (::read(orders, port, sizeof port) <= 0) return 1;
  allow_descriptors(count + 100);
  std::vector<RawClient> clients;
  clients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back("127.0.0.1:" + std::string(port));
    if (!clients.back().send("GET / HTTP/1.1\r\nHost: x\r\nX-Some: header fields of usual size\r\n\r\n"))
      return 2;
    if (i % 100 != 99) continue;
    for (std::size_t j = i - 99; j <= i; ++j)
      if (!clients[j].receive_response()) return 3;
  }
  char order = 0;
  if (::write(reports, "+", 1) != 1 || ::read(orders, &order, 1) != 1) return 4;
  for (const std::size_t i : {std::size_t{0}, count / 2, count - 1})
    if (!clients[i].send(get_root) || !clients[i].receive_response()) return 5;
  if (::write(reports, "+", 1) != 1 || ::read(orders, &order, 1) != 0) return 6;
  return 0;
}

}  // namespace

TEST_CASE("ten thousand idle connections cost little, and each is served when it asks") {
  constexpr std::size_t count = is_instrumented ? 1'000 : 10'000;
  REQUIRE(allow_descriptors(count + 200) >= count + 200);
  int orders[2];
  int reports[2];
  REQUIRE(::pipe(orders) == 0);
  REQUIRE(::pipe(reports) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(orders[1]);
    ::close(reports[0]);
    ::_exit(hold_connections(count, orders[0], reports[1]));
  }
  ::close(orders[0]);
  ::close(reports[1]);
  RunningServer running(echo_handler());
  const auto before = resident_bytes();
  const auto port = running.address.substr(running.address.rfind(':') + 1);
  char report = 0;
  REQUIRE(::write(orders[1], port.c_str(), port.size() + 1) > 0);
  REQUIRE(::read(reports[0], &report, 1) == 1);
  CHECK(running.server->counters().connections_open == count);
  const auto each = (resident_bytes() - before) / count;
  INFO("bytes for each connection: " << each);
  if (!is_instrumented) CHECK(each < 2048);
  const auto cpu_before = cpu_time();
  std::this_thread::sleep_for(500ms);
  CHECK(cpu_time() - cpu_before < 250ms);
  REQUIRE(::write(orders[1], "?", 1) == 1);
  CHECK(::read(reports[0], &report, 1) == 1);
  ::close(orders[1]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  ::close(reports[0]);
  CHECK(eventually([&] { return running.server->counters().connections_open == 0; }));
}

namespace {

constexpr int descriptors_max = 64;

int open_descriptors() {
  int count = 0;
  for (int descriptor = 0; descriptor < descriptors_max; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) >= 0) ++count;
  return count;
}

// Runs in a process of its own, as it uses all its descriptors up. Returns what went wrong.
int exhaust_descriptors() {
  const rlimit limit{descriptors_max, descriptors_max};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  RunningServer running(echo_handler());
  std::vector<RawClient> clients;
  std::vector<int> hoard;
  clients.emplace_back(running.address);
  if (!clients[0].send(get_root) || !clients[0].receive_response()) return 1;
  std::vector<int> sockets;
  // The clients are made first, so that accepting is what fails.
  for (int i = 0; i < 8; ++i) {
    while (true) {
      const int descriptor = ::open("/dev/null", O_RDONLY);
      if (descriptor < 0) break;
      hoard.push_back(descriptor);
    }
    ::close(hoard.back());
    hoard.pop_back();
    RawClient turned_away(running.address);
    if (!turned_away.is_closed_within(5s)) return 2;
    // The server takes its reserve again right after; the next round must not steal it.
    if (!eventually([] { return open_descriptors() == descriptors_max; })) return 7;
  }
  if (running.server->counters().connections_refused < 8) return 3;
  const auto cpu_before = cpu_time();
  std::this_thread::sleep_for(300ms);
  if (cpu_time() - cpu_before > 150ms) return 4;
  if (!clients[0].send(get_root) || !clients[0].receive_response()) return 5;
  for (const int descriptor : hoard) ::close(descriptor);
  RawClient after(running.address);
  if (!after.send(get_root) || !after.receive_response()) return 6;
  return 0;
}

}  // namespace

TEST_CASE("running out of descriptors turns clients away, spins nowhere, and passes") {
  // UBSan looks at memory through a pipe and, without descriptors, takes sound objects for broken ones.
  if (is_instrumented) return;
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(exhaust_descriptors());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("draining answers what has begun, closes what is idle and accepts nothing more") {
  Held held;
  const auto hold = held.handler();
  ServerOptions options;
  options.reactors = 1;  // Two would begin to drain one after the other.
  auto running = std::make_unique<RunningServer>(
      [&hold](Request&& request, const Listener& listener, Responder&& responder) {
        if (request.path == "/held") return hold(std::move(request), listener, std::move(responder));
        responder.send(text_response(std::string(request.path) + request.body));
      },
      options);
  RawClient idle(running->address);
  REQUIRE(idle.send(get_root));
  REQUIRE(idle.receive_response());
  RawClient waiting(running->address);
  REQUIRE(waiting.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n"));
  RawClient sending(running->address);
  REQUIRE(sending.send("POST /partial HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"));
  auto requests = held.take(1);
  REQUIRE(eventually([&] { return running->server->counters().connections_open == 3; }));
  std::this_thread::sleep_for(50ms);
  std::thread drain([&] { running->server->drain(10s); });
  CHECK(idle.receive_all().empty());
  REQUIRE(sending.send("!!"));
  const auto partial = sending.receive_all();
  CHECK(body_of(partial) == "/partial!!");
  CHECK(header_of(partial, "Connection") == "close");
  CHECK_THROWS(RawClient(running->address));
  requests.at(0).responder->send(text_response("answered"));
  const auto answered = waiting.receive_all();
  CHECK(body_of(answered) == "answered");
  CHECK(header_of(answered, "Connection") == "close");
  drain.join();
  CHECK(running->server->counters().connections_open == 0);
  running->server->drain(10s);
}

TEST_CASE("draining cuts what is left when its time is up") {
  Held held;
  RunningServer running(held.handler());
  RawClient client(running.address);
  REQUIRE(client.send(get_root));
  auto requests = held.take(1);
  const auto begin = std::chrono::steady_clock::now();
  running.server->drain(100ms);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(client.receive_all().empty());
  CHECK(running.server->counters().connections_open == 0);
  requests.at(0).responder->send(text_response("too late"));
}

TEST_CASE("a Unix socket is private, names the caller and is taken over only when stale") {
  TemporaryFolder folder;
  const auto path = folder.path() + "/s";
  ServerOptions options;
  options.listeners.push_back({"unix:" + path, std::nullopt, true});
  std::optional<Peer> peer;
  const Handler handler = [&peer](Request&& request, const Listener& listener, Responder&& responder) {
    peer = request.peer;
    responder.send(text_response(listener.admin ? "admin" : "public"));
  };
  std::ofstream(path + "-file") << "not a socket";
  {
    const auto old_mask = ::umask(0);
    RunningServer running(handler, options);
    ::umask(old_mask);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(running.address == "unix:" + path);
    RawClient client(running.address);
    REQUIRE(client.send(get_root));
    CHECK(body_of(client.receive_response().value()) == "admin");
    REQUIRE(peer);
    CHECK(peer->address == "unix");
    CHECK(peer->user_id_os == ::getuid());
    Server second(options, handler, plain_error_body);
    const auto refused = second.start();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == muster::ErrorCode::unavailable);
    CHECK(refused.error().message == "cannot listen on " + path + ": another process is listening there");
    CHECK(client.send(get_root));
    CHECK(client.receive_response());
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
  {
    // What a killed process leaves behind.
    const auto child = ::fork();
    if (child == 0) {
      RunningServer killed(handler, options);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(::access(path.c_str(), F_OK) == 0);
    RunningServer running(handler, options);
    RawClient client(running.address);
    REQUIRE(client.send(get_root));
    CHECK(client.receive_response());
  }
  options.listeners[0].address = "unix:" + path + "-file";
  Server third(options, handler, plain_error_body);
  const auto refused = third.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "cannot listen on " + path + "-file: a file that is not a socket is there");
}

TEST_CASE("addresses that cannot be listened on are named with the reason") {
  const auto message_for = [](const std::string& address) {
    ServerOptions options;
    options.listeners.push_back({address, std::nullopt, false});
    Server server(options, echo_handler(), plain_error_body);
    const auto status = server.start();
    return status ? std::string("started") : status.error().message;
  };
  RunningServer running(echo_handler());
  CHECK(message_for(running.address) ==
        "cannot listen on " + running.address + ": another process is using the port");
  const auto path = "/tmp/" + std::string(120, 'p');
  CHECK(message_for("unix:" + path) ==
        "cannot listen on " + path + ": the path of a Unix socket has 125 bytes, the limit is 107 bytes");
  for (const auto* bad : {"8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "unix:", ":80"})
    CHECK(message_for(bad).find(bad) != std::string::npos);
  CHECK(message_for("[::1]:0") == "started");
}

TEST_CASE("bodies are compressed where asked for, and say that they depend on it") {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "{\"number\":" + std::to_string(i) + "}";
  const Handler handler = [&text](Request&& request, const Listener&, Responder&& responder) {
    Response response;
    response.body = request.path == "/small" ? text.substr(0, 1000) : text;
    if (request.path == "/binary") response.content_type = "application/octet-stream";
    if (request.path == "/vary") response.headers.add("Vary", "Origin");
    responder.send(std::move(response));
  };
  RunningServer running(handler);
  RawClient client(running.address);
  const auto ask = [&client](const std::string& method, const std::string& path,
                             const std::string& encoding) {
    REQUIRE(client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: " + encoding +
                        "\r\n\r\n"));
    return client.receive_response(method == "HEAD").value();
  };
  const auto packed = ask("GET", "/", "gzip");
  CHECK(header_of(packed, "Content-Encoding") == "gzip");
  CHECK(header_of(packed, "Vary") == "Accept-Encoding");
  CHECK(body_of(packed).size() < text.size() / 3);
  CHECK(gunzip(body_of(packed)) == text);
  const auto head = ask("HEAD", "/", "gzip");
  CHECK(header_of(head, "Content-Length") == std::to_string(body_of(packed).size()));
  const auto plain = ask("GET", "/", "br");
  CHECK(header_of(plain, "Content-Encoding").empty());
  CHECK(header_of(plain, "Vary") == "Accept-Encoding");
  CHECK(body_of(plain) == text);
  CHECK(header_of(ask("GET", "/vary", "gzip"), "Vary") == "Origin, Accept-Encoding");
  for (const auto* path : {"/small", "/binary"}) {
    const auto response = ask("GET", path, "gzip");
    CHECK(header_of(response, "Content-Encoding").empty());
    CHECK(header_of(response, "Vary").empty());
  }
  ServerOptions options;
  options.gzip = false;
  RunningServer without(handler, options);
  RawClient other(without.address);
  REQUIRE(other.send("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"));
  CHECK(body_of(other.receive_response().value()) == text);
}
