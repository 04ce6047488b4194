// SPDX-License-Identifier: Apache-2.0
#include "ops/login_throttle.hpp"

#include <algorithm>

namespace muster::ops {

LoginThrottle::LoginThrottle(std::size_t names_max)
    : shard_names_max_(std::max<std::size_t>(1, names_max / shard_count)) {}

LoginThrottle::Shard& LoginThrottle::shard(const std::string& name) {
  return shards_[std::hash<std::string>{}(name) % shard_count];
}

std::optional<std::chrono::seconds> LoginThrottle::wait(const std::string& name, const Limit& limit,
                                                        Time now) {
  Shard& in = shard(name);
  const std::lock_guard lock(in.mutex);
  const auto found = in.entries.find(name);
  if (found == in.entries.end() || now >= found->second.window_end) return std::nullopt;
  if (found->second.failures < limit.failures_max) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(found->second.window_end - now);
}

void LoginThrottle::failed(const std::string& name, const Limit& limit, Time now) {
  Shard& in = shard(name);
  const std::lock_guard lock(in.mutex);
  auto found = in.entries.find(name);
  if (found == in.entries.end()) {
    if (in.entries.size() >= shard_names_max_) make_room(in, now);
    found = in.entries.emplace(name, Entry{}).first;
  }
  Entry& entry = found->second;
  if (now >= entry.window_end) entry = {now + limit.window, 0};
  ++entry.failures;
}

void LoginThrottle::succeeded(const std::string& name) {
  Shard& in = shard(name);
  const std::lock_guard lock(in.mutex);
  in.entries.erase(name);
}

std::size_t LoginThrottle::size() const {
  std::size_t size = 0;
  for (const Shard& each : shards_) {
    const std::lock_guard lock(each.mutex);
    size += each.entries.size();
  }
  return size;
}

void LoginThrottle::make_room(Shard& shard, Time now) const {
  std::erase_if(shard.entries, [now](const auto& each) { return now >= each.second.window_end; });
  if (shard.entries.size() < shard_names_max_) return;
  // The least tried goes, so that a flood of made-up names does not wash out the name under attack.
  const auto least =
      std::min_element(shard.entries.begin(), shard.entries.end(),
                       [](const auto& a, const auto& b) { return a.second.failures < b.second.failures; });
  shard.entries.erase(least);
}

}  // namespace muster::ops
