// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/plans.hpp"

#include <algorithm>
#include <array>

namespace muster::sql {
namespace {

constexpr const char* few_slots = "there are 4,096 slots, and all are wanted";
constexpr const char* few_shards = "there are as many rows as databases, and all are wanted";
constexpr const char* few_roles = "roles are kept in memory as a whole; they are few";

constexpr std::array allowed{
    AllowedScan{Sql::slot_all, few_slots},
    AllowedScan{Sql::slot_sum_users, few_slots},
    AllowedScan{Sql::slot_sum_seq, few_slots},
    AllowedScan{Sql::slot_map_all, few_slots},
    AllowedScan{Sql::shard_all, few_shards},
    AllowedScan{Sql::role_all, few_roles},
    AllowedScan{Sql::role_permission_all, few_roles},
    AllowedScan{Sql::role_parent_all, few_roles},
    AllowedScan{Sql::role_exclusion_all, few_roles},
    AllowedScan{Sql::key_all, "keys are few: those of one token's life; they are listed by age"},
    AllowedScan{Sql::job_claims, "of jobs that have not ended; they are few, and all are wanted"},
    AllowedScan{Sql::node_all, "there are as many rows as daemons, and all are wanted"},
    AllowedScan{Sql::lease_all, "there are as many rows as daemons, and all are wanted"},
};

constexpr std::array all_indexes{
    Index{"users_by_status", "users", "status"},
    Index{"users_by_created", "users", "created_bucket, id, created_at"},
    Index{"user_names_pending", "user_names", "pending_until"},
    Index{"name_batches_pending", "name_batches", "pending_until"},
    Index{"name_guards_by_state", "name_guards", "state, user_id, claim"},
    Index{"sessions_by_user", "sessions", "user_id, revoked_at, created_at, random"},
    Index{"sessions_by_death", "sessions", "dead_hour"},
    Index{"role_parents_by_parent", "role_parents", "parent"},
    Index{"grants_by_role", "grants", "role, user_id"},
    Index{"grants_by_expiry", "grants", "expires_at"},
    Index{"revocations_by_expiry", "revocations", "expires_at"},
    Index{"audit_by_actor", "audit", "actor"},
    Index{"audit_by_operation", "audit", "operation"},
    Index{"audit_by_target", "audit", "target"},
    Index{"idempotency_by_expiry", "idempotency", "expires_at"},
};

struct Use {
  Sql statement;
  std::string_view index;
};

constexpr std::array uses{
    Use{Sql::user_page_status, "users_by_status"},
    Use{Sql::user_bucket_next, "users_by_created"},
    Use{Sql::user_bucket_page, "users_by_created"},
    Use{Sql::name_pending, "user_names_pending"},
    Use{Sql::batch_due, "name_batches_pending"},
    Use{Sql::guard_page, "name_guards_by_state"},
    Use{Sql::session_first, "sessions_by_user"},
    Use{Sql::session_after, "sessions_by_user"},
    Use{Sql::session_count_sure, "sessions_by_death"},
    Use{Sql::session_count_hour, "sessions_by_death"},
    Use{Sql::session_purge_find, "sessions_by_death"},
    Use{Sql::role_child_find, "role_parents_by_parent"},
    Use{Sql::role_child_delete, "role_parents_by_parent"},
    Use{Sql::grant_members, "grants_by_role"},
    Use{Sql::grant_count, "grants_by_role"},
    Use{Sql::grant_purge_find, "grants_by_expiry"},
    Use{Sql::revocation_purge_find, "revocations_by_expiry"},
    Use{Sql::audit_list_actor, "audit_by_actor"},
    Use{Sql::audit_list_operation, "audit_by_operation"},
    Use{Sql::audit_list_target, "audit_by_target"},
    Use{Sql::idempotency_purge_find, "idempotency_by_expiry"},
};

/// With so few rows it does not matter how they are reached, and databases choose what is simplest.
constexpr std::int64_t few_rows = 1000;

bool may_scan(Sql statement) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const AllowedScan& each) { return each.statement == statement; });
}

std::string columns_of(const Index& index) {
  return std::string(index.name) + " (" + index.columns + ")";
}

class Examiner {
 public:
  explicit Examiner(PlanSource& source) : source_(source) {}

  Status find_indexes() {
    for (const Index& each : all_indexes) {
      MUSTER_TRY(const bool is_there, source_.has_index(each));
      if (!is_there) missing_.push_back(&each);
    }
    return {};
  }

  Status look_at(const std::string& name, const std::string& text, const Index* index, bool scan_is_allowed) {
    ++found.statements;
    if (std::find(missing_.begin(), missing_.end(), index) != missing_.end()) {
      found.faults.push_back(
          {name, index->table, "the index " + columns_of(*index) + " is missing",
           "CREATE INDEX " + std::string(index->name) + " ON " + index->table + " (" + index->columns + ")"});
      return {};
    }
    const auto plan = source_.plan_of(text);
    if (!plan) {
      if (plan.error().code == ErrorCode::unavailable) return fail(plan.error());
      found.faults.push_back({name, {}, "the database refuses it: " + plan.error().detail, {}});
      return {};
    }
    if (scan_is_allowed) return {};
    for (const TableAccess& access : *plan) MUSTER_CHECK_OK(judge(name, access));
    return {};
  }

  ports::Examination found;

 private:
  Status judge(const std::string& name, const TableAccess& access) {
    if (!access.scans && !access.sorts) return {};
    // Without an index to choose, it is a scan of whatever will be there.
    const bool is_a_choice = access.could_search || !access.scans;
    MUSTER_TRY(const bool has_few, source_.has_at_most(access.table, few_rows));
    if (is_a_choice && has_few) return {};
    std::string problem = access.scans ? "reads the whole table" : "sorts what it reads";
    if (access.scans && !access.could_search) problem += ": no key or index serves it";
    found.faults.push_back({name, access.table, problem + " (" + access.text + ")",
                            is_a_choice ? access.remedy : std::string()});
    return {};
  }

  PlanSource& source_;
  std::vector<const Index*> missing_;
};

}  // namespace

std::span<const AllowedScan> allowed_scans() {
  return allowed;
}

std::span<const Index> indexes() {
  return all_indexes;
}

const Index* index_for(Sql statement) {
  const auto* const use =
      std::find_if(uses.begin(), uses.end(), [&](const Use& each) { return each.statement == statement; });
  if (use == uses.end()) return nullptr;
  return std::find_if(all_indexes.begin(), all_indexes.end(),
                      [&](const Index& each) { return each.name == use->index; });
}

Result<ports::Examination> examine_plans(PlanSource& source, std::span<const NamedText> own) {
  Examiner examiner(source);
  MUSTER_CHECK_OK(examiner.find_indexes());
  for (const StatementText& each : all_statements()) {
    const std::string name(name_of(each.name));
    MUSTER_CHECK_OK(examiner.look_at(name, each.text, index_for(each.name), may_scan(each.name)));
    constexpr std::size_t several = 16;
    // Rows that are added are not looked for.
    if (each.row != nullptr && std::string_view(each.text).find("VALUES") == std::string_view::npos)
      MUSTER_CHECK_OK(examiner.look_at(name + " of several rows", text_of(each.name, several),
                                       index_for(each.name), false));
  }
  for (const NamedText& each : own) MUSTER_CHECK_OK(examiner.look_at(each.name, each.text, nullptr, false));
  return std::move(examiner.found);
}

std::string text_of(const std::vector<TableAccess>& plan) {
  std::string text;
  for (const TableAccess& each : plan) text += (text.empty() ? "" : "; ") + each.text;
  return text;
}

}  // namespace muster::sql
