// SPDX-License-Identifier: Apache-2.0
/// @file Mends what a check is sure of, by the steps of model/name_claim.hpp; each looks again, while it
/// holds the user. True: it is mended. Thread-safe; not to be called inside of a unit.
#pragma once

#include "adapters/sharded/layout.hpp"

namespace muster::sharded {

[[nodiscard]] bool has_name(const std::optional<ports::NamedUser>& user, const ports::Name& name);

/// Removes a row whose user has not the name.
Result<bool> remove_orphan(const Layout& layout, const ports::NamedRow& row);
/// Gives a name that a user has its row.
Result<bool> add_missing(const Layout& layout, const ports::Name& name, UserId user);

}  // namespace muster::sharded
