// SPDX-License-Identifier: Apache-2.0
// Stores whose databases are on one server share their connections for reading.
#include "adapters/mysql/servers.hpp"

#include "adapters/mysql/driver.hpp"
#include "lib/adapters/mysql/database.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

struct Shared {
  explicit Shared(MysqlServer& server, std::size_t count, std::size_t readers)
      : servers(std::make_shared<Servers>()) {
    for (std::size_t i = 0; i < count; ++i) {
      MysqlOptions options = options_for(server.dsn(server.create_database()));
      options.readers = readers;
      options.servers = servers;
      stores.push_back(open_store(options));
      REQUIRE(put(*stores.back(), "name", "store " + std::to_string(i)));
    }
  }

  std::shared_ptr<Servers> servers;
  std::vector<std::unique_ptr<ports::Store>> stores;
};

Status read_fact(ports::Store& store, ports::View view, std::string& value) {
  return store.read({.view = view}, [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto found, unit.meta().get("name"));
    value = found.value_or("");
    return {};
  });
}

/// What reads fail with, when they do; the threads use nothing of the test's macros.
class Faults {
 public:
  void note(const Status& status) {
    if (status) return;
    const std::lock_guard lock(mutex_);
    text_ += status.error().message + ": " + status.error().detail + '\n';
  }
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    text_ += text + '\n';
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

void run_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&, i] { work(i); });
  for (std::thread& each : threads) each.join();
}

int connections_of(const std::string& prefix, MysqlServer& server) {
  return std::stoi(server.execute(
      "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'muster' AND COALESCE(db, '') "
      "LIKE '" +
      prefix + "'"));
}

bool reads(sql::Sql name) {
  return std::string_view(sql::all_statements()[static_cast<std::size_t>(name)].text).starts_with("SELECT");
}

}  // namespace

TEST_CASE("stores of one server read over shared connections, each from its own database") {
  SERVER_UNDER_TEST(server);
  constexpr std::size_t count = 6;
  constexpr std::size_t readers = 3;
  Shared shared(server, count, readers);
  Faults faults;
  run_threads(8, [&](std::size_t thread) {
    for (std::size_t turn = 0; turn < 120; ++turn) {
      const std::size_t index = (thread + turn) % count;
      const auto view = turn % 3 == 0 ? ports::View::snapshot : ports::View::looks;
      std::string value;
      faults.note(read_fact(*shared.stores[index], view, value));
      if (value != "store " + std::to_string(index)) faults.note("read " + value);
    }
  });
  CHECK(faults.text() == "");
  // Of no database are the connections for reading alone.
  CHECK(connections_of("", server) <= static_cast<int>(readers));
}

TEST_CASE("every statement that reads can be prepared for a database that is not the connection's") {
  SERVER_UNDER_TEST(server);
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::vector<std::unique_ptr<ports::Store>> stores;
  for (int i = 0; i < 5; ++i) {
    const MysqlOptions options = options_for(server.dsn(server.create_database()));
    stores.push_back(open_store(options));
    endpoints.push_back(std::make_unique<Endpoint>(options.dsn, Secret(), Writers::several));
  }
  Servers servers;
  const auto sessions = servers.sessions_of(*endpoints[0], ConnectionKind::reader, 1);
  CHECK(servers.sessions_of(*endpoints[1], ConnectionKind::reader, 1) == sessions);
  CHECK(servers.sessions_of(*endpoints[1], ConnectionKind::replica, 1) != sessions);
  std::vector<std::unique_ptr<MysqlConnection>> connections;
  for (const auto& endpoint : endpoints)
    connections.push_back(std::make_unique<MysqlConnection>(
        *endpoint, std::shared_ptr<Session>(sessions, &sessions->sessions.front())));
  std::size_t prepared = 0;
  // More than a session keeps, and twice: what was given up is prepared again.
  for (int round = 0; round < 2; ++round) {
    for (const auto& connection : connections) {
      REQUIRE(connection->begin_reading(ports::View::looks));
      for (std::size_t i = 0; i < static_cast<std::size_t>(sql::Sql::count); ++i) {
        const auto name = static_cast<sql::Sql>(i);
        if (!reads(name)) continue;
        const auto statement = connection->prepare(name, 1);
        INFO(sql::all_statements()[i].text << "\n" << (statement ? "" : statement.error().detail));
        REQUIRE(statement);
        (*statement)->reset();
        ++prepared;
      }
      CHECK(connection->has_reached({0, 0}).value());
      connection->rollback();
    }
  }
  CHECK(prepared > 2 * Session::statements_max);
  const std::string open = server.execute("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
  CHECK(std::stoul(open.substr(open.find('\t') + 1)) <=
        Session::statements_max + 5 * static_cast<std::size_t>(sql::Sql::count));
}

TEST_CASE("reads that look into another database of the server do not wait for each other") {
  SERVER_UNDER_TEST(server);
  constexpr std::size_t readers = 2;
  Shared shared(server, 2, readers);
  Faults faults;
  std::atomic<std::size_t> inside{0};
  run_threads(readers, [&](std::size_t thread) {
    ports::Store& near = *shared.stores[thread % 2];
    ports::Store& far = *shared.stores[(thread + 1) % 2];
    faults.note(near.read([&](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.meta().get("name"));
      // Now every connection that is for all is taken.
      ++inside;
      for (int i = 0; i < 1000 && inside < readers; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      std::string value;
      MUSTER_CHECK_OK(read_fact(far, ports::View::looks, value));
      if (value != "store " + std::to_string((thread + 1) % 2)) faults.note("read " + value);
      MUSTER_TRY(const auto own, unit.meta().get("name"));
      if (own != "store " + std::to_string(thread % 2)) faults.note("then read " + own.value_or("nothing"));
      return {};
    }));
  });
  CHECK(inside == readers);
  CHECK(faults.text() == "");
}

TEST_CASE("a shared connection that is lost is made anew for whoever reads next") {
  SERVER_UNDER_TEST(server);
  Shared shared(server, 2, 1);
  for (const auto& store : shared.stores) {
    std::string value;
    REQUIRE(read_fact(*store, ports::View::looks, value));
    server.execute("KILL " + server.execute("SELECT id FROM information_schema.processlist WHERE user = "
                                            "'muster' AND db IS NULL LIMIT 1"));
    CHECK(eventually([&] { return try_read(*shared.stores[0]).has_value(); }));
    CHECK(eventually([&] { return try_read(*shared.stores[1]).has_value(); }));
  }
}

TEST_CASE("a store is closed while others read over the same connections") {
  SERVER_UNDER_TEST(server);
  Shared shared(server, 3, 2);
  Faults faults;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 100'000 && !stop; ++turn) {
        std::string value;
        faults.note(read_fact(*shared.stores[i % 2], ports::View::looks, value));
      }
    });
  std::string value;
  for (int i = 0; i < 20; ++i) CHECK(read_fact(*shared.stores[2], ports::View::snapshot, value));
  shared.stores.pop_back();
  stop = true;
  for (std::thread& each : threads) each.join();
  CHECK(faults.text() == "");
}

}  // namespace muster::mysql::test
