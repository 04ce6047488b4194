// SPDX-License-Identifier: Apache-2.0
/// @file The names of the statements that the stores run (statements.hpp).
#pragma once

#include <cstdint>

namespace muster::sql {

// A line for what belongs together.
// clang-format off
enum class Sql : std::uint8_t {
  user_insert, user_find, user_names_of, user_named_page, user_exists, user_ids, user_update, user_delete,
    user_page, user_page_status, user_bucket_next, user_bucket_page,
  name_insert, name_find, name_delete, name_row, name_rows, name_put, name_activate, name_pending,
    name_page, batch_put, batch_find, batch_delete, batch_due,
  guard_find, guard_of_users, guard_put, guard_delete, guard_page,
  outbox_insert, outbox_page, outbox_delete,
  taken_find, taken_insert, taken_delete, taken_page,
  slot_all, slot_find, slot_set_owner, slot_fence, slot_places, slot_add_users, slot_sum_users,
    slot_sum_seq,
  shard_all, shard_put,
  slot_map_all, slot_map_put,
  credential_find, credential_put, credential_delete,
  user_revocation_find, user_revocation_put, user_revocation_delete,
  session_insert, session_find, session_rotate, session_rotate_hour, session_revoke, session_live_of_user,
    session_first, session_after, session_all, session_count_user, session_count_sure, session_count_hour,
    session_purge_find, session_delete, session_delete_user,
  role_insert, role_find, role_update, role_set_version, role_delete, role_all, role_permission_insert,
    role_permission_delete, role_permission_find, role_permission_all, role_parent_insert,
    role_parent_delete, role_parent_find, role_parent_all, role_child_find, role_child_delete,
    role_exclusion_insert, role_exclusion_delete, role_exclusion_delete_other, role_exclusion_find,
    role_exclusion_all,
  grant_put, grant_of_user, grant_exists, grant_delete, grant_delete_user, grant_members, grant_count,
    grant_purge_find,
  revocation_insert, revocation_list, revocation_purge_find, revocation_delete,
  global_revocation_find, global_revocation_put,
  key_all, key_insert, key_update, key_delete,
  audit_insert, audit_head, audit_list, audit_list_actor, audit_list_operation, audit_list_target,
    audit_time_high,
  idempotency_find, idempotency_put, idempotency_purge_find, idempotency_delete,
  job_insert, job_find, job_update, job_list, job_claims, job_claim_find, job_claim_put, job_claim_delete,
  meta_find, meta_put,
  lease_all, lease_insert, lease_replace,
  news_head, news_list,
  node_all, node_put, node_beat, node_drain, node_delete,
  counter_find,
  change_log_insert, change_log_page, change_log_newest, change_log_oldest, change_log_trim,
  count,
};
// clang-format on

}  // namespace muster::sql
