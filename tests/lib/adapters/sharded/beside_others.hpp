// SPDX-License-Identifier: Apache-2.0
/// @file A store over databases that other processes write to as well.
#pragma once

#include "adapters/sharded/sharded_store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::sharded::testing {

/// Puts something around a database's store.
using Wrap =
    std::function<std::unique_ptr<ports::Store>(const std::string& dsn, std::unique_ptr<ports::Store>)>;

/// The catalog's address first, then those of the shards. Requires that it can be opened.
std::unique_ptr<ShardedStore> open_beside_others(const std::vector<std::string>& dsns,
                                                 const Wrap& wrap = nullptr);

}  // namespace muster::sharded::testing
