// SPDX-License-Identifier: Apache-2.0
/// @file What the parts of bench_shards share.
#pragma once

#include "adapters/mysql/handle.hpp"
#include "adapters/sharded/sharded_store.hpp"
#include "model/user.hpp"
#include "support/mysql_server.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace muster::bench {

using Clock = std::chrono::steady_clock;
using mysql::Handle;

/// Ends the program when something does not work: there is nothing to measure then.
void must(bool good, const std::string& what);
void must(const Status& status);

/// `kind`: min or max.
void print_figure(const std::string& name, double value, const char* kind, double limit,
                  const std::string& detail);
std::string count_text(double value);
double median(std::vector<double> values);

struct Place {
  test::MysqlServer* server;
  std::string database;
  std::string dsn;
};

/// New databases, dealt out to the servers in turn.
struct Farm {
  Farm(std::vector<test::MysqlServer*> servers, std::size_t databases);

  [[nodiscard]] Handle connect(std::size_t place, const char* user = "muster") const;
  [[nodiscard]] std::unique_ptr<sharded::ShardedStore> open() const;
  [[nodiscard]] std::vector<std::size_t> place_of_slot(sharded::ShardedStore& store) const;

  std::vector<Place> places;
};

using Parameter = std::variant<std::monostate, std::int64_t, std::string>;

/// A prepared statement with nothing around it.
class Prepared {
 public:
  Prepared(MYSQL* handle, const std::string& text);
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared();

  /// The number of rows that it gave.
  std::size_t run(const std::vector<Parameter>& parameters);
  /// Rows changed by the last run.
  [[nodiscard]] std::uint64_t changed() const { return mysql_stmt_affected_rows(statement_); }

 private:
  struct Column {
    std::array<char, 256> buffer{};
    unsigned long length = 0;
    my_bool is_null = 0;
  };
  MYSQL_STMT* statement_;
  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
};

model::User make_user(std::int64_t number);

/// Calls a second, of as many threads.
double rate(double seconds, int threads, const std::function<void(int thread, std::uint64_t turn)>& work);

void measure_registration(const Farm& farm, double seconds);
void measure_import(const std::vector<test::MysqlServer*>& servers, std::size_t databases,
                    std::int64_t users);

}  // namespace muster::bench
