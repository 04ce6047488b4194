// SPDX-License-Identifier: Apache-2.0
/// @file What a unit of work keeps beside its rows: the slots it has fenced and their sequence numbers, the
/// change log, the count of users and the head of the audit chain. It follows savepoints: undo_to() takes
/// back what the database took back. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/connection.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "model/slot.hpp"

#include <array>
#include <cstdint>
#include <optional>
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
};

struct AuditHead {
  std::int64_t seq = 0;
  std::string hash;  ///< Raw; empty before the first record.
  std::int64_t time_high_microseconds = 0;
};

class Ledger {
 public:
  explicit Ledger(Connection& connection) : connection_(connection) { entry_of_slot_.fill(no_entry); }

  /// Fences the user's slot, once in a unit; the sequence number that its changed rows carry as their
  /// version.
  Result<std::int64_t> touch(UserId user);
  /// Notes a change in the log. The slot must have been touched.
  Status log(UserId user, Change change);

  void add_users(std::int64_t amount) { users_added_ += amount; }
  [[nodiscard]] std::int64_t users_added() const { return users_added_; }

  Result<AuditHead> audit_head();
  /// The same, and nobody else can append until the transaction ends.
  Result<AuditHead> lock_audit_head();
  void set_audit_head(AuditHead head) { audit_head_ = std::move(head); }

  struct Mark {
    std::size_t entries;
    std::size_t logged;
    std::int64_t users_added;
    std::optional<AuditHead> audit_head;
  };
  [[nodiscard]] Mark mark() const { return {entries_.size(), logged_.size(), users_added_, audit_head_}; }
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

  Connection& connection_;
  std::vector<Entry> entries_;
  std::vector<std::uint16_t> logged_;  ///< Entries in the order in which they were first logged.
  std::array<std::uint16_t, model::slot_count> entry_of_slot_{};
  std::int64_t users_added_ = 0;
  std::optional<AuditHead> audit_head_;
};

}  // namespace muster::sql
