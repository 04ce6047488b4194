// SPDX-License-Identifier: Apache-2.0
/// @file What a unit of work keeps beside its rows: the slots it has fenced and their sequence numbers, the
/// change log, the slots' numbers of users and the head of the audit chain. It follows savepoints: undo_to()
/// takes back what the database took back. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/connection.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "model/slot.hpp"
#include "ports/freshness.hpp"
#include "ports/slot_numbers.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::sql {

/// What a change did, as the change log keeps it.
enum class Change : std::uint8_t {
  nothing = 0,  ///< The slot was locked, and then nothing changed; keeps its sequence without a gap.
  user = 1,
  user_removed = 2,
  credential = 3,
  revocation = 4,
  session = 5,
  session_removed = 6,
  grant = 7,
  grant_removed = 8,
  name = 9,
  guard = 10,
};

/// Added to the first that a unit logs of a slot: who reads the log from somewhere on sees whether the unit
/// has begun before that.
inline constexpr std::int64_t first_of_unit = 64;

/// A slot that is to be changed, and on whose account.
struct SlotUse {
  std::uint32_t slot;
  UserId user;
};

struct AuditHead {
  std::int64_t seq = 0;
  std::string hash;  ///< Raw; empty before the first record.
  std::int64_t time_high_microseconds = 0;
};

class Ledger {
 public:
  /// Without `epochs` every slot has been owned here from the start.
  Ledger(Connection& connection, const ports::SlotNumbers* epochs)
      : connection_(connection), epochs_(epochs) {
    entry_of_slot_.fill(no_entry);
  }

  /// Fences the user's slot, once in a unit, and adds to its number of users; the sequence number that its
  /// changed rows carry as their version.
  Result<std::int64_t> touch(UserId user, std::int64_t users_added = 0) {
    return touch(model::slot_of(user), user, users_added);
  }
  /// The same for a name's lookup row, which is in a slot of its own.
  Result<std::int64_t> touch_slot(std::uint32_t slot, UserId user) { return touch(slot, user, 0); }
  /// The same for many, adding `users_added` for each of them, in few statements.
  Status touch_all(std::vector<SlotUse> uses, std::int64_t users_added = 0);
  /// The sequence number of a slot that was touched.
  [[nodiscard]] std::int64_t seq_of(std::uint32_t slot) const { return entries_[entry_of_slot_[slot]].seq; }
  /// Notes a change for the log, which finish() writes. The slot must have been touched.
  Status log(UserId user, Change change) { return log(model::slot_of(user), user, change); }
  Status log(std::uint32_t slot, UserId user, Change change);

  /// Of a slot that was touched.
  void add_users(UserId user, std::int64_t amount);
  /// Not yet in the slots' rows.
  [[nodiscard]] std::int64_t users_added() const { return users_added_; }

  [[nodiscard]] std::vector<ports::SlotPosition> changed() const;

  Result<AuditHead> audit_head();
  /// The same, and nobody else can append until the transaction ends.
  Result<AuditHead> lock_audit_head();
  void set_audit_head(AuditHead head) { audit_head_ = std::move(head); }

  struct Mark {
    std::size_t entries;
    std::size_t logged;
    std::size_t changes;
    std::size_t additions;
    std::optional<AuditHead> audit_head;
  };
  [[nodiscard]] Mark mark() const {
    return {entries_.size(), logged_.size(), changes_.size(), additions_.size(), audit_head_};
  }
  void undo_to(const Mark& mark);

  /// Writes what is written once in a unit; the unit's last step before its savepoint is released.
  Status finish();
  /// Ready for the next unit of the same transaction.
  void clear();
  /// Ready for a new transaction, whatever became of the last one.
  void forget();

 private:
  static constexpr std::uint16_t no_entry = 0xffff;
  struct Entry {
    std::uint32_t slot;
    std::int64_t seq;
    UserId user;  ///< Who first touched it.
    bool logged;
  };
  struct LoggedChange {
    std::uint16_t entry;
    UserId user;
    Change change;
    bool is_first;
  };
  struct Addition {
    std::uint32_t slot;
    std::int64_t users;
  };
  [[nodiscard]] std::int64_t epoch_of(std::uint32_t slot) const {
    return epochs_ == nullptr ? 1 : epochs_->of(slot);
  }
  Result<std::int64_t> touch(std::uint32_t slot, UserId user, std::int64_t users_added);
  void add_entry(const SlotUse& use, std::int64_t seq);
  /// Slots of one epoch, none of which was touched before. After an error the unit must be undone.
  Status fence_all(std::span<const SlotUse> slots, std::int64_t epoch, std::int64_t users_added);
  Status write_changes();
  Status write_additions();

  Connection& connection_;
  const ports::SlotNumbers* epochs_;
  std::vector<Entry> entries_;
  std::vector<std::uint16_t> logged_;  ///< Entries in the order in which they were first logged.
  std::vector<LoggedChange> changes_;
  std::array<std::uint16_t, model::slot_count> entry_of_slot_{};
  std::vector<Addition> additions_;
  std::int64_t users_added_ = 0;  ///< Their sum.
  std::optional<AuditHead> audit_head_;
};

}  // namespace muster::sql
