// SPDX-License-Identifier: Apache-2.0
#include "http/transport.hpp"

#include <algorithm>
#include <cerrno>

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace muster::http {

// Poco only accepts TLS from its own server socket, whose accept can neither be told to stay quiet when
// descriptors run out nor hands the certificate of the moment to each connection.
class Transport::TlsSocket final : public Poco::Net::SecureStreamSocketImpl {
 public:
  TlsSocket(Poco::Net::StreamSocketImpl* socket, const Poco::Net::Context::Ptr& context)
      : SecureStreamSocketImpl(socket, context) {
    setLazyHandshake(true);
    acceptSSL();
  }
};

namespace {

// OpenSSL keeps errors per thread; one left behind by another connection would be taken for ours.
template <class Call>
Transport::Io tls_call(Call&& call) {
  ERR_clear_error();
  try {
    const int result = call();
    if (result > 0) return {Transport::State::done, static_cast<std::size_t>(result)};
    if (result == Poco::Net::SecureStreamSocket::ERR_SSL_WANT_READ) return {Transport::State::wants_read, 0};
    if (result == Poco::Net::SecureStreamSocket::ERR_SSL_WANT_WRITE)
      return {Transport::State::wants_write, 0};
  } catch (const Poco::Exception&) {
    // The other side broke TLS or went away; either way there is nobody left to tell.
  }
  return {Transport::State::closed, 0};
}

}  // namespace

Transport::Transport(int descriptor, const Poco::Net::Context::Ptr& context)
    : socket_(new Poco::Net::StreamSocketImpl(descriptor)), descriptor_(descriptor) {
  if (!context) return;
  socket_.impl()->setBlocking(false);
  tls_ = new TlsSocket(static_cast<Poco::Net::StreamSocketImpl*>(socket_.impl()), context);
}

Transport::Transport(Transport&& other) noexcept = default;
Transport::~Transport() = default;

Transport::State Transport::handshake() {
  return tls_call([this] { return tls_->completeHandshake(); }).state;
}

Transport::Io Transport::read(char* buffer, std::size_t size_bytes) {
  if (!tls_) return read_raw(buffer, size_bytes);
  return tls_call([&] { return tls_->receiveBytes(buffer, static_cast<int>(size_bytes)); });
}

Transport::Io Transport::read_raw(char* buffer, std::size_t size_bytes) {
  for (;;) {
    const auto count = ::recv(descriptor_, buffer, size_bytes, 0);
    if (count > 0) return {State::done, static_cast<std::size_t>(count)};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {State::wants_read, 0};
    return {State::closed, 0};
  }
}

Transport::Io Transport::write(std::string_view bytes) {
  if (tls_) {
    constexpr std::size_t write_max_bytes = 1 << 20;
    const auto size = static_cast<int>(std::min(bytes.size(), write_max_bytes));
    return tls_call([&] { return tls_->sendBytes(bytes.data(), size); });
  }
  for (;;) {
    const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {State::done, static_cast<std::size_t>(count)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {State::wants_write, 0};
    return {State::closed, 0};
  }
}

std::size_t Transport::kernel_pending_bytes() const {
  int pending = 0;
  return ::ioctl(descriptor_, SIOCOUTQ, &pending) == 0 ? static_cast<std::size_t>(pending) : 0;
}

void Transport::end_output() {
  if (tls_) tls_call([this] { return tls_->shutdown(), 1; });
  ::shutdown(descriptor_, SHUT_WR);
}

void Transport::close() noexcept {
  try {
    ERR_clear_error();
    if (tls_) tls_->close();
  } catch (const Poco::Exception&) {
    // Saying goodbye fails when the other side is gone; the descriptor is still to be closed.
  }
  try {
    socket_.close();
  } catch (const Poco::Exception&) {
    // It was closed with the TLS on it.
  }
}

}  // namespace muster::http
