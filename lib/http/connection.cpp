// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

#include "base/log.hpp"
#include "http/guarded.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <sys/epoll.h>

namespace muster::http {

namespace {

constexpr std::size_t ring_size_first = 4;
constexpr std::size_t kept_capacity_max_bytes = 1024;
constexpr std::size_t spare_capacity_max_bytes = 256 * 1024;
constexpr std::size_t sent_kept_max_bytes = 64 * 1024;
constexpr int secure_reads_max = 8;
constexpr std::size_t linger_max_bytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds linger_quiet_time{1};
constexpr std::chrono::seconds linger_time{10};
constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options;
}

}  // namespace

bool Front::enter(const std::string& network) {
  const std::lock_guard lock(networks_mutex);
  auto& open = networks[network];
  if (open >= limits.connections_per_address_max) return false;
  ++open;
  return true;
}

void Front::leave(const std::string& network) {
  const std::lock_guard lock(networks_mutex);
  const auto found = networks.find(network);
  if (--found->second == 0) networks.erase(found);
}

Connection::Connection(Front& front, Reactor& reactor, const Listener& listener, Transport transport,
                       Peer peer, std::string network)
    : front_(front),
      reactor_(reactor),
      mailbox_(reactor.mailbox()),
      listener_(listener),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      network_(std::move(network)),
      framing_(front.limits) {}

void Connection::open() {
  stage_ = transport_.is_secure() ? Stage::handshake : Stage::open;
  if (stage_ == Stage::handshake) read_deadline_ = reactor_.now() + front_.limits.header_time;
  update();
}

void Connection::close() {
  if (stage_ == Stage::closed) return;
  const auto self = shared_from_this();
  stage_ = Stage::closed;
  update_interest();
  transport_.close();
  pending_.clear();
  pending_count_ = 0;
  if (!network_.empty()) front_.leave(network_);
  if (front_.connections_open.fetch_sub(1) == 1) {
    const std::lock_guard lock(front_.mutex);
    front_.emptied.notify_all();
  }
  reactor_.release(*this);
}

void Connection::drain() {
  if (stage_ == Stage::open && !request_begun_) {
    process();  // What has arrived already counts as begun.
    flush();
  }
  draining_ = true;
  if (stage_ == Stage::handshake) return close();
  if (stage_ == Stage::open && !request_begun_) {
    if (pending_count_ == 0 && output_pending_bytes() == 0) return close();
    if (pending_count_ > 0) pending_at(pending_count_ - 1).close = true;
    stage_ = Stage::ending;
    lingers_ = true;
  }
  settle();
}

void Connection::on_event(std::uint32_t events) {
  guarded(*this, [&] {
    if (stage_ == Stage::lingering) return discard();
    // The end of a connection shows in reading or, where that is not wanted, in writing.
    if ((events & ~EPOLLOUT) != 0 || std::exchange(tls_wants_write_, false)) process();
    settle();
  });
}

bool Connection::shake_hands() {
  if (stage_ != Stage::handshake) return true;
  switch (transport_.handshake()) {
    case Transport::State::done:
      stage_ = Stage::open;
      return true;
    case Transport::State::wants_read:
      break;
    case Transport::State::wants_write:
      tls_wants_write_ = true;
      break;
    case Transport::State::closed:
      close();
      break;
  }
  return false;
}

void Connection::process() {
  if (stage_ == Stage::closed || !shake_hands()) return;
  auto& spare = reactor_.spare_output();
  if (output_.empty() && output_.capacity() < spare.capacity()) output_.swap(spare);
  processing_ = true;
  // A plain socket is read once: one event, one read. TLS gives one record of at most 16 KiB at a time, and
  // as the buffer is larger, what is left is always in the kernel, which will tell of it again.
  for (int reads = transport_.is_secure() ? secure_reads_max : 1; reads > 0 && can_read(); --reads) {
    auto& buffer = reactor_.read_buffer();
    const auto io = transport_.read(buffer.data(), buffer.size());
    if (io.state == Transport::State::done) {
      consume({buffer.data(), io.size_bytes});
      continue;
    }
    tls_wants_write_ = io.state == Transport::State::wants_write;
    if (io.state == Transport::State::closed) on_end_of_input();
    break;
  }
  processing_ = false;
}

void Connection::on_end_of_input() {
  if (pending_count_ == 0 && output_pending_bytes() == 0) return close();
  // The other side may have closed only its sending half: what it asked for is still answered.
  stage_ = Stage::ending;
}

void Connection::consume(std::string_view bytes) {
  if (input_.empty()) {
    const auto rest = consume_requests(bytes);
    if (!rest.empty()) input_.assign(rest);
  } else {
    input_.append(bytes);
    const auto left = consume_requests(input_).size();
    input_.erase(0, input_.size() - left);
    if (left == 0) std::string().swap(input_);
  }
  paused_ = stage_ == Stage::open && !can_read();
}

