// SPDX-License-Identifier: Apache-2.0
/// @file The shards as their operator sees them. Thread-safe.
#pragma once

#include "adapters/sharded/rates.hpp"
#include "adapters/sharded/shards.hpp"
#include "base/ticker.hpp"
#include "ports/sharding.hpp"

namespace muster::sharded {

class OperatedShards final : public ports::Sharding {
 public:
  /// `shards` must outlive it.
  explicit OperatedShards(Shards& shards);

  ports::ShardingReport look() override;
  std::vector<ports::ShardReport> overview() override;
  std::vector<ports::ShardExamination> examine() override;
  Result<std::unique_ptr<ports::ShardAddition>> prepare_to_add(const std::string& dsn) override;
  Result<ports::CheckStep> check(const ports::CheckPlace& place, ports::Repair repair) override;

 private:
  void sample();

  Shards& shards_;
  Rates rates_;
  Ticker sampler_;
};

}  // namespace muster::sharded
