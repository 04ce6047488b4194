// SPDX-License-Identifier: Apache-2.0
/// @file Every operation of Muster, in the order the documentation shows them. The one place to add one.
#pragma once

#include "ops/audit.hpp"
#include "ops/backups.hpp"
#include "ops/cache.hpp"
#include "ops/cache_stats.hpp"
#include "ops/change_role.hpp"
#include "ops/check_permission.hpp"
#include "ops/create_role.hpp"
#include "ops/create_user.hpp"
#include "ops/delete_role.hpp"
#include "ops/explain_permission.hpp"
#include "ops/get_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/import_users.hpp"
#include "ops/inspect_token.hpp"
#include "ops/jobs.hpp"
#include "ops/keys.hpp"
#include "ops/list_role_members.hpp"
#include "ops/list_roles.hpp"
#include "ops/list_user_roles.hpp"
#include "ops/log_in.hpp"
#include "ops/nodes.hpp"
#include "ops/operation.hpp"
#include "ops/passwords.hpp"
#include "ops/revoke_tokens.hpp"
#include "ops/role_impact.hpp"
#include "ops/sessions.hpp"
#include "ops/shards.hpp"
#include "ops/shards_change.hpp"
#include "ops/shards_check.hpp"
#include "ops/shards_examine.hpp"
#include "ops/shards_skew.hpp"
#include "ops/update_role.hpp"
#include "ops/users.hpp"
#include "ops/warm_cache.hpp"

namespace muster::ops {

using AllOperations = OperationList<
    CreateUser, ListUsers, GetUser, UpdateUser, DeleteUser, ChangeOwnPassword, SetUserPassword, LogIn,
    RefreshSession, ListSessions, EndSessions, EndCurrentSession, EndSession, VerifyToken, InspectToken,
    CheckPermission, CheckPermissions, ExplainPermission, ListRoles, CreateRole, GetRole, UpdateRole,
    DeleteRole, AllowPermission, DisallowPermission, InheritRole, DisinheritRole, ExcludeRole, UnexcludeRole,
    ListRoleMembers, GetRoleImpact, ListUserRoles, ListUserPermissions, GrantRole, RevokeRole, RevokeTokens,
    ListAudit, VerifyAudit, StartAuditVerification, CreateBackup, ListBackups, VerifyBackup, RestoreBackup,
    ListJobs, GetJob, PauseJob, ResumeJob, CancelJob, ListKeys, RotateKeys, ImportUsers, ExportUsers,
    ShowConfig, ListNodes, DrainNode, UndrainNode, ListShards, ListSlots, ShowSkew, AddShard, DrainShard,
    CheckShards, ExamineShards, ShowCache, FlushCache, AuditCache, WarmCache>;

}  // namespace muster::ops
