// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/ledger.hpp"

#include "adapters/sql/query.hpp"
#include "base/check.hpp"

namespace muster::sql {
namespace {

// The map has one shard, which has owned every slot from the start.
constexpr std::int64_t owner_epoch = 1;

}  // namespace

Result<std::int64_t> Ledger::touch(UserId user) {
  const std::uint32_t slot = model::slot_of(user);
  if (const std::uint16_t entry = entry_of_slot_[slot]; entry != no_entry) return entries_[entry].seq;
  MUSTER_TRY(const std::int64_t seq, connection_.fence(slot, owner_epoch));
  entry_of_slot_[slot] = static_cast<std::uint16_t>(entries_.size());
  entries_.push_back({slot, seq, user, false});
  return seq;
}

Status Ledger::log(UserId user, Change change) {
  const std::uint16_t index = entry_of_slot_[model::slot_of(user)];
  MUSTER_CHECK(index != no_entry);
  Entry& entry = entries_[index];
  Query insert(connection_, Sql::change_log_insert);
  insert.integer(entry.slot)
      .integer(entry.seq)
      .integer(user.value)
      .integer(static_cast<std::int64_t>(change));
  MUSTER_CHECK_OK(insert.run());
  if (!entry.logged) {
    entry.logged = true;
    logged_.push_back(index);
  }
  return {};
}

Result<AuditHead> Ledger::audit_head() {
  if (audit_head_) return *audit_head_;
  Query query(connection_, Sql::audit_head);
  MUSTER_TRY(const bool found, query.next());
  AuditHead head;
  if (found) {
    head.seq = query.get_integer();
    head.hash = query.get_bytes();
    head.time_high_microseconds = query.get_integer();
  }
  return head;
}

Result<AuditHead> Ledger::lock_audit_head() {
  if (!audit_head_) MUSTER_CHECK_OK(connection_.lock("audit"));
  return audit_head();
}

void Ledger::undo_to(const Mark& mark) {
  while (logged_.size() > mark.logged) {
    entries_[logged_.back()].logged = false;
    logged_.pop_back();
  }
  while (entries_.size() > mark.entries) {
    entry_of_slot_[entries_.back().slot] = no_entry;
    entries_.pop_back();
  }
  users_added_ = mark.users_added;
  audit_head_ = mark.audit_head;
}

Status Ledger::finish() {
  if (logged_.size() != entries_.size())
    for (const Entry& entry : entries_)
      if (!entry.logged) MUSTER_CHECK_OK(log(entry.user, Change::nothing));
  if (users_added_ != 0) MUSTER_CHECK_OK(connection_.add_to_counter("users", users_added_));
  return {};
}

void Ledger::clear() {
  for (const Entry& entry : entries_) entry_of_slot_[entry.slot] = no_entry;
  entries_.clear();
  logged_.clear();
  users_added_ = 0;
}

void Ledger::forget() {
  clear();
  audit_head_.reset();
}

}  // namespace muster::sql
