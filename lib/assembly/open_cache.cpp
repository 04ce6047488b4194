// SPDX-License-Identifier: Apache-2.0
#include "assembly/open_cache.hpp"

#include "base/address.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "ports/system_store.hpp"

#include <algorithm>

namespace muster::assembly {
namespace {

/// In the store: what the keys in Redis begin with.
constexpr const char* keys_name = "cache_keys";
constexpr std::size_t keys_name_size_bytes = 8;
/// How long a change may be on its way from the commit to the cache of the same daemon.
constexpr std::chrono::milliseconds own_news_delay{200};
/// How long users of other daemons may be unknown to the filter: shorter than a copy of the store may be
/// behind that is read in its place, and long enough that looking costs little beside the questions it
/// spares.
constexpr std::chrono::milliseconds others_users_age_max{500};

Result<std::string> name_of_keys(ports::Store& store, ports::Entropy& entropy, Keys keys) {
  std::optional<std::string> name;
  MUSTER_CHECK_OK(store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(name, unit.meta().get(keys_name));
    return {};
  }));
  if (name && keys == Keys::as_before) return std::move(*name);
  const std::optional<std::string> before = name;
  MUSTER_CHECK_OK(store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(name, unit.meta().get(keys_name));
    // Another daemon may have been quicker.
    if (name && name != before) return {};
    name = hex_encode(entropy.bytes(keys_name_size_bytes));
    return unit.meta().put(keys_name, *name);
  }));
  return std::move(*name);
}

std::chrono::milliseconds in_milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

Result<std::optional<SharedRedis>> find_redis(const Config& config, ports::Store& store,
                                              ports::Entropy& entropy, Keys keys) {
  if (config.redis_url.empty()) return std::optional<SharedRedis>();
  SharedRedis redis;
  MUSTER_TRY(redis.url, redis::Url::parse(config.redis_url));
  redis.passwords.server = config.redis_password;
  const std::string& file =
      redis.url.password_file.empty() ? config.redis_password_file : redis.url.password_file;
  if (!file.empty()) {
    MUSTER_TRY(redis.passwords.server, address::password_in(file));
  }
  if (!redis.url.sentinel_password_file.empty()) {
    MUSTER_TRY(redis.passwords.sentinel, address::password_in(redis.url.sentinel_password_file));
  }
  auto name = name_of_keys(store, entropy, keys);
  if (!name) {
    log::warn("Redis is not used until the next start: {} {}", name.error().message, name.error().detail);
    return std::optional<SharedRedis>();
  }
  redis.name = std::move(*name);
  return redis;
}

std::unique_ptr<cached::UserCache> open_cache(const Config& config, ports::Store& store,
                                              ports::Entropy& entropy,
                                              const std::optional<SharedRedis>& redis,
                                              std::function<bool()> may_use) {
  std::unique_ptr<cached::SharedLevel> shared;
  if (redis) {
    log::info("users that are read are kept in {} too, while it answers", redis->url.text());
    shared = std::make_unique<cached::SharedLevel>(redis->url, redis->passwords, redis->name, entropy);
  }
  cached::UserCacheOptions options;
  options.memory_bytes_max = static_cast<std::size_t>(config.cache_memory);
  options.memory_ttl = in_milliseconds(config.cache_memory_ttl);
  options.shared_ttl = in_milliseconds(config.cache_redis_ttl);
  options.negative_ttl = in_milliseconds(config.cache_negative_ttl);
  options.filter.size_bytes_max = static_cast<std::size_t>(config.cache_filter);
  if (store.is_shared()) options.filter.age_max = others_users_age_max;
  options.loads_max = static_cast<std::size_t>(config.cache_loads_max);
  options.news_delay = own_news_delay;
  if (store.is_shared()) options.news_delay += in_milliseconds(config.revocation_max_staleness);
  options.may_use = std::move(may_use);
  return std::make_unique<cached::UserCache>(store, entropy, std::move(shared), std::move(options));
}

}  // namespace muster::assembly
