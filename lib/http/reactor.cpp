// SPDX-License-Identifier: Apache-2.0
#include "http/reactor.hpp"

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/guarded.hpp"
#include "http/response_writer.hpp"

#include <exception>
#include <utility>

#include <pthread.h>
#include <sys/epoll.h>

namespace muster::http {

namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;

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
    : tick_interval_(tick_interval), read_buffer_(read_buffer_bytes) {
  // Each letter that wakes it is an event: nothing has to be read from there.
  loop_.watch(*this, mailbox_->descriptor(), 0, EPOLLIN | EPOLLET);
  tick();
}

Reactor::~Reactor() {
  stop_and_join();
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
  loop_.enter();
  mailbox_->enter([this] { loop_.expect(*this, loop::Place::last); });
  while (!stopping_) {
    loop_.turn(next_tick_);
    if (loop_.now() >= next_tick_) going_on([this] { tick(); });
  }
  mailbox_->close();
  while (!table_.empty()) {
    const auto connection = table_.back().connection;
    connection->close();
  }
  loop_.leave();
}

void Reactor::on_event(std::uint32_t /*events*/) {
  has_mail_ = true;
  loop_.expect(*this, loop::Place::last);
}

void Reactor::on_turn_end() {
  if (std::exchange(has_mail_, false)) {
    mailbox_->take(letters_);
    open_mail();
  }
  mailbox_->take_own(letters_);
  open_mail();
}

bool Reactor::on_tick() {
  return true;
}

void Reactor::tick() {
  next_tick_ = loop_.now() + tick_interval_;
  const auto second = std::time(nullptr);
  if (second != preamble_second_) {
    preamble_second_ = second;
    preamble_ = server_and_date(second);
  }
  loop_.tick();
  scan();
  if (on_tick_) on_tick_();
}

void Reactor::scan() {
  // Backwards, as closing a connection puts the last one in its place.
  for (auto slot = table_.size(); slot-- > 0;) {
    if (slot >= table_.size() || table_[slot].deadline > loop_.now()) continue;
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

void Reactor::open_mail() {
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
