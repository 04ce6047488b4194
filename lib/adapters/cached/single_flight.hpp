// SPDX-License-Identifier: Apache-2.0
/// @file One does the work for a key, and whoever asks meanwhile gets what comes of it. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace muster::cached {

template <class Key, class Value>
class SingleFlight {
 public:
  struct Outcome {
    std::optional<Value> value;  ///< Nothing: whoever does the work is not ready in time.
    bool shared = false;         ///< Another one did it.
  };

  /// Runs `work`, or waits for the one who does. `work` must not throw.
  template <class Work>
  Outcome run(const Key& key, std::chrono::milliseconds patience, const Work& work) {
    Stripe& stripe = stripes_[std::hash<Key>{}(key) >> (8 * sizeof(std::size_t) - 6)];
    std::unique_lock lock(stripe.mutex);
    const auto [place, is_first] = stripe.flights.try_emplace(key);
    if (!is_first) {
      const std::shared_ptr<Flight> flight = place->second;
      stripe.landed.wait_for(lock, patience, [&] { return flight->value.has_value(); });
      return {flight->value, true};
    }
    const auto flight = place->second = std::make_shared<Flight>();
    lock.unlock();
    Value value = work();
    lock.lock();
    flight->value = value;
    stripe.flights.erase(key);
    lock.unlock();
    stripe.landed.notify_all();
    return {std::move(value), false};
  }

 private:
  struct Flight {
    std::optional<Value> value;
  };
  struct Stripe {
    std::mutex mutex;
    std::condition_variable landed;
    std::unordered_map<Key, std::shared_ptr<Flight>> flights;
  };
  std::array<Stripe, 64> stripes_;
};

}  // namespace muster::cached
