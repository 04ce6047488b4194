// SPDX-License-Identifier: Apache-2.0
#include "lib/http/support.hpp"

#include "http/characters.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

namespace muster::http::test {

namespace {

constexpr auto patience = 10'000ms;

int connect_unix(const std::string& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect " + path + ": " + std::strerror(errno));
  return descriptor;
}

int connect_tcp(const std::string& host_port) {
  const auto colon = host_port.rfind(':');
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_port.substr(colon + 1))));
  ::inet_pton(AF_INET, host_port.substr(0, colon).c_str(), &address.sin_addr);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    throw std::runtime_error("connect " + host_port + ": " + std::strerror(errno));
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

}  // namespace

RawClient::RawClient(const std::string& address)
    : descriptor_(address.rfind("unix:", 0) == 0 ? connect_unix(address.substr(5)) : connect_tcp(address)) {}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd waiting{descriptor_, POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill(std::chrono::milliseconds time) {
  pollfd waiting{descriptor_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(time.count())) <= 0) return false;
  std::array<char, 65536> chunk;
  const auto count = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> RawClient::receive_response(bool is_head) {
  for (;;) {
    const auto head_end = buffer_.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const auto head = std::string_view(buffer_).substr(0, head_end + 4);
      const auto length = header_of(head, "Content-Length");
      const auto size = head.size() + (is_head || length.empty() ? 0 : std::stoul(length));
      if (buffer_.size() >= size) {
        auto response = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return response;
      }
    }
    if (!fill(patience)) return std::nullopt;
  }
}

std::string RawClient::receive_all() {
  while (fill(patience)) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::receive_some(std::chrono::milliseconds time) {
  if (buffer_.empty()) fill(time);
  return std::exchange(buffer_, {});
}

void RawClient::end_output() {
  ::shutdown(descriptor_, SHUT_WR);
}

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(descriptor_, -1));
}

std::string RawClient::local_address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1 " + std::to_string(ntohs(address.sin_port));
}

bool RawClient::is_closed_within(std::chrono::milliseconds time) {
  pollfd waiting{descriptor_, POLLIN, 0};
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (::poll(&waiting, 1, 20) <= 0) continue;
    std::array<char, 4096> chunk;
    if (::recv(descriptor_, chunk.data(), chunk.size(), 0) <= 0) return true;
  }
  return false;
}

Response text_response(std::string body, unsigned status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "text/plain";
  return response;
}

Response plain_error_body(const Error& error) {
  return text_response(error.message, 500);
}

Handler echo_handler() {
  return [](Request&& request, const Listener&, Responder&& responder) {
    std::string text(method_name(request.method));
    text += " " + std::string(request.path) + " [" + std::string(request.query) + "]\n";
    for (const auto& [name, value] : request.headers) text += name + "=" + value + "\n";
    text += request.body;
    responder.send(text_response(std::move(text)));
  };
}

RunningServer::RunningServer(Handler handler, ServerOptions options) {
  if (options.listeners.empty()) options.listeners.push_back({"127.0.0.1:0", std::nullopt, false});
  server = std::make_unique<Server>(std::move(options), std::move(handler), plain_error_body);
  if (auto status = server->start(); !status) throw std::runtime_error(status.error().message);
  address = server->addresses().front();
}

RunningServer::~RunningServer() {
  server->drain(0ms);
}

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base == nullptr ? "/tmp" : base) + "/muster-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string status_of(std::string_view response) {
  return std::string(response.substr(0, 12));
}

std::string body_of(std::string_view response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(response.substr(end + 4));
}

std::string header_of(std::string_view response, std::string_view name) {
  auto rest = response.substr(0, response.find("\r\n\r\n"));
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equal_without_case(line.substr(0, colon), name))
      return std::string(trim_whitespace(line.substr(colon + 1)));
  }
  return {};
}

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  std::string input = packed;
  std::string text(packed.size() * 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("not whole gzip data");
  return text;
}

}  // namespace muster::http::test
