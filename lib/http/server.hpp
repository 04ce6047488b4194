// SPDX-License-Identifier: Apache-2.0
/// @file The server front: listens, frames HTTP/1.1 (RFC 9112), and gives each complete request to one
/// handler. One reactor thread a core owns its connections; nothing on it blocks. The handler answers
/// through the Responder, there and then or later from any thread, so a request that waits for the store
/// or for Argon2 holds no reactor thread. Responses leave in the order of their requests (pipelining).
/// Framing errors, limits and slow clients are answered here and never reach the handler.
/// start, stop and reload are for one controlling thread; everything else is internal.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::http {

struct Limits {
  std::size_t target_size_max_bytes = 8 * 1024;
  std::size_t header_size_max_bytes = 32 * 1024;
  std::size_t header_count_max = 100;
  std::size_t body_size_max_bytes = 1024 * 1024;
  std::size_t connections_max = 20'000;
  /// From one client_network(), not at admin listeners or Unix sockets; 0: no limit.
  std::size_t connections_per_address_max = 0;
  std::size_t pipelined_max = 32;  ///< Requests of one connection not yet answered.
  /// Above it the connection is not read from. Requests not yet answered count as its largest answer so far.
  std::size_t output_pending_max_bytes = 256 * 1024;
  std::chrono::milliseconds header_time{10'000};  ///< From the first byte of a request to its last header.
  std::chrono::milliseconds body_time{30'000};    ///< For the whole body.
  std::chrono::milliseconds write_time{30'000};   ///< Without progress while output is pending.
  std::chrono::milliseconds idle_time{75'000};    ///< Keep-alive between requests.
};

struct TlsFiles {
  std::string certificate_file;
  std::string private_key_file;
};

struct Listener {
  /// "127.0.0.1:8080", "[::1]:0" (0: any free port) or "unix:/path" (mode 0600, stale sockets replaced,
  /// living ones refused).
  std::string address;
  std::optional<TlsFiles> tls;
  bool admin = false;  ///< Handed to the handler; means nothing to the front.
};

enum class Compression : std::uint8_t;

/// Answers one request, once, from any thread; a body is compressed on that thread. Dropped without an answer
/// it sends 500. Movable, cheap.
class Responder {
 public:
  class Target;
  Responder(std::shared_ptr<Target> target, std::uint64_t sequence, Compression compression = {});
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  void send(Response response);

 private:
  std::shared_ptr<Target> target_;
  std::uint64_t sequence_;
  Compression compression_;
};

/// Runs on the reactor threads, on several at once: must not block.
using Handler = std::function<void(Request&&, const Listener&, Responder&&)>;

/// How the front reports what it answers by itself (framing, limits, deadlines): gives the body. The status
/// is replaced where the fault has one of its own (408, 414, 431...). Called like a Handler.
using ErrorBody = std::function<Response(const Error&)>;

struct ServerCounters {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  ///< Over a limit, or out of descriptors.
  std::uint64_t connections_timed_out = 0;
  std::uint64_t requests_malformed = 0;
};

struct ServerOptions {
  std::vector<Listener> listeners;
  Limits limits;
  unsigned reactors = 0;  ///< 0: one a core.
  bool gzip = true;       ///< Compress bodies over 1 KiB where Accept-Encoding allows it.
};

class Server {
 public:
  Server(ServerOptions options, Handler handler, ErrorBody error_body);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Binds every listener and starts the reactors. Error: unavailable, naming the address and the reason.
  Status start();
  /// The addresses as bound, in the order of options.listeners ("127.0.0.1:41233").
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// Reads the certificate files again; connections that are open keep theirs. Error: invalid_argument.
  Status reload_tls();
  /// Stops accepting, answers what has begun with `Connection: close`, and returns when all connections are
  /// gone or the time is up (the rest is cut). Idempotent.
  void drain(std::chrono::milliseconds time);
  [[nodiscard]] ServerCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::http
