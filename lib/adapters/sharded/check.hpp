// SPDX-License-Identifier: Apache-2.0
/// @file Compares lookup rows with users, both ways, beside whatever registers, renames and removes users.
///
/// No transaction waits for another database's, so what looks wrong is looked at again in an order that
/// makes it sure. A row: first it was seen, then the user's home, then the row again. If it is the same claim
/// both times, it was there all the while; a user who had given the name up would have left the guard
/// `released`, which stays until the row is gone. A user: first the user's home, then the row, then the home
/// again. At the same version the user had the name all the while, and the row should have been there.
/// Thread-safe; not to be called inside of a unit.
#pragma once

#include "adapters/sharded/layout.hpp"
#include "ports/sharding.hpp"

namespace muster::sharded {

/// As ports::Sharding::check().
Result<ports::CheckStep> check_names(const Layout& layout, const ports::CheckPlace& place,
                                     ports::Repair repair);

}  // namespace muster::sharded
