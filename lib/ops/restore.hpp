// SPDX-License-Identifier: Apache-2.0
/// @file Restoring a backup takes three steps: restore_backup (backups.hpp) leaves a request in the data
/// folder; at the next start the daemon, before it opens the store, puts the backup in the store's place and
/// says so with mark_restored(); after it opened the store it calls finish_restore(). A daemon that dies
/// between any two of them goes on at its next start.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>

namespace muster::ops {

struct Context;

struct RestoreRequest {
  std::string name;
  std::string path;
  std::string requested_by;
};

/// Writes the request, durable when it returns. Error: unavailable.
Status request_restore(const std::string& data_directory, const RestoreRequest& request);
/// Nothing when no restore is asked for. Error: unavailable (cannot be read).
Result<std::optional<RestoreRequest>> pending_restore(const std::string& data_directory);
/// The backup now is the store. Error: unavailable.
Status mark_restored(const std::string& data_directory);
/// If the store was restored: revokes every session, and removes the signing keys so that no token from
/// before is valid, whatever was revoked since the backup. Then loads tokens and roles anew. Call it after
/// Tokens::load and before serving. True: it was.
Result<bool> finish_restore(Context& context);

}  // namespace muster::ops
