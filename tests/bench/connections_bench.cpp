// SPDX-License-Identifier: Apache-2.0
// Keep-alive connections that all ask, over and over, and whether each of them is served:
// `bench_connections HOST PORT PATH CONNECTIONS SECONDS [TOKEN]` prints "SERVED REQUESTS_PER_SECOND P50_US
// P99_US".
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int descriptor = -1;
  Clock::time_point asked;
  long answers = 0;
  std::string received;
};

/// How long the first whole response in `text` is; 0 while it is not whole. Its body must have a length.
std::size_t response_size_bytes(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  constexpr std::string_view name = "\r\ncontent-length:";
  std::string head(text.substr(0, end));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto field = head.find(name);
  const std::size_t body = field == std::string::npos
                               ? 0
                               : static_cast<std::size_t>(std::atol(head.c_str() + field + name.size()));
  const std::size_t whole = end + 4 + body;
  return whole <= text.size() ? whole : 0;
}

class Load {
 public:
  Load(const char* host, int port, std::string request) : request_(std::move(request)) {
    peer_.sin_family = AF_INET;
    peer_.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, host, &peer_.sin_addr);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
  }

  bool connect_all(std::size_t count) {
    connections_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      Connection& each = connections_[i];
      each.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (::connect(each.descriptor, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_) != 0)
        return false;
      fcntl(each.descriptor, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, each.descriptor, &event);
    }
    return true;
  }

  void run(std::chrono::duration<double> time) {
    const auto began = Clock::now();
    for (Connection& each : connections_) ask(each);
    std::array<epoll_event, 256> events{};
    while (Clock::now() - began < time) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i) receive(connections_[events[static_cast<std::size_t>(i)].data.u64]);
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - began).count();
  }

  void report() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      return latencies_.empty()
                 ? 0.0
                 : latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))];
    };
    const auto served = std::count_if(connections_.begin(), connections_.end(),
                                      [](const Connection& each) { return each.answers > 0; });
    std::printf("%ld %.0f %.0f %.0f\n", static_cast<long>(served),
                static_cast<double>(latencies_.size()) / seconds_, at(0.5), at(0.99));
  }

 private:
  void ask(Connection& connection) {
    connection.asked = Clock::now();
    if (::send(connection.descriptor, request_.data(), request_.size(), MSG_NOSIGNAL) < 0)
      ::close(connection.descriptor);
  }

  void receive(Connection& connection) {
    std::array<char, 8192> buffer;
    const auto got = ::recv(connection.descriptor, buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
      epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.descriptor, nullptr);
      return;
    }
    if (got < 0) return;
    connection.received.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t whole = response_size_bytes(connection.received);
    if (whole == 0) return;
    if (connection.received.compare(9, 3, "200") == 0) ++connection.answers;
    connection.received.erase(0, whole);
    latencies_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - connection.asked).count());
    ask(connection);
  }

  sockaddr_in peer_{};
  std::string request_;
  int epoll_ = -1;
  double seconds_ = 0;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: bench_connections HOST PORT PATH CONNECTIONS SECONDS [TOKEN]\n");
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::string request = "GET " + std::string(argv[3]) + " HTTP/1.1\r\nHost: bench\r\n";
  if (argc > 6) request += "Authorization: Bearer " + std::string(argv[6]) + "\r\n";
  Load load(argv[1], std::atoi(argv[2]), request + "\r\n");
  if (!load.connect_all(static_cast<std::size_t>(std::atol(argv[4])))) {
    std::perror("connect");
    return 1;
  }
  load.run(std::chrono::duration<double>(std::atof(argv[5])));
  load.report();
  return 0;
}
