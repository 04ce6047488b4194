// SPDX-License-Identifier: Apache-2.0
#include "http/listening_socket.hpp"

#include "base/system_reason.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster::http {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr int backlog = 4096;

struct HostPort {
  std::string host;
  std::string port;
};

std::optional<HostPort> split(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = address.substr(0, colon);
  const auto port = address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return std::nullopt;
  unsigned number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size() || number > 65535)
    return std::nullopt;
  return HostPort{std::string(host), std::string(port)};
}

// Text and port of a TCP address.
std::pair<std::string, std::uint16_t> describe(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof address);
    // An IPv4 client of a dual-stack socket shows as what it is.
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
      ::inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text.data(), text.size());
      return {text.data(), ntohs(address.sin6_port)};
    }
    ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(address.sin6_port)};
  }
  sockaddr_in address{};
  std::memcpy(&address, &storage, sizeof address);
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return {text.data(), ntohs(address.sin_port)};
}

std::string bound_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
  const auto [host, port] = describe(storage);
  const auto shown = storage.ss_family == AF_INET6 ? "[" + host + "]" : host;
  return shown + ":" + std::to_string(port);
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
  return address;
}

// Makes room for a socket at `path`, unless somebody else is there.
Status clear_path(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorCode::unavailable,
                "cannot listen on " + path + ": a file that is not a socket is there");
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto address = unix_address(path);
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error_number = result == 0 ? 0 : errno;
  if (probe >= 0) ::close(probe);
  if (error_number != ECONNREFUSED)
    return fail(ErrorCode::unavailable,
                "cannot listen on " + path +
                    (error_number == 0 || error_number == EAGAIN
                         ? ": another process is listening there"
                         : ": the socket there cannot be examined: " + system_reason(error_number)));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail(ErrorCode::unavailable,
                "cannot listen on " + path + ": the stale socket cannot be removed: " + system_reason());
  return {};
}

}  // namespace

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      address_(std::move(other.address_)),
      unix_path_(std::exchange(other.unix_path_, {})),
      unix_inode_(other.unix_inode_) {}

ListeningSocket::~ListeningSocket() {
  close();
}

void ListeningSocket::close() {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  struct stat status {};
  // Only our own file: a successor may have put its own there.
  if (is_unix() && ::lstat(unix_path_.c_str(), &status) == 0 && status.st_ino == unix_inode_)
    ::unlink(unix_path_.c_str());
}

Result<ListeningSocket> ListeningSocket::open(const std::string& address) {
  if (address.substr(0, unix_prefix.size()) == unix_prefix)
    return open_unix(address, address.substr(unix_prefix.size()));
  return open_tcp(address);
}

Result<ListeningSocket> ListeningSocket::open_unix(const std::string& address, const std::string& path) {
  constexpr std::size_t path_size_max_bytes = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty() || path.find('\0') != std::string::npos)
    return fail(ErrorCode::invalid_argument,
                "cannot listen on " + address + ": the path is empty or malformed");
  if (path.size() > path_size_max_bytes)
    return fail(ErrorCode::invalid_argument, "cannot listen on " + path + ": the path of a Unix socket has " +
                                                 std::to_string(path.size()) + " bytes, the limit is " +
                                                 std::to_string(path_size_max_bytes) + " bytes");
  MUSTER_CHECK_OK(clear_path(path));
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0)
    return fail(ErrorCode::unavailable, "cannot listen on " + path + ": " + system_reason());
  ListeningSocket listening(descriptor, address, {});
  const auto where = unix_address(path);
  // Linux gives the file the socket's own mode, so it is never open to others, not for a moment.
  if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0 ||
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return fail(ErrorCode::unavailable, "cannot listen on " + path + ": " + system_reason());
  listening.unix_path_ = path;
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) listening.unix_inode_ = status.st_ino;
  if (::listen(descriptor, backlog) != 0)
    return fail(ErrorCode::unavailable, "cannot listen on " + path + ": " + system_reason());
  return listening;
}

Result<ListeningSocket> ListeningSocket::open_tcp(const std::string& address) {
  const auto parts = split(address);
  if (!parts)
    return fail(ErrorCode::invalid_argument,
                "cannot listen on \"" + address + "\": write HOST:PORT, [IPV6]:PORT or unix:/PATH");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const auto* host = parts->host == "*" ? nullptr : parts->host.c_str();
  if (const int error = ::getaddrinfo(host, parts->port.c_str(), &hints, &found); error != 0)
    return fail(ErrorCode::unavailable, "cannot listen on " + address + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0)
    return fail(ErrorCode::unavailable, "cannot listen on " + address + ": " + system_reason());
  ListeningSocket listening(descriptor, address, {});
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 || ::listen(descriptor, backlog) != 0) {
    const int error_number = errno;
    return fail(ErrorCode::unavailable, "cannot listen on " + address + ": " +
                                            (error_number == EADDRINUSE ? "another process is using the port"
                                                                        : system_reason(error_number)));
  }
  listening.address_ = bound_address(descriptor);
  return listening;
}

ListeningSocket::Accepted ListeningSocket::accept() const {
  Accepted accepted;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  accepted.descriptor =
      ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (accepted.descriptor < 0) {
    accepted.error_number = errno;
    return accepted;
  }
  if (is_unix()) {
    accepted.peer.address = "unix";
    ucred credentials{};
    socklen_t credentials_size = sizeof credentials;
    if (::getsockopt(accepted.descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_size) == 0)
      accepted.peer.user_id_os = credentials.uid;
    return accepted;
  }
  const int on = 1;
  ::setsockopt(accepted.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::tie(accepted.peer.address, accepted.peer.port) = describe(storage);
  return accepted;
}

}  // namespace muster::http
