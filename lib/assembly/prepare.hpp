// SPDX-License-Identifier: Apache-2.0
/// @file What World does before operations can be: the folder, the master key, a restore, the store. One
/// thread.
#pragma once

#include "adapters/sharded/sharded_store.hpp"
#include "adapters/sqlite/file_lock.hpp"
#include "assembly/config.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/crypto.hpp"
#include "ports/store.hpp"

#include <memory>
#include <string>

namespace muster::assembly {

/// Makes the folder, mode 0700, where it is not there. Error: unavailable, with the reason.
Status prepare_data_dir(const std::string& path);

/// Names the daemon of that folder among those that share its store: made once, and kept in it.
Result<std::string> find_node_id(const std::string& data_dir);

struct Opened {
  std::unique_ptr<ports::Sealer> sealer;
  std::unique_ptr<sharded::ShardedStore> store;
};

/// Loads the master key (making it before the first database is made), carries out a restore that was asked
/// for, opens the store and makes sure that both belong together. Errors: as World::open.
Result<Opened> open_sealed_store(const Config& config);

/// The time below which the clock must not fall. Errors: those of the store.
Result<Time> clock_mark(ports::Store& store);

/// Brings the built-in roles to what this version says they are.
Status seed_builtin_roles(ports::Store& store);

}  // namespace muster::assembly
