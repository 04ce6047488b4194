// SPDX-License-Identifier: Apache-2.0
/// @file What reading a user by id through the store on a database server costs beside a bare loop of one
/// prepared statement, on the same server with as many connections, in turns. It starts a MariaDB of its own.
///     mysql_bench [USERS] [SECONDS] [CONNECTIONS]
#include "adapters/mysql/mysql_store.hpp"
#include "adapters/sql/statements.hpp"
#include "base/log.hpp"
#include "ports/user_store.hpp"
#include "support/mysql_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <mysql.h>

namespace {

using namespace muster;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr int users_in_a_unit = 1000;

void must(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "failed: %s\n", what.c_str());
  std::exit(1);
}

UserId id_number(std::int64_t number) {
  return UserId{(std::int64_t{1} << 22U) * (number + 1)};
}

/// In no order, and the same for both.
UserId some_id(std::uint64_t turn, std::int64_t users) {
  return id_number(static_cast<std::int64_t>(turn * 7'919 % static_cast<std::uint64_t>(users)));
}

void create_users(ports::Store& store, std::int64_t users) {
  for (std::int64_t first = 0; first < users; first += users_in_a_unit) {
    const Status status = store.write([&](ports::Unit& unit) -> Status {
      for (std::int64_t i = first; i < std::min(users, first + users_in_a_unit); ++i) {
        model::User user;
        user.id = id_number(i);
        user.username = "user" + std::to_string(i);
        user.email = user.username + "@example.org";
        user.display_name = "User number " + std::to_string(i);
        user.created_at = user.updated_at = Time{std::chrono::seconds(1'700'000'000 + i)};
        MUSTER_CHECK_OK(unit.users().create(user, user.username, std::nullopt));
      }
      return {};
    });
    must(status.has_value(), status ? "" : status.error().message + ": " + status.error().detail);
  }
}

/// A connection that runs one prepared statement, with nothing around it.
class Bare {
 public:
  Bare(int port, const std::string& database) : handle_(mysql_init(nullptr)) {
    must(mysql_real_connect(handle_, "127.0.0.1", "muster", "", database.c_str(),
                            static_cast<unsigned int>(port), nullptr, 0) != nullptr,
         mysql_error(handle_));
    const char* const text = sql::all_statements()[static_cast<std::size_t>(sql::Sql::user_find)].text;
    statement_ = mysql_stmt_init(handle_);
    must(mysql_stmt_prepare(statement_, text, std::strlen(text)) == 0, mysql_stmt_error(statement_));
    parameter_.buffer_type = MYSQL_TYPE_LONGLONG;
    parameter_.buffer = &id_;
    must(mysql_stmt_bind_param(statement_, &parameter_) == 0, "parameter");
    MYSQL_RES* const described = mysql_stmt_result_metadata(statement_);
    const unsigned int columns = mysql_num_fields(described);
    must(columns <= columns_.size(), "columns");
    for (unsigned int i = 0; i < columns; ++i) {
      Column& column = columns_[i];
      const bool is_integer = mysql_fetch_field_direct(described, i)->type <= MYSQL_TYPE_LONGLONG;
      binds_[i].buffer_type = is_integer ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB;
      binds_[i].buffer = column.buffer.data();
      binds_[i].buffer_length = column.buffer.size();
      binds_[i].length = &column.length;
      binds_[i].is_null = &column.is_null;
    }
    mysql_free_result(described);
    must(mysql_stmt_bind_result(statement_, binds_.data()) == 0, "result");
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    mysql_stmt_close(statement_);
    mysql_close(handle_);
  }

  void read(UserId id) {
    id_ = id.value;
    must(mysql_stmt_execute(statement_) == 0, mysql_stmt_error(statement_));
    must(mysql_stmt_store_result(statement_) == 0, mysql_stmt_error(statement_));
    must(mysql_stmt_fetch(statement_) == 0, "a user is there");
    mysql_stmt_free_result(statement_);
  }

 private:
  struct Column {
    std::array<char, 256> buffer{};
    unsigned long length = 0;
    my_bool is_null = 0;
  };
  MYSQL* handle_;
  MYSQL_STMT* statement_ = nullptr;
  MYSQL_BIND parameter_{};
  std::int64_t id_ = 0;
  std::array<Column, 16> columns_;
  std::array<MYSQL_BIND, 16> binds_{};
};

/// Of as many threads, each with what it was given; in reads a second.
double rate(double seconds, int threads, const std::function<void(int thread, std::uint64_t turn)>& read) {
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  const auto began = Clock::now();
  for (int thread = 0; thread < threads; ++thread)
    callers.emplace_back([&, thread] {
      std::uint64_t turn = static_cast<std::uint64_t>(thread) * 1'000'003;
      std::uint64_t count = 0;
      for (; !stop.load(std::memory_order_relaxed); ++count) read(thread, turn++);
      done += count;
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t users = argc > 1 ? std::atoll(argv[1]) : 20'000;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  const int connections = argc > 3 ? std::atoi(argv[3]) : 4;
  must(users > 0 && seconds > 0 && connections > 0, "mysql_bench [USERS] [SECONDS] [CONNECTIONS]");
  must(log::configure(log::Format::text, "error").has_value(), "log");

  test::MysqlServer server(test::ServerKind::mariadb);
  const std::string database = server.create_database();
  mysql::MysqlOptions options;
  auto dsn = mysql::Dsn::parse(
      server.dsn(database, "connections_max=" + std::to_string(connections) + "&connection_wait=60s"));
  must(dsn.has_value(), "address");
  options.dsn = *dsn;
  auto opened = mysql::open(options);
  must(opened.has_value(), opened ? "" : opened.error().message);
  ports::Store& store = **opened;
  create_users(store, users);

  std::vector<std::unique_ptr<Bare>> bare;
  for (int i = 0; i < connections; ++i) bare.push_back(std::make_unique<Bare>(server.port(), database));
  const auto read_bare = [&](int thread, std::uint64_t turn) {
    bare[static_cast<std::size_t>(thread)]->read(some_id(turn, users));
  };
  const ports::Freshness one_look{.view = ports::View::looks};
  const auto read_store = [&](int /*thread*/, std::uint64_t turn) {
    bool found = false;
    const Status status = store.read(one_look, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const auto user, unit.users().find(some_id(turn, users)));
      found = user.has_value();
      return {};
    });
    must(status && found, "read");
  };
  const auto read_snapshot = [&](int /*thread*/, std::uint64_t turn) {
    must(store
             .read([&](ports::Unit& unit) -> Status {
               MUSTER_CHECK_OK(unit.users().find(some_id(turn, users)));
               return {};
             })
             .has_value(),
         "read");
  };
  std::vector<double> bare_rates;
  std::vector<double> store_rates;
  std::vector<double> snapshot_rates;
  rate(seconds / 2, connections, read_bare);
  for (int round = 0; round < rounds; ++round) {
    bare_rates.push_back(rate(seconds, connections, read_bare));
    store_rates.push_back(rate(seconds, connections, read_store));
    snapshot_rates.push_back(rate(seconds, connections, read_snapshot));
  }
  std::printf("read by id, %d connections: bare %.0f/s, store %.0f/s, in a snapshot %.0f/s\n", connections,
              median(bare_rates), median(store_rates), median(snapshot_rates));
  std::printf("read by id: ratio %.2f\n", median(store_rates) / median(bare_rates));
  return 0;
}
