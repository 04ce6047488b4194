// SPDX-License-Identifier: Apache-2.0
// Two stores on one database, as two programs would have it.
#include "lib/adapters/mysql/database.hpp"
#include "ports/security_store.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

MysqlOptions beside_others(const std::string& dsn) {
  MysqlOptions options = options_for(dsn);
  options.writers = Writers::several;
  return options;
}

Status add_one(ports::Unit& unit, const std::string& name) {
  MUSTER_TRY(const auto text, unit.meta().get(name));
  return unit.meta().put(name, std::to_string((text ? std::stoll(*text) : 0) + 1));
}

/// Both stores at once, each from several threads.
void from_both(const std::vector<std::unique_ptr<ports::Store>>& stores, int writes,
               const std::function<Status(ports::Unit&, std::size_t store)>& work) {
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, store = static_cast<std::size_t>(i % 2)] {
      for (int n = 0; n < writes; ++n) {
        const Status status = stores[store]->write([&](ports::Unit& unit) { return work(unit, store); });
        if (!status) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
}

}  // namespace

TEST_CASE("two programs change the same rows in opposite orders: no change is lost and none fails") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  std::vector<std::unique_ptr<ports::Store>> stores;
  for (int i = 0; i < 2; ++i) stores.push_back(open_store(beside_others(server.dsn(database))));
  REQUIRE(put(*stores[0], "a", "0"));
  REQUIRE(put(*stores[0], "b", "0"));
  constexpr int writes = 40;
  from_both(stores, writes, [](ports::Unit& unit, std::size_t store) -> Status {
    MUSTER_CHECK_OK(add_one(unit, store == 0 ? "a" : "b"));
    return add_one(unit, store == 0 ? "b" : "a");
  });
  CHECK(get(*stores[0], "a") == std::to_string(6 * writes));
  CHECK(get(*stores[1], "b") == std::to_string(6 * writes));
  CHECK(stores[0]->counters().writes_run_again + stores[1]->counters().writes_run_again > 0);
}

TEST_CASE("two programs append to one audit chain: every record links to the one before") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  std::vector<std::unique_ptr<ports::Store>> stores;
  for (int i = 0; i < 2; ++i) stores.push_back(open_store(beside_others(server.dsn(database))));
  constexpr int writes = 25;
  from_both(stores, writes, [](ports::Unit& unit, std::size_t store) {
    model::AuditRecord record;
    record.time = Time{std::chrono::seconds(1000)};
    record.actor = "os:" + std::to_string(store);
    record.source = "unix";
    record.operation = "test";
    record.target = "nothing";
    record.outcome = "ok";
    return unit.audit().append(record);
  });
  std::int64_t seq = 0;
  std::string previous;
  CHECK(stores[0]->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto records, unit.audit().list({}, 0, 1000));
    for (const auto& record : records) {
      CHECK(record.seq == ++seq);
      const std::string hash = unit.audit().chain_hash(previous, record);
      CHECK(record.hash == hash);
      previous = record.hash;
    }
    return {};
  }));
  CHECK(seq == 6 * writes);
}

TEST_CASE("a daemon keeps a database for itself, and frees it when it ends") {
  SERVER_UNDER_TEST(server);
  const MysqlOptions options = options_for(server.dsn(server.create_database()));
  auto first = open_store(options);
  const Error refused = open_error(options);
  CHECK(refused.code == ErrorCode::unavailable);
  CHECK(refused.message == options.dsn.endpoint() + ": the database is in use by another musterd");
  first.reset();
  first = open_store(options);
  CHECK(put(*first, "a", "1"));
}

}  // namespace muster::mysql::test
