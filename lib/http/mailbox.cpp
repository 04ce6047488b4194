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

void Mailbox::post(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    letters_.answers.push_back(std::move(answer));
    if (std::exchange(awake_, true)) return;
  }
  wake();
}

void Mailbox::post(std::function<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    letters_.functions.push_back(std::move(function));
    if (std::exchange(awake_, true)) return;
  }
  wake();
}

void Mailbox::take(Letters& letters) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(descriptor_, &count, sizeof count);
  const std::lock_guard lock(mutex_);
  std::swap(letters, letters_);
  awake_ = false;
}

void Mailbox::close() {
  // Destroyed outside the lock: a letter's end may be the end of a connection.
  Letters dropped;
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
