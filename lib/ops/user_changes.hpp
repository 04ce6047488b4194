// SPDX-License-Identifier: Apache-2.0
/// @file How what is remembered of users follows the store. Whoever changes a user, or what hangs on it,
/// calls one of these in the unit that does. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "ports/name.hpp"
#include "ports/store.hpp"

#include <vector>

namespace muster::ops {

struct Context;

/// When the unit is durable, nothing older than it is shown of the user. Called after the user was changed.
void forget_after_commit(const Context& context, ports::Unit& unit, const std::vector<UserId>& users);
void forget_after_commit(const Context& context, ports::Unit& unit, UserId user);
/// Whoever gives names to users, new ones or others, calls this in the unit that does.
void note_names(const Context& context, ports::Unit& unit, std::vector<ports::Name> names);

}  // namespace muster::ops
