// SPDX-License-Identifier: Apache-2.0
/// @file A thread that runs a loop, and what others give it to do there. Ends with the object.
#pragma once

#include "loop/loop.hpp"

#include <functional>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace muster::test {

class LoopThread final : loop::Watched {
 public:
  LoopThread() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    loop_.watch(*this, descriptor_, 0, EPOLLIN | EPOLLET);
    thread_ = std::thread([this] { run(); });
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() override {
    give([this] { stopping_ = true; });
    thread_.join();
    ::close(descriptor_);
  }

  /// Does it in a turn of its own, or with others, and returns at once.
  void give(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      given_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  }
  /// The same, and waits for what comes of it.
  template <class Work>
  auto call(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto outcome = task.get_future();
    give([&task] { task(); });
    return outcome.get();
  }
  [[nodiscard]] loop::Loop& loop() { return loop_; }

 private:
  void on_event(std::uint32_t /*events*/) override {
    std::vector<std::function<void()>> given;
    {
      const std::lock_guard lock(mutex_);
      given.swap(given_);
    }
    for (const auto& each : given) each();
  }
  void run() {
    constexpr std::chrono::milliseconds tick_interval{10};
    loop_.enter();
    auto next_tick = loop_.now();
    while (!stopping_) {
      loop_.turn(next_tick);
      if (loop_.now() < next_tick) continue;
      loop_.tick();
      next_tick = loop_.now() + tick_interval;
    }
    loop_.leave();
  }

  loop::Loop loop_;
  int descriptor_;
  std::mutex mutex_;
  std::vector<std::function<void()>> given_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::test
