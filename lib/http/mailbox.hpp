// SPDX-License-Identifier: Apache-2.0
/// @file What other threads leave for a reactor: answers, and now and then a function to run. Waking the
/// reactor costs one eventfd write, and only when it is not awake for an earlier letter already.
/// Thread-safe, but for take(), which is the reactor's. Outlives the reactor in the hands of late Responders.
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
  /// Swaps in what has come; `letters` should be empty, its memory is used again.
  void take(Letters& letters);
  /// From now on letters are thrown away.
  void close();
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// The caller is the thread of this mailbox's reactor.
  [[nodiscard]] bool is_own_thread() const { return current_ == this; }
  void set_own_thread() { current_ = this; }

 private:
  void wake();

  static thread_local const Mailbox* current_;
  std::mutex mutex_;
  Letters letters_;
  bool awake_ = false;
  bool closed_ = false;
  int descriptor_;
};

}  // namespace muster::http
