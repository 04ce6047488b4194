// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/beside_others.hpp"

#include "adapters/mysql/mysql_store.hpp"
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

std::unique_ptr<ShardedStore> open_beside_others(const std::vector<std::string>& dsns, const Wrap& wrap) {
  static system::SystemEntropy entropy;
  ShardedOptions options;
  options.catalog_dsn = dsns.front();
  options.shard_dsns.assign(dsns.begin() + 1, dsns.end());
  options.open =
      [wrap](const std::string& dsn,
             std::shared_ptr<const ports::SlotNumbers> epochs) -> Result<std::unique_ptr<ports::Store>> {
    mysql::MysqlOptions one;
    MUSTER_TRY(one.dsn, mysql::Dsn::parse(dsn));
    one.epochs = std::move(epochs);
    one.writers = mysql::Writers::several;
    MUSTER_TRY(auto store, mysql::open(std::move(one)));
    return wrap ? wrap(dsn, std::move(store)) : std::move(store);
  };
  options.surroundings = std::make_shared<const Surroundings>(Surroundings{system::wall_clock, entropy});
  auto opened = ShardedStore::open(std::move(options));
  INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
  REQUIRE(opened);
  return std::move(*opened);
}

}  // namespace muster::sharded::testing
