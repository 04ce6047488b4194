// SPDX-License-Identifier: Apache-2.0
#include "http/mailbox.hpp"

#include "http/connection.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace muster::http {

thread_local const Mailbox* Mailbox::current_ = nullptr;

Mailbox::Mailbox() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() {
  ::close(descriptor_);
}

void Mailbox::enter(std::function<void()> expect_letters) {
  expect_letters_ = std::move(expect_letters);
  current_ = this;
}

template <class Letter>
void Mailbox::add(std::vector<Letter> Letters::*pile, Letter letter) {
  if (is_own_thread()) {
    // Only this thread closes it.
    if (closed_) return;
    (own_letters_.*pile).push_back(std::move(letter));
    return expect_letters_();
  }
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    (letters_.*pile).push_back(std::move(letter));
    if (std::exchange(awake_, true)) return;
  }
  wake();
}

void Mailbox::post(Answer answer) {
  add(&Letters::answers, std::move(answer));
}

void Mailbox::post(std::function<void()> function) {
  add(&Letters::functions, std::move(function));
}

void Mailbox::take(Letters& letters) {
  const std::lock_guard lock(mutex_);
  std::swap(letters, letters_);
  awake_ = false;
}

void Mailbox::close() {
  // Destroyed outside the lock: a letter's end may be the end of a connection.
  Letters dropped;
  Letters dropped_own;
  std::swap(dropped_own, own_letters_);
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    std::swap(dropped, letters_);
  }
}

void Mailbox::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

}  // namespace muster::http
