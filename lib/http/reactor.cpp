// SPDX-License-Identifier: Apache-2.0
#include "http/reactor.hpp"

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/guarded.hpp"
#include "http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <pthread.h>
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

// What goes wrong with anything but a connection ends nothing.
template <class Call>
void going_on(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    log::error("The HTTP front goes on after: {}", error.what());
  }
}

}  // namespace

Reactor::Reactor(std::chrono::milliseconds tick_interval)
    : epoll_descriptor_(open_epoll()), tick_interval_(tick_interval), read_buffer_(read_buffer_bytes) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll_descriptor_, EPOLL_CTL_ADD, mailbox_->descriptor(), &event) != 0) {
    ::close(epoll_descriptor_);
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  tick();
}

Reactor::~Reactor() {
  stop_and_join();
  ::close(epoll_descriptor_);
}

void Reactor::start() {
  thread_ = std::thread([this] { run_and_cut(); });
}

void Reactor::stop_and_join() {
  if (!thread_.joinable()) return;
  mailbox_->post([this] { stopping_ = true; });
  thread_.join();
}

void Reactor::run_and_cut() {
  pthread_setname_np(pthread_self(), "reactor");
  mailbox_->set_own_thread();
  while (!stopping_) wait_and_serve();
  mailbox_->close();
  while (!table_.empty()) {
    const auto connection = table_.back().connection;
    connection->close();
  }
}

void Reactor::wait_and_serve() {
  std::array<epoll_event, events_max> events;
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(next_tick_ - now_, Clock::duration{}));
  const int count =
      ::epoll_wait(epoll_descriptor_, events.data(), events_max, static_cast<int>(wait.count()));
  now_ = Clock::now();
  bool has_mail = false;
  // Within this loop a connection is only ever closed by its own event, so the pointers hold; mail and
  // deadlines, which may close any of them, have their turn afterwards.
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr)
      has_mail = true;
    else
      going_on([&] { static_cast<Watched*>(event.data.ptr)->on_event(event.events); });
  }
  if (has_mail) open_mail();
  if (now_ >= next_tick_) going_on([this] { tick(); });
}

void Reactor::tick() {
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

void Reactor::watch(Watched& watched, int descriptor, std::uint32_t before, std::uint32_t wanted) {
  if (before == wanted) return;
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = &watched;
  const int operation = wanted == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_descriptor_, operation, descriptor, &event) != 0 && wanted != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Reactor::open_mail() {
  mailbox_->take(letters_);
  for (auto& function : letters_.functions) going_on([&] { function(); });
  letters_.functions.clear();
  for (auto& answer : letters_.answers)
    guarded(*answer.connection,
            [&] { answer.connection->deliver(answer.sequence, std::move(answer.response)); });
  // After all of them are written: several answers to one connection leave in one write.
  for (auto& answer : letters_.answers) guarded(*answer.connection, [&] { answer.connection->settle(); });
  letters_.answers.clear();
}

}  // namespace muster::http
