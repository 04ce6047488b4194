// SPDX-License-Identifier: Apache-2.0
/// @file What is left for a reactor: answers, and now and then a function to run. Waking the reactor costs
/// one eventfd write, and only when it is not awake for an earlier letter already; what its own thread leaves
/// costs none. Thread-safe, but for what is the reactor's. Outlives it in the hands of late Responders.
#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::http {

class Connection;

class Mailbox {
 public:
  /// The answer to one request; nothing if its Responder was dropped.
  struct Answer {
    std::shared_ptr<Connection> connection;
    std::uint64_t sequence;
    std::optional<Response> response;
  };
  struct Letters {
    std::vector<Answer> answers;
    std::vector<std::function<void()>> functions;
  };

  Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  void post(Answer answer);
  void post(std::function<void()> function);
  /// Swaps in what has come from other threads; `letters` should be empty, its memory is used again.
  void take(Letters& letters);
  /// The same of what the reactor's own thread left.
  void take_own(Letters& letters) { std::swap(letters, own_letters_); }
  /// From now on letters are thrown away.
  void close();
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// The caller is the thread of this mailbox's reactor.
  [[nodiscard]] bool is_own_thread() const { return current_ == this; }
  /// The caller is that thread from now on; `expect_letters` is called for what it leaves itself.
  void enter(std::function<void()> expect_letters);

 private:
  void wake();
  template <class Letter>
  void add(std::vector<Letter> Letters::*pile, Letter letter);

  static thread_local const Mailbox* current_;
  std::mutex mutex_;
  Letters letters_;
  Letters own_letters_;
  std::function<void()> expect_letters_;
  bool awake_ = false;
  bool closed_ = false;
  int descriptor_;
};

}  // namespace muster::http
