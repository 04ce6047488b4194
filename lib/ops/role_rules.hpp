// SPDX-License-Identifier: Apache-2.0
/// @file What every change of roles and grants must obey, inside the unit that makes it: the roles as they
/// are there, separation of duty among those who hold them, and that nobody gives away more than they have.
#pragma once

#include "model/compiled_roles.hpp"
#include "ops/call.hpp"
#include "ports/store.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace muster::ops {

using RolesNow = std::shared_ptr<const model::CompiledRoles>;

/// The roles as `unit` sees them: `known` if they are of that version, else compiled anew.
Result<RolesNow> roles_in(ports::Unit& unit, const RolesNow& known);

/// A caller over the network can only hand out codes that it has itself. Error: permission_denied.
Status check_hands_out(Context& context, ports::Unit& unit, const Call& call,
                       const model::CompiledRoles& roles, std::span<const std::string> codes);

/// Whoever sets a user's password or login name can come in as that user, and whoever disables or deletes one
/// shuts them out: a caller over the network needs every right over Muster that the user has, also while the
/// user is disabled. Error: permission_denied.
Status check_no_more_rights(Context& context, ports::Unit& unit, const Call& call, const RolesNow& known,
                            UserId user);

/// Whether the graph, with `role` changed as `after`, leaves nobody with two roles that exclude each other.
/// Error: conflict naming the pair and some who hold both.
Status check_holders(ports::Unit& unit, const model::RoleGraph& after, const std::string& role, Time now);

/// Changes one role by `edit`, under all the rules above; the role as it is after. Nothing is written when
/// edit changed nothing. Errors: not_found, conflict, invalid_argument, permission_denied,
/// precondition_failed; edit's own.
Result<model::Role> change_role(Context& context, ports::Unit& unit, Call& call, Change& change,
                                const RolesNow& known, const std::string& name,
                                const std::function<Status(model::Role&)>& edit);

/// Sorted, each once.
std::vector<std::string> sorted_names(std::vector<std::string> names);
Error no_such_role(const std::string& name);

}  // namespace muster::ops
