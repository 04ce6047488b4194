// SPDX-License-Identifier: Apache-2.0
/// @file Lets changes of roles and what is decided by roles exclude each other, though roles are in the
/// catalog and grants in the users' databases, whichever process does either. The catalog counts the changes
/// that are done; every other database has a gate, which says with which change whoever decides there must be
/// acquainted. Who decides keeps the gate as it is until the unit ends, and reads the roles after the count.
/// A change closes the gates first, which waits for those that have passed, looks who holds what, and is kept
/// in one unit with its count, if no other change came before it. So a decision is kept before the holders
/// are looked at, or made by the changed roles. A change whose process is gone is given up by who waits for
/// it: counted as done, it can no longer be kept. Thread-safe.
#pragma once

#include "adapters/sharded/layout.hpp"
#include "base/result.hpp"

#include <cstdint>

namespace muster::sharded {

/// How many changes are done, as the catalog's unit sees it; and one more of them.
Result<std::int64_t> role_changes(ports::Unit& catalog);
Status put_role_changes(ports::Unit& catalog, std::int64_t count);

/// Of this unit's database, which is not the catalog: the change that is to be known.
Result<std::int64_t> role_gate(ports::Unit& local);
Status raise_role_gate(ports::Unit& local, std::int64_t change);

/// Closes every gate for the next change; its number. Errors: those of the databases that do not answer.
Result<std::int64_t> close_role_gates(const Layout& layout);
/// Returns when that change is done; after a while gives it up.
Status await_role_change(const Layout& layout, std::int64_t change);
/// Counts that change as done if it is not: it was refused, or its process is gone.
Status give_up_role_change(const Layout& layout, std::int64_t change);

}  // namespace muster::sharded
