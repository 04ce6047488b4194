// SPDX-License-Identifier: Apache-2.0
/// @file One accepted socket, plain or TLS, never blocking. Plain bytes go straight to recv and send, as
/// Poco turns "nothing there yet" into an exception; TLS goes through Poco's SecureStreamSocketImpl.
/// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <Poco/AutoPtr.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

namespace muster::http {

class Transport {
 public:
  enum class State : std::uint8_t { done, wants_read, wants_write, closed };
  struct Io {
    State state;
    std::size_t size_bytes;
  };

  /// Takes the descriptor, which must be non-blocking. A null context means no TLS.
  Transport(int descriptor, const Poco::Net::Context::Ptr& context);
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&&) = delete;
  ~Transport();

  [[nodiscard]] bool is_secure() const { return !tls_.isNull(); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  State handshake();
  Io read(char* buffer, std::size_t size_bytes);
  Io write(std::string_view bytes);
  /// Written, and not yet taken by the other side's kernel.
  [[nodiscard]] std::size_t kernel_pending_bytes() const;
  /// Says that no more will be sent, and goes on reading with read_raw.
  void end_output();
  /// Whatever bytes come, undecrypted: for a connection that only waits for the other side to close.
  Io read_raw(char* buffer, std::size_t size_bytes);
  void close() noexcept;

 private:
  class TlsSocket;

  Poco::Net::StreamSocket socket_;
  Poco::AutoPtr<TlsSocket> tls_;
  int descriptor_;
};

}  // namespace muster::http
