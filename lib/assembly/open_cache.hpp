// SPDX-License-Identifier: Apache-2.0
/// @file Makes the cache of users that the configuration asks for. One thread.
#pragma once

#include "adapters/cached/user_cache.hpp"
#include "assembly/config.hpp"
#include "base/result.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <functional>
#include <memory>

namespace muster::assembly {

enum class Keys : std::uint8_t { as_before, anew };

/// `keys`: anew where the store is not what it was, so that nothing that Redis has is of use. A Redis that
/// does not answer is no error. Errors: unavailable or conflict (password file), those of the store.
Result<std::unique_ptr<cached::UserCache>> open_cache(const Config& config, ports::Store& store,
                                                      ports::Entropy& entropy, Keys keys,
                                                      std::function<bool()> may_use);

}  // namespace muster::assembly
