// SPDX-License-Identifier: Apache-2.0
/// @file Muster's own permissions, listed once, and the roles it brings. An operation's `needs` is one of
/// these codes; whoever may grant roles or change them can give themselves more, so only muster-admin has
/// those.
#pragma once

#include "model/role.hpp"

#include <array>
#include <string_view>
#include <vector>

namespace muster::model {

struct KnownPermission {
  std::string_view code;
  std::string_view description;
};

inline constexpr std::array known_permissions{
    KnownPermission{"create:user", "Create users"},
    KnownPermission{"read:user", "Read any user and what they hold"},
    KnownPermission{"update:user", "Change, disable and enable any user, set a password"},
    KnownPermission{"delete:user", "Delete any user"},
    KnownPermission{"import:user", "Import users with ready-made hashes"},
    KnownPermission{"export:user", "Export users"},
    KnownPermission{"create:role", "Create roles"},
    KnownPermission{"read:role", "Read roles, their members and anybody's grants"},
    KnownPermission{"update:role", "Change a role's permissions, parents and exclusions"},
    KnownPermission{"delete:role", "Delete roles"},
    KnownPermission{"grant:role", "Grant a role and take it back"},
    KnownPermission{"read:session", "List anybody's sessions"},
    KnownPermission{"revoke:token", "Revoke tokens and sessions by session, user, role or all"},
    KnownPermission{"introspect:token", "Ask whether a token is active"},
    KnownPermission{"check:permission", "Check and explain anybody's permissions"},
    KnownPermission{"read:audit", "Read, export and verify the audit log"},
    KnownPermission{"read:key", "List signing keys"},
    KnownPermission{"rotate:key", "Rotate signing keys"},
    KnownPermission{"backup:store", "Back the store up and verify a backup"},
    KnownPermission{"restore:store", "Restore the store from a backup"},
    KnownPermission{"read:job", "Read jobs"},
    KnownPermission{"update:job", "Pause, resume and cancel jobs"},
    KnownPermission{"read:config", "Read the running configuration"},
    KnownPermission{"update:config", "Reload the configuration"},
    KnownPermission{"read:node", "Read the daemons' state"},
    KnownPermission{"drain:node", "Take a daemon out of service"},
    KnownPermission{"read:event", "Follow events"},
    KnownPermission{"read:shard", "Read shards, slots and migrations"},
    KnownPermission{"migrate:shard", "Add, drain and migrate shards"},
    KnownPermission{"read:cache", "Read cache statistics"},
    KnownPermission{"warm:cache", "Warm caches up"},
    KnownPermission{"flush:cache", "Flush caches"},
    KnownPermission{"read:capacity", "Read capacity reports and forecasts"},
    KnownPermission{"run:loadtest", "Run load tests"},
};

inline constexpr std::string_view admin_role = "muster-admin";
inline constexpr std::string_view operator_role = "muster-operator";
inline constexpr std::string_view auditor_role = "muster-auditor";
/// No other role's name may begin so.
inline constexpr std::string_view builtin_role_prefix = "muster-";

/// muster-admin, muster-auditor and muster-operator, sorted by name, ready to be stored. muster-operator runs
/// the service and its users but hands out no rights; muster-auditor only reads.
std::vector<Role> builtin_roles();

}  // namespace muster::model
