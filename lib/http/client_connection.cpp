// SPDX-License-Identifier: Apache-2.0
#include "http/client_connection.hpp"

#include "base/system_reason.hpp"
#include "http/characters.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>

#include <Poco/Net/Context.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster::http {

namespace {

using Poco::Net::Context;
using TimePoint = ClientConnection::Clock::time_point;

constexpr std::size_t unix_path_max_bytes = sizeof(sockaddr_un::sun_path) - 1;

tl::unexpected<Error> timed_out(const std::string& name) {
  return fail(ErrorCode::deadline_exceeded, name + " did not answer in time");
}

Poco::Timespan time_left(TimePoint deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(deadline - ClientConnection::Clock::now());
  if (left.count() <= 0) throw Poco::TimeoutException();
  // Below a millisecond it would round to "for ever" on its way to the socket option.
  return {std::max<Poco::Timespan::TimeDiff>(left.count(), 1000)};
}

std::string describe(const Poco::Exception& error) {
  if (error.code() > 0) return system_reason(error.code());
  return error.message().empty() ? error.what() : error.message();
}

class PocoConnection final : public ClientConnection {
 public:
  PocoConnection(const Poco::Net::StreamSocket& socket, std::string name)
      : socket_(socket), name_(std::move(name)) {}

  Status write(std::string_view bytes, TimePoint deadline) override {
    return guarded([&]() -> Status {
      while (!bytes.empty()) {
        socket_.setSendTimeout(time_left(deadline));
        constexpr std::size_t write_max_bytes = 1 << 20;
        const auto size = static_cast<int>(std::min(bytes.size(), write_max_bytes));
        ERR_clear_error();
        const int sent = socket_.sendBytes(bytes.data(), size, MSG_NOSIGNAL);
        if (sent <= 0) return fail(ErrorCode::unavailable, "the connection to " + name_ + " was lost");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return {};
    });
  }

  Result<std::size_t> read(char* buffer, std::size_t size_bytes, TimePoint deadline) override {
    return guarded([&]() -> Result<std::size_t> {
      socket_.setReceiveTimeout(time_left(deadline));
      ERR_clear_error();
      const int count = socket_.receiveBytes(buffer, static_cast<int>(size_bytes));
      return static_cast<std::size_t>(std::max(count, 0));
    });
  }

  bool is_stale() override {
    pollfd state{socket_.impl()->sockfd(), POLLIN | POLLRDHUP, 0};
    if (::poll(&state, 1, 0) == 0) return false;
    // Under TLS 1.3 session tickets come unasked; they are no reason to give the connection up.
    return !socket_.secure() || (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

 private:
  template <class Call>
  std::invoke_result_t<Call> guarded(Call&& call) {
    try {
      return call();
    } catch (const Poco::TimeoutException&) {
      return timed_out(name_);
    } catch (const Poco::Exception& error) {
      return fail(ErrorCode::unavailable, "the connection to " + name_ + " was lost: " + describe(error),
                  error.displayText());
    }
  }

  Poco::Net::StreamSocket socket_;
  std::string name_;
};

Result<Poco::Net::StreamSocket> connect_unix(const ServerAddress& address) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(where.sun_path), address.path.data(), address.path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(ErrorCode::unavailable, "cannot open a socket: " + system_reason());
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    const int error_number = errno;
    ::close(descriptor);
    std::string hint;
    if (error_number == ENOENT || error_number == ECONNREFUSED) hint = " (is the daemon running?)";
    if (error_number == EACCES) hint = " (the socket belongs to the daemon's user)";
    return fail(ErrorCode::unavailable,
                "cannot connect to unix:" + address.path + ": " + system_reason(error_number) + hint);
  }
  return Poco::Net::StreamSocket(new Poco::Net::StreamSocketImpl(descriptor));
}

/// An address stands for itself: DNS::resolve would ask for its name first.
Poco::Net::HostEntry::AddressList addresses_of(const std::string& host) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(host, literal)) return {literal};
  return Poco::Net::DNS::hostByName(host).addresses();
}

Poco::Net::StreamSocket connect_tcp(const ServerAddress& address, TimePoint deadline) {
  std::exception_ptr first_error;
  for (const auto& host : addresses_of(address.host)) {
    try {
      Poco::Net::StreamSocket socket;
      socket.connect(Poco::Net::SocketAddress(host, address.port), time_left(deadline));
      socket.setNoDelay(true);
      return socket;
    } catch (const Poco::Net::NetException&) {
      if (!first_error) first_error = std::current_exception();
    }
  }
  if (first_error) std::rethrow_exception(first_error);
  throw Poco::Net::NoAddressFoundException(address.host);
}