std::string_view Connection::consume_requests(std::string_view view) {
  while (can_read() && !view.empty()) {
    const auto step = framing_.feed(view, request_);
    view.remove_prefix(step.consumed);
    switch (step.progress) {
      case Framing::Progress::need_more:
        if (!std::exchange(request_begun_, true)) read_deadline_ = reactor_.now() + front_.limits.header_time;
        return view;
      case Framing::Progress::head:
        on_head(view);
        break;
      case Framing::Progress::complete:
        dispatch();
        break;
      case Framing::Progress::refused:
        front_.requests_malformed.fetch_add(1, std::memory_order_relaxed);
        refuse(framing_.refusal());
        return {};
    }
  }
  return stage_ == Stage::open ? view : std::string_view{};
}

void Connection::on_head(std::string_view rest) {
  request_begun_ = true;
  read_deadline_ = reactor_.now() + front_.limits.body_time;
  if (!framing_.traits().expects_continue || !rest.empty()) return;
  if (pending_count_ == 0)
    output_ += continue_response;
  else
    owes_continue_ = true;
}

Connection::Pending& Connection::push_pending() {
  if (pending_count_ == pending_.size()) {
    std::vector<Pending> larger(std::max(ring_size_first, pending_.size() * 2));
    for (std::size_t i = 0; i < pending_count_; ++i) larger[i] = std::move(pending_at(i));
    pending_.swap(larger);
    pending_first_ = 0;
  }
  auto& pending = pending_at(pending_count_++);
  pending = {};
  return pending;
}

void Connection::dispatch() {
  request_begun_ = false;
  owes_continue_ = false;
  const auto sequence = sequence_first_ + pending_count_;
  const auto& traits = framing_.traits();
  auto& pending = push_pending();
  pending.traits = traits;
  pending.close = !traits.keep_alive || draining_;
  if (pending.close) stage_ = Stage::ending;
  lingers_ = lingers_ || draining_;
  request_.peer = peer_;
  const bool safe = is_safe(request_.method);
  const auto compression = !front_.gzip          ? Compression::off
                           : traits.accepts_gzip ? Compression::accepted
                                                 : Compression::not_accepted;
  Responder responder(shared_from_this(), sequence, compression);
  try {
    front_.handler(std::move(request_), listener_, std::move(responder));
  } catch (const std::exception& error) {
    log::error("A request handler threw: {}", error.what());
  } catch (...) {
    log::error("A request handler threw.");
  }
  unsafe_under_way_ = unsafe_under_way_ || (!safe && pending_count_ > 0);
  if (request_.body.capacity() > kept_capacity_max_bytes) std::string().swap(request_.body);
}

void Connection::refuse(const Refusal& refusal) {
  auto response = front_.error_body(refusal.error);
  response.status = refusal.status;
  request_begun_ = false;
  owes_continue_ = false;
  stage_ = Stage::ending;
  lingers_ = true;
  auto& pending = push_pending();
  pending.close = true;
  if (pending_count_ == 1)
    write_front(response);
  else
    pending.response = std::make_unique<Response>(std::move(response));
}

void Connection::on_deadline() {
  const auto now = reactor_.now();
  if (stage_ == Stage::lingering) return close();
  if (write_deadline_ <= now && is_being_read()) return update_deadline();
  if (stage_ == Stage::handshake || write_deadline_ <= now) {
    front_.connections_timed_out.fetch_add(1, std::memory_order_relaxed);
    return close();
  }
  if (!request_begun_) return close();
  front_.connections_timed_out.fetch_add(1, std::memory_order_relaxed);
  refuse({408, {ErrorCode::deadline_exceeded, "The request did not arrive in time.", {}, {}, {}}});
  settle();
}

// The kernel lets us write again only when a good part of its buffer is free, which with a slow reader can
// take long; so at the deadline we ask whether any of it has gone.
bool Connection::is_being_read() {
  const auto pending = transport_.kernel_pending_bytes();
  if (pending >= std::exchange(kernel_pending_bytes_, pending)) return false;
  write_deadline_ = reactor_.now() + front_.limits.write_time;
  return true;
}

void Connection::answer(std::uint64_t sequence, Response response) {
  // While this connection is being processed its output is written at the end of it. In any other case the
  // answer takes the way of the mailbox, on the own thread too: another connection may be in the middle of
  // its own processing, and uses the reactor's buffers.
  if (mailbox_->is_own_thread() && processing_)
    deliver(sequence, std::move(response));
  else
    mailbox_->post({shared_from_this(), sequence, std::move(response)});
}

void Connection::abandon(std::uint64_t sequence) {
  if (mailbox_->is_own_thread() && processing_)
    deliver(sequence, std::nullopt);
  else
    mailbox_->post({shared_from_this(), sequence, std::nullopt});
}

void Connection::deliver(std::uint64_t sequence, std::optional<Response> response) {
  const auto index = sequence - sequence_first_;
  if (stage_ == Stage::closed || index >= pending_count_) return;
  const bool usable = response && response->status >= 200 && response->status <= 599;
  if (!usable)
    response = front_.error_body({ErrorCode::internal, "The request was not answered.", {}, {}, {}});
  largest_answer_bytes_ = std::max(largest_answer_bytes_, response->body.size());
  if (index > 0) {
    pending_at(index).response = std::make_unique<Response>(std::move(*response));
    return;
  }
  write_front(*response);
  write_ready();
}

