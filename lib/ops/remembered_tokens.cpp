// SPDX-License-Identifier: Apache-2.0
#include "ops/remembered_tokens.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <xxhash.h>

namespace muster::ops {

RememberedTokens::RememberedTokens(std::size_t tokens_max, std::uint64_t seed)
    : young_max_(std::max<std::size_t>(1, tokens_max / shard_count / 2)), seed_(seed) {}

RememberedTokens::View RememberedTokens::view(std::string_view token) const {
  return {XXH3_64bits_withSeed(token.data(), token.size(), seed_), token};
}

RememberedTokens::Claims RememberedTokens::find(std::string_view token) const {
  const View wanted = view(token);
  const Shard& shard = shards_[shard_index(wanted)];
  const std::shared_lock lock(shard.mutex);
  if (const auto found = shard.young.find(wanted); found != shard.young.end()) return found->second;
  if (const auto found = shard.old.find(wanted); found != shard.old.end()) return found->second;
  return nullptr;
}

void RememberedTokens::put(std::string_view token, Claims claims, std::uint64_t generation) {
  const View wanted = view(token);
  Key key{wanted.hash, std::string(token)};
  Shard& shard = shards_[shard_index(wanted)];
  Map dropped;  // Emptied after the lock is gone.
  const std::unique_lock lock(shard.mutex);
  if (generation_.load() != generation) return;
  if (shard.young.size() >= young_max_) {
    dropped = std::move(shard.old);
    shard.old = std::exchange(shard.young, Map());
  }
  shard.young.insert_or_assign(std::move(key), std::move(claims));
}

void RememberedTokens::clear() {
  // First, so that a put() that is under way and would come after the emptying of its shard is refused.
  ++generation_;
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    shard.young.clear();
    shard.old.clear();
  }
}

void RememberedTokens::forget_expired(Time now) {
  const auto expired = [now](const auto& entry) { return entry.second->expires_at <= now; };
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    std::erase_if(shard.young, expired);
    std::erase_if(shard.old, expired);
  }
}

std::size_t RememberedTokens::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::shared_lock lock(shard.mutex);
    size += shard.young.size() + shard.old.size();
  }
  return size;
}

}  // namespace muster::ops
