// SPDX-License-Identifier: Apache-2.0
#include "support/cutting_proxy.hpp"

#include <array>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

constexpr std::size_t piece_max_bytes = 65'536;
using Piece = std::array<char, piece_max_bytes>;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int new_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::runtime_error("no socket");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// A command is sent as a whole, and the next one only after its answer.
constexpr std::string_view commit_packet(
    "\x07\0\0\0\x03"
    "COMMIT",
    11);

}  // namespace

CuttingProxy::CuttingProxy(int server_port) : server_port_(server_port), listener_(new_socket()) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  constexpr int backlog = 256;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, backlog) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the proxy cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  thread_.join();
  for (Link& link : links_) close_link(link);
  close(listener_);
}

void CuttingProxy::cut_commits(Cut cut, int count) {
  cut_ = cut;
  to_cut_ = count;
}

void CuttingProxy::run() {
  constexpr int patience_milliseconds = 20;
  while (!stopping_) {
    std::vector<pollfd> sockets{{listener_, POLLIN, 0}};
    for (const Link& link : links_) {
      sockets.push_back({link.client, POLLIN, 0});
      sockets.push_back({link.server, POLLIN, 0});
    }
    if (poll(sockets.data(), sockets.size(), patience_milliseconds) <= 0) continue;
    std::size_t at = 1;
    for (Link& link : links_) {
      if (sockets[at].revents != 0) from_client(link);
      if (link.is_open && sockets[at + 1].revents != 0) from_server(link);
      at += 2;
    }
    links_.remove_if([](const Link& link) { return !link.is_open; });
    if (sockets[0].revents != 0) accept_one();
  }
}

void CuttingProxy::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int server = new_socket();
  const sockaddr_in address = loopback(server_port_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    links_.push_back({client, server});
  } else {
    close(client);
    close(server);
  }
}

void CuttingProxy::from_client(Link& link) {
  Piece piece;
  const ssize_t size = recv(link.client, piece.data(), piece.size(), 0);
  if (size <= 0) return close_link(link);
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(size));
  if (bytes.find("SERIALIZABLE") != std::string_view::npos) link.may_write = true;
  if (link.may_write && bytes == commit_packet && to_cut_ > 0) {
    --to_cut_;
    ++commits_cut_;
    if (cut_ == Cut::unsent) return close_link(link);
    link.ends_with_answer = true;
  }
  if (!send_all(link.server, bytes)) close_link(link);
}

void CuttingProxy::from_server(Link& link) {
  Piece piece;
  const ssize_t size = recv(link.server, piece.data(), piece.size(), 0);
  if (size <= 0 || link.ends_with_answer) return close_link(link);
  if (!send_all(link.client, {piece.data(), static_cast<std::size_t>(size)})) close_link(link);
}

void CuttingProxy::close_link(Link& link) {
  if (!link.is_open) return;
  link.is_open = false;
  close(link.client);
  close(link.server);
}

}  // namespace muster::test
