// SPDX-License-Identifier: Apache-2.0
/// @file The slots of one database in SQL. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/ledger.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/user_store.hpp"
#include "ports/slot_store.hpp"

namespace muster::sql {

class SqlSlotStore final : public ports::SlotStore {
 public:
  SqlSlotStore(Connection& connection, Ledger& ledger, SqlUserStore& users)
      : connection_(connection), ledger_(ledger), users_(users) {}

  Result<std::optional<model::NameRow>> name(const ports::Name& name) override;
  Result<std::map<ports::Name, model::NameRow>> names_of(const std::vector<ports::Name>& names) override;
  Status put_names(const std::vector<ports::NamedRow>& rows) override;
  Status insert_names(const std::vector<ports::NamedRow>& rows) override;
  Status activate_names(const std::vector<ports::NameOfUser>& names) override;
  Status remove_name(const ports::Name& name, UserId user) override;
  Status put_batches(const std::vector<ports::NameBatch>& batches) override;
  Result<std::set<model::ClaimId>> close_batches(const std::vector<model::ClaimId>& claims) override;
  Status expand_batch(model::ClaimId claim) override;
  Result<std::vector<model::ClaimId>> due_batches(Time before, std::size_t limit) override;
  Result<std::vector<ports::NamedRow>> pending_names(Time before, std::size_t limit) override;
  Result<std::vector<ports::NamedRow>> names(const std::optional<ports::Name>& after,
                                             std::size_t limit) override;

  Result<std::optional<ports::NamedUser>> named_user(UserId user) override;
  Result<std::vector<ports::NamedUser>> named_users(UserId after, std::size_t limit) override;
  Status hold(UserId user) override;

  Result<std::optional<model::Guard>> guard(UserId user, model::ClaimId claim) override;
  Result<std::vector<ports::StoredGuard>> guards_of(const std::vector<UserId>& users) override;
  Status put_guards(const std::vector<ports::StoredGuard>& guards) override;
  Status remove_guards(const std::vector<ports::StoredGuard>& guards) override;
  Result<std::vector<ports::StoredGuard>> guards(model::Guard state, UserId after_user,
                                                 model::ClaimId after_claim, std::size_t limit) override;

  Status post(const std::string& text) override;
  Result<std::vector<ports::Posted>> posted(std::size_t limit) override;
  Status unpost(std::int64_t id) override;
  Result<bool> take(std::int64_t token) override;
  Status forget_taken(std::int64_t token) override;
  Result<std::vector<std::int64_t>> taken(std::size_t limit) override;

  Result<std::vector<ports::SlotRow>> slots() override;
  Status check_owned(std::uint32_t slot, std::int64_t epoch) override;
  Result<std::int64_t> seq_of(std::uint32_t slot) override;
  Result<std::int64_t> changes() override;
  Result<std::vector<ports::LoggedChange>> log(std::int64_t after, std::size_t limit) override;
  Result<std::int64_t> end_of_log() override;
  Status set_owner(std::uint32_t first, std::uint32_t last, bool owned, std::int64_t epoch) override;

  Result<std::vector<ports::ShardRow>> shards() override;
  Status put_shard(const ports::ShardRow& shard) override;
  Result<model::SlotMap> map() override;
  Status put_map(model::SlotMap& map) override;

  [[nodiscard]] std::vector<ports::SlotPosition> changed() const override { return ledger_.changed(); }
  void claim_names_with(ports::NameClaims* claims) override { users_.claim_names_with(claims); }

 private:
  Status write_names(Sql statement, const std::vector<ports::NamedRow>& rows);
  Result<std::int64_t> remove_batches(const std::vector<model::ClaimId>& claims);
  /// Fences the slots of the guards' users and logs that guards changed there.
  Status touch_guards(const std::vector<ports::StoredGuard>& guards);

  Connection& connection_;
  Ledger& ledger_;
  SqlUserStore& users_;
};

}  // namespace muster::sql
