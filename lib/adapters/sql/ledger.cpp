// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/ledger.hpp"

#include "adapters/sql/query.hpp"
#include "base/check.hpp"

namespace muster::sql {
Result<std::int64_t> Ledger::touch(std::uint32_t slot, UserId user, std::int64_t users_added) {
  if (const std::uint16_t entry = entry_of_slot_[slot]; entry != no_entry) {
    if (users_added != 0) add_users(user, users_added);
    return entries_[entry].seq;
  }
  const std::int64_t epoch = epochs_ == nullptr ? 1 : epochs_->of(slot);
  MUSTER_TRY(const std::int64_t seq, connection_.fence(slot, epoch, users_added));
  entry_of_slot_[slot] = static_cast<std::uint16_t>(entries_.size());
  entries_.push_back({slot, seq, user, false});
  return seq;
}

void Ledger::add_users(UserId user, std::int64_t amount) {
  additions_.push_back({model::slot_of(user), amount});
  users_added_ += amount;
}

Status Ledger::log(std::uint32_t slot, UserId user, Change change) {
  const std::uint16_t index = entry_of_slot_[slot];
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

std::vector<ports::SlotPosition> Ledger::changed() const {
  std::vector<ports::SlotPosition> out;
  out.reserve(entries_.size());
  for (const Entry& each : entries_) out.push_back({each.slot, each.seq});
  return out;
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
  while (additions_.size() > mark.additions) {
    users_added_ -= additions_.back().users;
    additions_.pop_back();
  }
  audit_head_ = mark.audit_head;
}

Status Ledger::finish() {
  if (logged_.size() != entries_.size())
    for (const Entry& entry : entries_)
      if (!entry.logged) MUSTER_CHECK_OK(log(entry.slot, entry.user, Change::nothing));
  for (const Addition& each : additions_) {
    Query add(connection_, Sql::slot_add_users);
    MUSTER_CHECK_OK(add.integer(each.users).integer(each.slot).run());
  }
  return {};
}

void Ledger::clear() {
  for (const Entry& entry : entries_) entry_of_slot_[entry.slot] = no_entry;
  entries_.clear();
  logged_.clear();
  additions_.clear();
  users_added_ = 0;
}

void Ledger::forget() {
  clear();
  audit_head_.reset();
}

}  // namespace muster::sql
