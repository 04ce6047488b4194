// SPDX-License-Identifier: Apache-2.0
#include "http/reactor.hpp"

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/response_writer.hpp"

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/Observer.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace muster::http {

namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;
// Few enough that answers from other threads and new connections never wait long behind a batch.
constexpr int events_max = 128;

int open_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return descriptor;
}

// What goes wrong with one connection, memory for one, ends that connection and nothing else.
template <class Call>
void guarded(Connection& connection, Call&& call) {
  const auto self = connection.shared_from_this();
  try {
    call();
  } catch (const std::exception& error) {
    log::error("A connection is cut: {}", error.what());
    self->close();
  }
}

}  // namespace

Reactor::Reactor(std::chrono::milliseconds tick_interval)
    : SocketReactor(
          Poco::Timespan(std::chrono::duration_cast<std::chrono::microseconds>(tick_interval).count())),
      // A copy of the descriptor: Poco closes its own, and the mailbox may outlive the reactor.
      mail_socket_(Poco::Net::StreamSocket(new Poco::Net::StreamSocketImpl(::dup(mailbox_->descriptor())))),
      epoll_descriptor_(open_epoll()),
      epoll_socket_(Poco::Net::StreamSocket(new Poco::Net::StreamSocketImpl(epoll_descriptor_))),
      tick_interval_(tick_interval),
      read_buffer_(read_buffer_bytes) {
  addEventHandler(epoll_socket_,
                  Poco::Observer<Reactor, Poco::Net::ReadableNotification>(*this, &Reactor::on_connections));
  addEventHandler(mail_socket_,
                  Poco::Observer<Reactor, Poco::Net::ReadableNotification>(*this, &Reactor::on_mail));
  tick();
}

Reactor::~Reactor() {
  stop_and_join();
}

void Reactor::start() {
  started_ = true;
  thread_.setName("reactor");
  thread_.startFunc([this] { run_and_cut(); });
}

void Reactor::stop_and_join() {
  if (!std::exchange(started_, false)) return;
  mailbox_->post([this] { stop(); });
  thread_.join();
}

void Reactor::run_and_cut() {
  mailbox_->set_own_thread();
  run();
  mailbox_->close();
  while (!table_.empty()) {
    const auto connection = table_.back().connection;
    connection->close();
  }
}

void Reactor::tick() {
  now_ = Clock::now();
  if (now_ < next_tick_) return;
  next_tick_ = now_ + tick_interval_;
  const auto second = std::time(nullptr);
  if (second != preamble_second_) {
    preamble_second_ = second;
    preamble_ = server_and_date(second);
  }
  scan();
  if (on_tick_) on_tick_();
}

void Reactor::scan() {
  // Backwards, as closing a connection puts the last one in its place.
  for (auto slot = table_.size(); slot-- > 0;) {
    if (slot >= table_.size() || table_[slot].deadline > now_) continue;
    const auto connection = table_[slot].connection;
    guarded(*connection, [&] { connection->on_deadline(); });
  }
}

void Reactor::adopt(const std::shared_ptr<Connection>& connection) {
  connection->set_slot(table_.size());
  table_.push_back({TimePoint::max(), connection});
  connection->open();
  if (draining_) connection->drain();
}

void Reactor::release(Connection& connection) {
  const auto slot = connection.slot();
  if (slot + 1 != table_.size()) {
    table_[slot] = std::move(table_.back());
    table_[slot].connection->set_slot(slot);
  }
  table_.pop_back();
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void Reactor::drain() {
  draining_ = true;
  for (auto slot = table_.size(); slot-- > 0;) {
    if (slot >= table_.size()) continue;
    const auto connection = table_[slot].connection;
    connection->drain();
  }
}

void Reactor::watch(Connection& connection, int descriptor, std::uint32_t before, std::uint32_t wanted) {
  if (before == wanted) return;
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = &connection;
  const int operation = wanted == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_descriptor_, operation, descriptor, &event) != 0 && wanted != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Reactor::on_connections(Poco::Net::ReadableNotification* notification) {
  notification->release();
  std::array<epoll_event, events_max> events;
  const int count = ::epoll_wait(epoll_descriptor_, events.data(), events_max, 0);
  // A connection is only ever closed by its own event within this loop, so the pointers hold.
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    auto* connection = static_cast<Connection*>(event.data.ptr);
    guarded(*connection, [&] { connection->on_event(event.events); });
  }
}

void Reactor::on_mail(Poco::Net::ReadableNotification* notification) {
  notification->release();
  mailbox_->take(letters_);
  for (auto& function : letters_.functions) function();
  letters_.functions.clear();
  for (auto& answer : letters_.answers)
    guarded(*answer.connection,
            [&] { answer.connection->deliver(answer.sequence, std::move(answer.response)); });
  // After all of them are written: several answers to one connection leave in one write.
  for (auto& answer : letters_.answers) guarded(*answer.connection, [&] { answer.connection->settle(); });
  letters_.answers.clear();
}

}  // namespace muster::http
