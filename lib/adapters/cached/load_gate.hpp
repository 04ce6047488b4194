// SPDX-License-Identifier: Apache-2.0
/// @file Lets few through at a time; others wait a while, then are turned away. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

namespace muster::cached {

class LoadGate {
 public:
  explicit LoadGate(std::size_t places) : free_(places) {}

  class Permit {
   public:
    explicit Permit(LoadGate& gate) : gate_(&gate) {}
    Permit(Permit&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    LoadGate* gate_;
  };

  std::optional<Permit> enter(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!left_.wait_for(lock, patience, [this] { return free_ > 0; })) return std::nullopt;
    --free_;
    return Permit(*this);
  }

 private:
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    left_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t free_;
};

}  // namespace muster::cached
