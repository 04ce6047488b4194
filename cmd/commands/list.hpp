// SPDX-License-Identifier: Apache-2.0
/// @file The commands that are more than one operation. Each is written in the file of its noun.
#pragma once

#include "cmd/command.hpp"

namespace muster::cmd {

Command enable_user();
Command disable_user();
Command import_users();
Command export_users();

Command grant_role();
Command role_impact();

Command verify_token();

Command watch_job();

Command verify_audit();
Command export_audit();

Command list_events();
Command watch_events();

Command drain_shard();
Command check_shards();

Command create_backup();

Command warm_cache();

Command set_context();
Command use_context();
Command list_contexts();
Command delete_context();

Command log_in();
Command log_out();

Command doctor();
Command completion();
Command show_version();

}  // namespace muster::cmd
