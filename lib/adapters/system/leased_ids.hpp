// SPDX-License-Identifier: Apache-2.0
/// @file Ids for as long as a worker id is leased. Two things keep a daemon that was frozen from giving out
/// an id that the next owner of its worker gives out too: the steady clock, by which the lease runs out at
/// the latest when it does in the store; and the id's own time, which must lie within the lease, whatever any
/// clock says. Thread-safe.
#pragma once

#include "adapters/system/snowflake.hpp"
#include "ports/lease_store.hpp"

#include <optional>

namespace muster::system {

class LeasedIds final : public ports::IdSource {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// No id is given out before hold(). `last` as for SnowflakeIds.
  explicit LeasedIds(UserId last, std::function<Time()> source = wall_clock,
                     std::function<Moment()> steady = std::chrono::steady_clock::now);

  /// The lease is known to be ours until `deadline`; a later call with the same fence renews it. Ids are
  /// later than `ids_after`, where the worker's earlier owners end.
  void hold(const ports::WorkerLease& lease, Time ids_after, Moment deadline);
  /// No more ids. The time at which those of the lease end.
  Time let_go();

  Result<std::vector<UserId>> several(std::size_t count) override;
  [[nodiscard]] Moment steady_now() const { return steady_(); }

 private:
  struct Term {
    ports::WorkerLease lease;
    Time ids_after;
    Moment deadline;
  };

  std::function<Time()> source_;
  std::function<Moment()> steady_;
  std::mutex mutex_;
  UserId last_;
  std::optional<Term> term_;
  std::optional<SnowflakeIds> ids_;
};

}  // namespace muster::system
