// SPDX-License-Identifier: Apache-2.0
/// @file What one database keeps so that users can be spread over several: which slots it owns, the lookup
/// rows of names, the guards of their claims (model/name_claim.hpp), and what is to be passed on to the
/// catalog. For the adapter that composes databases; operations have no use for it. Changes are fenced by
/// the slot they are in, and logged.
#pragma once

#include "base/result.hpp"
#include "ports/freshness.hpp"
#include "ports/slot_rows.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::ports {

/// Who takes and frees names for the users of a unit. Errors of claim: already_exists, with the field.
class NameClaims {
 public:
  virtual ~NameClaims() = default;
  virtual Status claim(const Name& name, UserId user) = 0;
  /// Takes all of them, or fails and takes none, and leaves rows that are to be undone.
  virtual Status claim_all(const std::vector<NameOfUser>& names) = 0;
  virtual Status release(const Name& name, UserId user) = 0;
};

class SlotStore {
 public:
  virtual ~SlotStore() = default;

  virtual Result<std::optional<model::NameRow>> name(const Name& name) = 0;
  /// The rows of those that have one.
  virtual Result<std::map<Name, model::NameRow>> names_of(const std::vector<Name>& names) = 0;
  /// Inserts or replaces.
  virtual Status put_names(const std::vector<NamedRow>& rows) = 0;
  /// Inserts active rows. Error: already_exists; then rows are left that are to be undone.
  virtual Status insert_names(const std::vector<NamedRow>& rows) = 0;
  Status put_name(const Name& name, const model::NameRow& row) { return put_names({{name, row}}); }
  /// Makes rows that are there active.
  virtual Status activate_names(const std::vector<NameOfUser>& names) = 0;
  virtual Status remove_name(const Name& name, UserId user) = 0;
  /// From here on the rows of their names, active ones that this unit has put, are pending. What moves a slot
  /// elsewhere must expand the batches with names in it first.
  virtual Status put_batches(const std::vector<NameBatch>& batches) = 0;
  /// Makes all rows active that have one of the claims: those that were there. The others' batches are not
  /// there any more.
  virtual Result<std::set<model::ClaimId>> close_batches(const std::vector<model::ClaimId>& claims) = 0;
  /// Makes the rows pending each by itself. Nothing, where there is no such batch.
  virtual Status expand_batch(model::ClaimId claim) = 0;
  /// Those that are pending, and were until before `before`.
  virtual Result<std::vector<model::ClaimId>> due_batches(Time before, std::size_t limit) = 0;
  /// Rows that are pending by themselves, and were until before `before`.
  virtual Result<std::vector<NamedRow>> pending_names(Time before, std::size_t limit) = 0;
  /// All, by kind and value, after the given one.
  virtual Result<std::vector<NamedRow>> names(const std::optional<Name>& after, std::size_t limit) = 0;

  /// The user's names as the user has them, whatever the lookup rows say.
  virtual Result<std::optional<NamedUser>> named_user(UserId user) = 0;
  /// The same of all users, by id, after the given one.
  virtual Result<std::vector<NamedUser>> named_users(UserId after, std::size_t limit) = 0;
  /// Keeps others from changing the user until the unit ends.
  virtual Status hold(UserId user) = 0;

  virtual Result<std::optional<model::Guard>> guard(UserId user, model::ClaimId claim) = 0;
  /// All of those users.
  virtual Result<std::vector<StoredGuard>> guards_of(const std::vector<UserId>& users) = 0;
  virtual Status put_guards(const std::vector<StoredGuard>& guards) = 0;
  Status put_guard(const StoredGuard& guard) { return put_guards({guard}); }
  virtual Status remove_guards(const std::vector<StoredGuard>& guards) = 0;
  /// Those in one state, by user and claim, after the given ones.
  virtual Result<std::vector<StoredGuard>> guards(model::Guard state, UserId after_user,
                                                  model::ClaimId after_claim, std::size_t limit) = 0;

  virtual Status post(const std::string& text) = 0;
  virtual Result<std::vector<Posted>> posted(std::size_t limit) = 0;
  virtual Status unpost(std::int64_t id) = 0;
  /// For the one who takes: notes that a posting was taken; false if it was before.
  virtual Result<bool> take(std::int64_t token) = 0;
  /// Forgets that it was taken: it is not posted any more.
  virtual Status forget_taken(std::int64_t token) = 0;
  /// Tokens that were taken and not forgotten.
  virtual Result<std::vector<std::int64_t>> taken(std::size_t limit) = 0;

  /// All of them.
  virtual Result<std::vector<SlotRow>> slots() = 0;
  /// Error, unless this database has the slot at that epoch: unavailable, as of a write that is fenced off.
  virtual Status check_owned(std::uint32_t slot, std::int64_t epoch) = 0;
  /// How many units have changed it; 0 for one that this database does not have.
  virtual Result<std::int64_t> seq_of(std::uint32_t slot) = 0;
  /// How many changes all of them have had together.
  virtual Result<std::int64_t> changes() = 0;
  /// The log of changes above `after`, by id; the oldest entries are dropped some day.
  virtual Result<std::vector<LoggedChange>> log(std::int64_t after, std::size_t limit) = 0;
  /// The highest id in it; 0 while there is none.
  virtual Result<std::int64_t> end_of_log() = 0;
  /// Sets owner and epoch of the slots from `first` to `last`; not fenced: it is what makes the fence.
  virtual Status set_owner(std::uint32_t first, std::uint32_t last, bool owned, std::int64_t epoch) = 0;

  /// In the catalog: every shard, by id.
  virtual Result<std::vector<ShardRow>> shards() = 0;
  /// Inserts or replaces.
  virtual Status put_shard(const ShardRow& shard) = 0;
  /// In the catalog: the map; no owners while there is none.
  virtual Result<model::SlotMap> map() = 0;
  /// Replaces it; the version is counted on.
  virtual Status put_map(model::SlotMap& map) = 0;

  /// The slots that this unit has changed so far, at what they came to.
  [[nodiscard]] virtual std::vector<SlotPosition> changed() const = 0;

  /// From here to the end of the unit, in the place of rows in this database.
  virtual void claim_names_with(NameClaims* claims) = 0;
};

}  // namespace muster::ports