void Connection::write_ready() {
  while (pending_count_ > 0 && pending_at(0).response) {
    const auto response = std::move(pending_at(0).response);
    write_front(*response);
  }
}

void Connection::write_front(const Response& response) {
  const auto& pending = pending_at(0);
  const bool close = pending.close || response.close;
  if (!pending.close && response.close) lingers_ = true;
  write_response(output_, response, {pending.traits.is_head, pending.traits.http_1_0, close},
                 reactor_.preamble());
  // After a closing answer nothing more may be sent, whatever was asked behind it.
  const auto answered = close ? pending_count_ : 1;
  if (close) stage_ = Stage::ending;
  if (close && pending_count_ > 1) pending_.clear();
  pending_first_ = pending_.empty() ? 0 : (pending_first_ + 1) % pending_.size();
  sequence_first_ += answered;
  pending_count_ -= answered;
  if (pending_count_ == 0) unsafe_under_way_ = false;
  if (pending_count_ == 0 && std::exchange(owes_continue_, false) && stage_ == Stage::open)
    output_ += continue_response;
}

void Connection::settle() {
  if (stage_ == Stage::closed) return;
  flush();
  while (paused_ && can_read()) {
    paused_ = false;
    if (request_begun_)
      read_deadline_ =
          reactor_.now() + (framing_.in_body() ? front_.limits.body_time : front_.limits.header_time);
    processing_ = true;
    consume({});
    processing_ = false;
    if (transport_.is_secure()) process();
    flush();
  }
  update();
}

void Connection::flush() {
  if (stage_ == Stage::closed || stage_ == Stage::handshake) return;
  while (output_pending_bytes() > 0) {
    const auto io = transport_.write(std::string_view(output_).substr(output_sent_bytes_));
    if (io.state == Transport::State::closed) return close();
    if (io.state != Transport::State::done) break;
    output_sent_bytes_ += io.size_bytes;
    write_deadline_ = Reactor::TimePoint::max();
  }
  if (output_pending_bytes() > 0) {
    if (write_deadline_ == Reactor::TimePoint::max()) {
      write_deadline_ = reactor_.now() + front_.limits.write_time;
      kernel_pending_bytes_ = transport_.kernel_pending_bytes();
    }
    if (output_sent_bytes_ > sent_kept_max_bytes) {
      output_.erase(0, output_sent_bytes_);
      output_sent_bytes_ = 0;
    }
    return;
  }
  output_.clear();
  output_sent_bytes_ = 0;
  auto& spare = reactor_.spare_output();
  if (output_.capacity() > spare.capacity() && output_.capacity() <= spare_capacity_max_bytes)
    output_.swap(spare);
  if (output_.capacity() > kept_capacity_max_bytes) std::string().swap(output_);
}

void Connection::end() {
  if (!lingers_) return close();
  // Closing with unread input would reset the connection, and the last answer could be lost with it.
  stage_ = Stage::lingering;
  transport_.end_output();
  read_deadline_ = reactor_.now() + linger_quiet_time;
  write_deadline_ = reactor_.now() + linger_time;
  update_interest();
  update_deadline();
}

void Connection::discard() {
  auto& buffer = reactor_.read_buffer();
  const auto io = transport_.read_raw(buffer.data(), buffer.size());
  lingered_bytes_ += io.size_bytes;
  if (io.state == Transport::State::closed || lingered_bytes_ > linger_max_bytes) return close();
  read_deadline_ = reactor_.now() + linger_quiet_time;
  update_deadline();
}

bool Connection::can_read() const {
  return stage_ == Stage::open && !unsafe_under_way_ && pending_count_ < front_.limits.pipelined_max &&
         output_pending_bytes() + pending_count_ * largest_answer_bytes_ <=
             front_.limits.output_pending_max_bytes;
}

void Connection::update() {
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::ending && pending_count_ == 0 && output_pending_bytes() == 0) return end();
  update_interest();
  update_deadline();
}

void Connection::update_interest() {
  const bool shaking = stage_ == Stage::handshake;
  const bool read = (shaking && !tls_wants_write_) || stage_ == Stage::lingering || can_read();
  const bool write =
      stage_ != Stage::closed && (tls_wants_write_ || (!shaking && output_pending_bytes() > 0));
  const std::uint32_t wanted = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
  reactor_.watch(*this, transport_.descriptor(), watched_, wanted);
  watched_ = wanted;
}

void Connection::update_deadline() {
  auto deadline = write_deadline_;
  const bool reads =
      stage_ == Stage::handshake || stage_ == Stage::lingering || (request_begun_ && can_read());
  if (reads)
    deadline = std::min(deadline, read_deadline_);
  else if (stage_ == Stage::open && pending_count_ == 0 && output_pending_bytes() == 0)
    deadline = reactor_.now() + front_.limits.idle_time;
  reactor_.set_deadline(slot_, deadline);
}

}  // namespace muster::http
