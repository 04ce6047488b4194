// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/ledger.hpp"

#include "adapters/sql/several.hpp"
#include "base/check.hpp"
#include "ports/slot_numbers.hpp"

#include <algorithm>
#include <map>

namespace muster::sql {
namespace {

const std::string state_of_owned = "OWNED";

}  // namespace

Error slot_not_owned(std::uint32_t slot, std::int64_t epoch) {
  return {ErrorCode::unavailable,
          "the user's data is being moved; try again",
          ports::slot_not_owned + std::to_string(slot) + " at epoch " + std::to_string(epoch),
          {},
          std::chrono::seconds(1)};
}

Result<std::int64_t> Ledger::touch(std::uint32_t slot, UserId user, std::int64_t users_added) {
  if (const std::uint16_t entry = entry_of_slot_[slot]; entry != no_entry) {
    if (users_added != 0) add_users(user, users_added);
    return entries_[entry].seq;
  }
  MUSTER_TRY(const std::int64_t seq, connection_.fence(slot, epoch_of(slot), users_added));
  add_entry({slot, user}, seq);
  return seq;
}

void Ledger::add_entry(const SlotUse& use, std::int64_t seq) {
  entry_of_slot_[use.slot] = static_cast<std::uint16_t>(entries_.size());
  entries_.push_back({use.slot, seq, use.user, false});
}

Status Ledger::touch_all(std::vector<SlotUse> uses, std::int64_t users_added) {
  // Whoever locks several does so in the same order.
  std::stable_sort(uses.begin(), uses.end(),
                   [](const SlotUse& a, const SlotUse& b) { return a.slot < b.slot; });
  std::map<std::int64_t, std::vector<SlotUse>> by_epoch;
  std::optional<std::uint32_t> last;
  for (const SlotUse& each : uses) {
    if (entry_of_slot_[each.slot] != no_entry || last == each.slot) {
      if (users_added != 0) add_users(each.user, users_added);
      continue;
    }
    last = each.slot;
    by_epoch[epoch_of(each.slot)].push_back(each);
  }
  for (const auto& [epoch, slots] : by_epoch) {
    if (slots.size() == 1)
      MUSTER_CHECK_OK(touch(slots.front().slot, slots.front().user, users_added));
    else
      MUSTER_CHECK_OK(fence_all(slots, epoch, users_added));
  }
  return {};
}

Status Ledger::fence_all(std::span<const SlotUse> slots, std::int64_t epoch, std::int64_t users_added) {
  const auto bind_slot = [](Query& query, const SlotUse& each) { query.integer(each.slot); };
  const auto fence = [&](Query& query) { query.integer(users_added).integer(epoch).text(state_of_owned); };
  MUSTER_TRY(const std::int64_t fenced,
             change_several(connection_, Sql::slot_fence, slots, fence, bind_slot));
  std::optional<std::uint32_t> refused;
  std::map<std::uint32_t, std::int64_t> seqs;
  const auto take = [&](Query& row) {
    const auto slot = static_cast<std::uint32_t>(row.get_integer());
    const std::int64_t epoch_there = row.get_integer();
    const bool is_owned = row.get_bytes() == state_of_owned && epoch_there == epoch;
    seqs[slot] = row.get_integer();
    if (!is_owned) refused = slot;
  };
  MUSTER_CHECK_OK(ask_for_several(
      connection_, Sql::slot_places, slots, [](Query&) {}, bind_slot, take));
  if (refused) return fail(slot_not_owned(*refused, epoch));
  if (static_cast<std::size_t>(fenced) != slots.size() || seqs.size() != slots.size())
    return fail(ErrorCode::internal, "internal error", "slots are missing in slot_state");
  for (const SlotUse& each : slots) add_entry(each, seqs[each.slot]);
  return {};
}

void Ledger::add_users(UserId user, std::int64_t amount) {
  additions_.push_back({model::slot_of(user), amount});
  users_added_ += amount;
}

Status Ledger::log(std::uint32_t slot, UserId user, Change change) {
  const std::uint16_t index = entry_of_slot_[slot];
  MUSTER_CHECK(index != no_entry);
  Entry& entry = entries_[index];
  // Of several such in a row one says it all.
  const bool is_said = entry.logged && !changes_.empty() && changes_.back().entry == index &&
                       changes_.back().user == user && changes_.back().change == change;
  if (!is_said) changes_.push_back({index, user, change, !entry.logged});
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
  changes_.resize(mark.changes);
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
  MUSTER_CHECK_OK(write_changes());
  return write_additions();
}

Status Ledger::write_changes() {
  return insert_several(connection_, Sql::change_log_insert, std::span<const LoggedChange>(changes_),
                        [&](Query& query, const LoggedChange& each) {
                          query.integer(entries_[each.entry].slot).integer(entries_[each.entry].seq);
                          const std::int64_t mark = each.is_first ? first_of_unit : 0;
                          query.integer(each.user.value);
                          query.integer(static_cast<std::int64_t>(each.change) + mark);
                        });
}

Status Ledger::write_additions() {
  std::map<std::uint32_t, std::int64_t> of_slot;
  for (const Addition& each : additions_) of_slot[each.slot] += each.users;
  std::map<std::int64_t, std::vector<std::uint32_t>> by_amount;
  for (const auto& [slot, users] : of_slot)
    if (users != 0) by_amount[users].push_back(slot);
  for (const auto& [users, slots] : by_amount)
    MUSTER_CHECK_OK(change_several(
        connection_, Sql::slot_add_users, std::span<const std::uint32_t>(slots),
        [amount = users](Query& query) { query.integer(amount); },
        [](Query& query, std::uint32_t slot) { query.integer(slot); }));
  return {};
}

void Ledger::clear() {
  for (const Entry& entry : entries_) entry_of_slot_[entry.slot] = no_entry;
  entries_.clear();
  logged_.clear();
  changes_.clear();
  additions_.clear();
  users_added_ = 0;
}

void Ledger::forget() {
  clear();
  audit_head_.reset();
}

}  // namespace muster::sql