Context::Ptr make_client_context(const std::string& certificate_authority_file) {
  Context::Params parameters;
  parameters.caLocation = certificate_authority_file;
  parameters.loadDefaultCAs = certificate_authority_file.empty();
  // Poco's relaxed mode forgives any name on a certificate when the server is on this machine.
  parameters.verificationMode = Context::VERIFY_STRICT;
  parameters.cipherList = "HIGH:!aNULL:!MD5:!RC4:!3DES";
  Context::Ptr context = new Context(Context::TLS_CLIENT_USE, parameters);
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  context->enableExtendedCertificateVerification(true);
  return context;
}

std::string describe_tls(const Poco::Exception& error, const std::string& host) {
  if (dynamic_cast<const Poco::Net::CertificateValidationException*>(&error) != nullptr)
    return "its certificate is not for " + host;
  if (error.message().find("certificate verify failed") != std::string::npos)
    return "its certificate is not signed by a trusted authority, or not valid now";
  return "TLS failed: " + describe(error);
}

}  // namespace

Result<ServerAddress> ServerAddress::parse(const std::string& text) {
  const auto bad = [&text](const std::string& why) {
    return fail(ErrorCode::invalid_argument, "\"" + text + "\" is not a server: " + why);
  };
  ServerAddress address;
  if (text.rfind("unix:", 0) == 0) {
    address.path = text.substr(5);
    if (address.path.empty() || address.path.find('\0') != std::string::npos)
      return bad("the path of the socket is missing");
    if (address.path.size() > unix_path_max_bytes)
      return bad("the path of a Unix socket may have " + std::to_string(unix_path_max_bytes) +
                 " bytes, this has " + std::to_string(address.path.size()));
    address.host_header = "localhost";
    return address;
  }
  std::string rest;
  if (text.rfind("http://", 0) == 0) {
    address.kind = Kind::plain;
    address.port = 80;
    rest = text.substr(7);
  } else if (text.rfind("https://", 0) == 0) {
    address.kind = Kind::tls;
    address.port = 443;
    rest = text.substr(8);
  } else {
    return bad("write unix:/PATH, http://HOST:PORT or https://HOST:PORT");
  }
  if (!rest.empty() && rest.back() == '/') rest.pop_back();
  if (rest.empty() || !is_host(rest)) return bad("the host is missing or malformed");
  address.host_header = rest;
  const auto bracket = rest.rfind(']');
  const auto colon = rest.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const auto* end = rest.data() + rest.size();
    const auto parsed = std::from_chars(rest.data() + colon + 1, end, address.port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || address.port == 0)
      return bad("the port is malformed");
    rest.resize(colon);
  }
  if (rest.size() > 2 && rest.front() == '[' && rest.back() == ']') rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) return bad("the host is missing or malformed");
  address.host = rest;
  return address;
}

Result<std::unique_ptr<ClientConnection>> ClientConnection::open(
    const ServerAddress& address, const std::string& name, const std::string& certificate_authority_file,
    Clock::time_point deadline) {
  if (address.kind == ServerAddress::Kind::unix_socket) {
    MUSTER_TRY(auto socket, connect_unix(address));
    return std::make_unique<PocoConnection>(std::move(socket), name);
  }
  if (address.kind == ServerAddress::Kind::tls && !certificate_authority_file.empty() &&
      ::access(certificate_authority_file.c_str(), R_OK) != 0)
    return fail(ErrorCode::invalid_argument, "cannot read the certificate authorities in " +
                                                 certificate_authority_file + ": " + system_reason());
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  if (address.kind == ServerAddress::Kind::tls) std::signal(SIGPIPE, SIG_IGN);
  try {
    auto socket = connect_tcp(address, deadline);
    if (address.kind == ServerAddress::Kind::plain)
      return std::make_unique<PocoConnection>(std::move(socket), name);
    Poco::Net::initializeSSL();
    socket.setReceiveTimeout(time_left(deadline));
    socket.setSendTimeout(time_left(deadline));
    ERR_clear_error();
    auto secure = Poco::Net::SecureStreamSocket::attach(socket, address.host,
                                                        make_client_context(certificate_authority_file));
    return std::make_unique<PocoConnection>(std::move(secure), name);
  } catch (const Poco::TimeoutException&) {
    return fail(ErrorCode::deadline_exceeded, "cannot connect to " + name + ": it did not answer in time");
  } catch (const Poco::Net::SSLException& error) {
    return fail(ErrorCode::unavailable,
                "cannot connect to " + name + ": " + describe_tls(error, address.host), error.displayText());
  } catch (const Poco::Net::HostNotFoundException&) {
    return fail(ErrorCode::unavailable, "cannot connect to " + name + ": no such host");
  } catch (const Poco::Exception& error) {
    return fail(ErrorCode::unavailable, "cannot connect to " + name + ": " + describe(error),
                error.displayText());
  }
}

}  // namespace muster::http
