// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/rates.hpp"

namespace muster::sharded {

void Rates::note(std::uint32_t key, std::int64_t number, Clock::time_point now) {
  constexpr std::chrono::seconds apart_min{1};
  const std::lock_guard lock(mutex_);
  auto& samples = samples_[key];
  if (!samples.empty() && number < samples.back().number) samples.clear();
  // Asked often, the newest one only is kept up to date.
  if (samples.size() >= 2 && now - samples[samples.size() - 2].at < apart_min) samples.pop_back();
  samples.push_back({now, number});
  while (samples.size() > 2 && now - samples[1].at >= window) samples.pop_front();
}

std::optional<double> Rates::of(std::uint32_t key) const {
  const std::lock_guard lock(mutex_);
  const auto found = samples_.find(key);
  if (found == samples_.end() || found->second.size() < 2) return std::nullopt;
  const Sample& first = found->second.front();
  const Sample& last = found->second.back();
  const std::chrono::duration<double> taken = last.at - first.at;
  if (taken < std::chrono::seconds(1)) return std::nullopt;
  return static_cast<double>(last.number - first.number) / taken.count();
}

}  // namespace muster::sharded
