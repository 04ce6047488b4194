// SPDX-License-Identifier: Apache-2.0
/// @file Which of many equal messages are said: the first, and then one an interval, with the number of those
/// that were left out. An outage then costs the log a line a second for each thing that fails, not one a
/// request. Bounded. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace muster {

class Repeats {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t texts_max = 256;

  explicit Repeats(Clock::duration interval) : interval_(interval) {}

  /// How many times the text was left out since it was last said; nothing: it is not to be said now.
  std::optional<std::uint64_t> say(const std::string& text, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto found = said_.find(text);
    if (found == said_.end()) {
      if (said_.size() >= texts_max) forget_old(now);
      if (said_.size() >= texts_max) return 0;
      said_.emplace(text, Said{now, 0});
      return 0;
    }
    Said& said = found->second;
    if (now - said.at < interval_) {
      ++said.left_out;
      return std::nullopt;
    }
    const std::uint64_t left_out = said.left_out;
    said = {now, 0};
    return left_out;
  }

 private:
  struct Said {
    Clock::time_point at;
    std::uint64_t left_out;
  };

  void forget_old(Clock::time_point now) {
    std::erase_if(said_, [&](const auto& each) { return now - each.second.at >= interval_; });
  }

  const Clock::duration interval_;
  std::mutex mutex_;
  std::map<std::string, Said> said_;
};

}  // namespace muster
