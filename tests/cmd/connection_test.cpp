// SPDX-License-Identifier: Apache-2.0
// What musterctl does about the way between it and the daemon.
#include "cmd/server.hpp"
#include "support/daemon.hpp"
#include "support/process.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

/// Passes requests of one connection each on to the daemon's socket, and loses the first answers.
class LossyWay {
 public:
  LossyWay(std::string target, int losses) : target_(std::move(target)), losses_(losses) {
    listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listening_, 8) == 0);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  LossyWay(const LossyWay&) = delete;
  LossyWay& operator=(const LossyWay&) = delete;
  ~LossyWay() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  [[nodiscard]] std::string url(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(port_);
  }
  [[nodiscard]] int passed_on() const { return passed_on_; }

 private:
  void serve() {
    for (int from = 0; (from = ::accept(listening_, nullptr, nullptr)) >= 0; ::close(from)) {
      char request[8192];
      const auto size = ::recv(from, request, sizeof request, 0);
      if (size <= 0) continue;
      const int to = connect_to_target();
      char answer[65536];
      (void)::send(to, request, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      const auto answered = ::recv(to, answer, sizeof answer, 0);
      ::close(to);
      ++passed_on_;
      if (losses_-- <= 0 && answered > 0)
        (void)::send(from, answer, static_cast<std::size_t>(answered), MSG_NOSIGNAL);
    }
  }
  [[nodiscard]] int connect_to_target() const {
    const int to = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(target_.substr(target_.rfind(':') + 1))));
    (void)::connect(to, reinterpret_cast<sockaddr*>(&address), sizeof address);
    return to;
  }

  std::string target_;
  int losses_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> passed_on_{0};
  std::thread thread_;
};

struct Running {
  TemporaryFolder folder;
  Daemon daemon{folder.path() + "/data"};

  Running() {
    const bool started = daemon.start();
    INFO(daemon.log());
    REQUIRE(started);
  }
  Finished ctl(const std::string& server, std::vector<std::string> words) {
    words.insert(words.begin(), program("musterctl"));
    return run(words, {{"MUSTER_SERVER", server},
                       {"MUSTER_PASSWORD", "a long and private sentence"},
                       {"XDG_CONFIG_HOME", folder.path()},
                       {"XDG_STATE_HOME", folder.path()}});
  }
};

}  // namespace

TEST_CASE("a request whose answer was lost is sent again and done once") {
  Running running;
  const LossyWay way(running.daemon.url(), 2);
  const auto created =
      running.ctl(way.url("127.0.0.1"), {"user", "create", "--username", "alice", "-o", "id"});
  INFO(created.err);
  CHECK(created.status == 0);
  CHECK(way.passed_on() == 3);
  const auto listed = running.ctl("unix:" + running.daemon.socket(), {"user", "list", "-o", "id"});
  CHECK(listed.out == created.out);
}

TEST_CASE("a request whose answer is always lost is given up") {
  Running running;
  const LossyWay way(running.daemon.url(), 1000);
  const auto created = running.ctl(way.url("127.0.0.1"), {"user", "create", "--username", "alice"});
  CHECK(created.status == 9);
  CHECK(way.passed_on() == 4);
}

TEST_CASE("musterctl warns before it sends anything where others can read it") {
  for (const char* safe : {"unix:/run/x", "https://example.org", "http://127.0.0.1:8080",
                           "http://127.1.2.3:1", "http://localhost:8080", "http://[::1]:8080"})
    CHECK_FALSE(cmd::is_readable_on_the_way(safe));
  for (const char* open : {"http://192.0.2.1:8080", "http://example.org", "http://[2001:db8::1]:80",
                           "http://127.example.org:80", "http://localhost.example.org:80"})
    CHECK(cmd::is_readable_on_the_way(open));
  Running running;
  const LossyWay way(running.daemon.url(), 0);
  // 0.0.0.0 is this machine too, but not said to be.
  const auto warned = running.ctl(way.url("0.0.0.0"), {"user", "create", "--username", "alice"});
  CHECK(warned.err.find("warning: http://0.0.0.0:") != std::string::npos);
  CHECK(warned.status == 0);
  const auto quiet = running.ctl(way.url("127.0.0.1"), {"user", "create", "--username", "bob"});
  CHECK(quiet.err.find("warning") == std::string::npos);
}

}  // namespace muster::test
