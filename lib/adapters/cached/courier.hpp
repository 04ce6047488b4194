// SPDX-License-Identifier: Apache-2.0
/// @file Questions that come while one journey is under way, or shortly after it began, go together on the
/// next one: the busier it is, the fewer journeys a question costs, and alone it waits for nobody. One thread
/// travels. Thread-safe.
#pragma once

#include "base/log.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace muster::cached {

template <class Question>
class Courier {
 public:
  struct Limits {
    std::size_t waiting_max = 0;
    std::size_t together_max = 0;
  };
  /// Answers all of them, in a bounded time.
  using Journey = std::function<void(std::vector<Question>&)>;

  Courier(Limits limits, Journey journey)
      : limits_(limits), journey_(std::move(journey)), thread_([this] { travel(); }) {}
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  /// Ends after the journey that is under way; questions that still wait are dropped.
  ~Courier() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    has_questions_.notify_all();
    thread_.join();
  }

  /// False, and the question stays with the caller, when too many wait.
  bool post(Question& question) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= limits_.waiting_max) return false;
      waiting_.push_back(std::move(question));
      // Whoever travels looks again before it rests.
      if (!std::exchange(is_resting_, false)) return true;
    }
    has_questions_.notify_one();
    return true;
  }

 private:
  /// A journey costs some changes of threads, whatever it carries: who travelled a moment ago lets some
  /// gather.
  static constexpr std::chrono::microseconds apart{100};

  void travel() {
    pthread_setname_np(pthread_self(), "courier");
    std::vector<Question> together;
    std::chrono::steady_clock::time_point next;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        has_questions_.wait_until(lock, next, [this] { return stopping_; });
        while (!stopping_ && waiting_.empty()) {
          is_resting_ = true;
          has_questions_.wait(lock);
        }
        if (stopping_) return;
        const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), limits_.together_max));
        together.assign(std::make_move_iterator(waiting_.begin()),
                        std::make_move_iterator(waiting_.begin() + count));
        waiting_.erase(waiting_.begin(), waiting_.begin() + count);
      }
      next = std::chrono::steady_clock::now() + apart;
      try {
        journey_(together);
      } catch (const std::exception& error) {
        log::error("questions to Redis failed: {}", error.what());
      }
      together.clear();
    }
  }

  const Limits limits_;
  const Journey journey_;
  std::mutex mutex_;
  std::condition_variable has_questions_;
  std::deque<Question> waiting_;
  bool is_resting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::cached
