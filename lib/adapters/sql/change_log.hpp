// SPDX-License-Identifier: Apache-2.0
/// @file Keeps the change log from growing for ever. Belongs to the connection's thread.
#pragma once

#include "adapters/sql/connection.hpp"

namespace muster::sql {

/// Drops a bounded number of the oldest entries beyond the newest `keep`, in a transaction of its own. True:
/// there may be more to drop.
Result<bool> trim_change_log(TransactionalConnection& connection, std::int64_t keep);

}  // namespace muster::sql
