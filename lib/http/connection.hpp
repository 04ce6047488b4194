// SPDX-License-Identifier: Apache-2.0
/// @file One connection: reads, frames, hands requests to the handler, keeps answers in order, writes,
/// and says by when the next thing must have happened. Idle ones are cheap: they keep no buffers.
/// Lives on its reactor's thread, but for answer and abandon, which any thread may call.
#pragma once

#include "http/framing.hpp"
#include "http/message.hpp"
#include "http/reactor.hpp"
#include "http/response_writer.hpp"
#include "http/server.hpp"
#include "http/transport.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::http {

/// Where a request's answer goes to.
class Responder::Target {
 public:
  virtual ~Target() = default;
  virtual void answer(std::uint64_t sequence, Response response) = 0;
  virtual void abandon(std::uint64_t sequence) = 0;
};

/// What all connections of a server share.
struct Front {
  Limits limits;
  bool gzip = true;
  Handler handler;
  ErrorBody error_body;
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> connections_timed_out{0};
  std::atomic<std::uint64_t> requests_malformed{0};
  std::mutex mutex;
  std::condition_variable emptied;  ///< The last connection was closed.
  std::mutex networks_mutex;
  std::unordered_map<std::string, std::size_t> networks;  ///< Connections open from each that is counted.

  bool enter(const std::string& network);  ///< False when there are too many from there.
  void leave(const std::string& network);
};

class Connection final : public Responder::Target,
                         public loop::Watched,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// `network` is what was entered at the front for it; empty where it is not counted.
  Connection(Front& front, Reactor& reactor, const Listener& listener, Transport transport, Peer peer,
             std::string network);

  void open();
  void close();
  /// Closes what is idle; else ends the connection with its last answer.
  void drain();
  void on_deadline();
  void on_event(std::uint32_t events) override;
  void deliver(std::uint64_t sequence, std::optional<Response> response);
  /// Writes what is pending and goes on reading where that had to wait.
  void settle();

  void answer(std::uint64_t sequence, Response response) override;
  void abandon(std::uint64_t sequence) override;

  [[nodiscard]] std::size_t slot() const { return slot_; }
  void set_slot(std::size_t slot) { slot_ = slot; }

 private:
  struct Pending {
    RequestTraits traits;
    bool close = false;
    std::unique_ptr<Response> response;
  };
  enum class Stage : std::uint8_t { handshake, open, ending, lingering, closed };

  bool shake_hands();
  void process();
  void consume(std::string_view bytes);
  std::string_view consume_requests(std::string_view view);
  void dispatch();
  void on_head(std::string_view rest);
  void refuse(const Refusal& refusal);
  void time_out();
  void on_end_of_input();
  bool is_being_read();

  void write_front(const Response& response);
  void write_ready();
  void flush();
  void end();
  void linger();
  void discard();

  [[nodiscard]] bool can_read() const;
  [[nodiscard]] std::size_t output_pending_bytes() const { return output_.size() - output_sent_bytes_; }
  Pending& pending_at(std::size_t index) { return pending_[(pending_first_ + index) % pending_.size()]; }
  Pending& push_pending();
  void update();
  void update_interest();
  void update_deadline();

  Front& front_;
  Reactor& reactor_;
  std::shared_ptr<Mailbox> mailbox_;
  const Listener& listener_;
  Transport transport_;
  Peer peer_;
  std::string network_;
  Framing framing_;
  Request request_;

  std::string input_;  ///< Read and not yet framed.
  std::string output_;
  std::size_t output_sent_bytes_ = 0;
  std::size_t largest_answer_bytes_ = 0;
  std::vector<Pending> pending_;  ///< A ring; its first is the oldest request not yet answered.
  std::size_t pending_first_ = 0;
  std::size_t pending_count_ = 0;
  std::uint64_t sequence_first_ = 0;

  std::size_t slot_ = 0;
  std::uint32_t watched_ = 0;
  std::size_t lingered_bytes_ = 0;
  std::size_t kernel_pending_bytes_ = 0;  ///< When write_deadline_ was set.
  Reactor::TimePoint read_deadline_ = Reactor::TimePoint::max();
  Reactor::TimePoint write_deadline_ = Reactor::TimePoint::max();
  Stage stage_ = Stage::handshake;
  bool processing_ = false;
  bool draining_ = false;
  bool request_begun_ = false;
  bool owes_continue_ = false;
  bool tls_wants_write_ = false;
  /// Nothing is begun beside a request that may change something (RFC 9112, section 9.3.2).
  bool unsafe_under_way_ = false;
  bool paused_ = false;   ///< Bytes may wait in input_ or in TLS, which no event will tell of.
  bool lingers_ = false;  ///< The end is our wish, so the other side may still be sending.
};

}  // namespace muster::http
