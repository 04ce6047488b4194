// SPDX-License-Identifier: Apache-2.0
/// @file Makes the cache of users that the configuration asks for, over the Redis that it names. One thread.
#pragma once

#include "adapters/cached/user_cache.hpp"
#include "adapters/redis/topology.hpp"
#include "assembly/config.hpp"
#include "base/result.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::assembly {

enum class Keys : std::uint8_t { as_before, anew };

/// The Redis that daemons share.
struct SharedRedis {
  redis::Url url;
  redis::Passwords passwords;
  std::string name;  ///< What is this installation's has it in its key.
};

/// `keys`: anew where the store is not what it was, so that nothing that Redis has is of use. Nothing where
/// none is configured, or the store cannot be written now. A Redis that does not answer is no error. Errors:
/// unavailable or conflict (password file).
Result<std::optional<SharedRedis>> find_redis(const Config& config, ports::Store& store,
                                              ports::Entropy& entropy, Keys keys);

std::unique_ptr<cached::UserCache> open_cache(const Config& config, ports::Store& store,
                                              ports::Entropy& entropy,
                                              const std::optional<SharedRedis>& redis,
                                              std::function<bool()> may_use);

}  // namespace muster::assembly
