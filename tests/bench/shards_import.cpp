// SPDX-License-Identifier: Apache-2.0
#include "bench/shards_bench.hpp"
#include "support/daemon.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include <unistd.h>

namespace muster::bench {
namespace {

constexpr const char* password_hash =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Yq1v0Qm2yJ0m3cV4o5s6t7u8v9w0x1y2z3A4B5C6D7E";

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// In no order, as real names are: ascending ones would flatter the indexes.
std::string name_of(std::int64_t number) {
  return "user" + std::to_string(number * 2'654'435'761 % 1'000'000'007) + "x" + std::to_string(number);
}

void write_users(const std::string& path, std::int64_t users) {
  std::ofstream out(path);
  for (std::int64_t i = 1; i <= users; ++i)
    out << R"({"username":")" << name_of(i) << R"(","email":")" << name_of(i)
        << R"(@example.org","display_name":"Import )" << i << R"(","password_hash":")" << password_hash
        << "\"}\n";
  out.close();
  must(out.good(), "a file of users");
}

void run_sql(MYSQL* handle, const std::string& statement) {
  must(mysql_query(handle, statement.c_str()) == 0, statement + ": " + mysql_error(handle));
}

/// What an import leaves, and the order in which it came.
struct Table {
  const char* name;
  const char* order;
};
constexpr std::array<Table, 4> tables{
    {{"users", "id"}, {"credentials", "user_id"}, {"user_names", "user_id"}, {"change_log", "id"}}};

std::string quoted(MYSQL* handle, const char* value, unsigned long length) {
  if (value == nullptr) return "NULL";
  std::string out(2 * length + 3, '\0');
  out[0] = '\'';
  const unsigned long size = mysql_real_escape_string(handle, out.data() + 1, value, length);
  out.resize(size + 1);
  return out + '\'';
}

/// Statements that insert the table's rows into a copy of it, many rows each.
std::vector<std::string> inserts_of(MYSQL* handle, const Table& table) {
  constexpr std::size_t rows_a_statement = 500;
  const std::string name = table.name;
  run_sql(handle, "SELECT * FROM " + name + " ORDER BY " + table.order);
  MYSQL_RES* const rows = mysql_store_result(handle);
  must(rows != nullptr, mysql_error(handle));
  std::vector<std::string> statements;
  std::size_t count = 0;
  while (const MYSQL_ROW row = mysql_fetch_row(rows)) {
    const unsigned long* const lengths = mysql_fetch_lengths(rows);
    if (count++ % rows_a_statement == 0)
      statements.push_back("INSERT INTO loaded_" + name + " VALUES ");
    else
      statements.back() += ',';
    for (unsigned int i = 0; i < mysql_num_fields(rows); ++i)
      statements.back() += (i == 0 ? '(' : ',') + quoted(handle, row[i], lengths[i]);
    statements.back() += ')';
  }
  mysql_free_result(rows);
  return statements;
}

/// The rows of all databases, inserted by as many connections into tables that are made the same; each
/// statement is kept before the next one. In seconds.
double insert_again(const Farm& farm) {
  std::vector<Handle> handles;
  std::vector<std::vector<std::string>> statements(farm.places.size());
  for (std::size_t i = 0; i < farm.places.size(); ++i) {
    handles.push_back(farm.connect(i, "root"));
    for (const Table& table : tables) {
      const std::string name = table.name;
      run_sql(handles[i].get(), "CREATE TABLE loaded_" + name + " LIKE " + name);
      for (std::string& each : inserts_of(handles[i].get(), table)) statements[i].push_back(std::move(each));
    }
  }
  const auto began = Clock::now();
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < farm.places.size(); ++i)
    writers.emplace_back([&, i] {
      for (const std::string& each : statements[i]) run_sql(handles[i].get(), each);
    });
  for (std::thread& each : writers) each.join();
  const double taken = seconds_since(began);
  for (const Handle& handle : handles)
    for (const Table& table : tables) run_sql(handle.get(), "DROP TABLE loaded_" + std::string(table.name));
  return taken;
}

/// The rows of all databases, loaded by as many connections into tables that are made the same; in seconds.
double load_again(const Farm& farm, const std::string& folder) {
  std::vector<Handle> handles;
  std::vector<std::thread> loaders;
  const auto file_of = [&](std::size_t place, const Table& table) {
    return folder + "/" + std::to_string(place) + "." + table.name;
  };
  for (std::size_t i = 0; i < farm.places.size(); ++i) {
    handles.push_back(farm.connect(i, "root"));
    for (const Table& table : tables) {
      const std::string name = table.name;
      run_sql(handles[i].get(),
              "SELECT * INTO OUTFILE '" + file_of(i, table) + "' FROM " + name + " ORDER BY " + table.order);
      run_sql(handles[i].get(), "CREATE TABLE loaded_" + name + " LIKE " + name);
    }
  }
  const auto began = Clock::now();
  for (std::size_t i = 0; i < farm.places.size(); ++i)
    loaders.emplace_back([&, i] {
      for (const Table& table : tables)
        run_sql(handles[i].get(),
                "LOAD DATA INFILE '" + file_of(i, table) + "' INTO TABLE loaded_" + std::string(table.name));
    });
  for (std::thread& each : loaders) each.join();
  const double taken = seconds_since(began);
  for (std::size_t i = 0; i < farm.places.size(); ++i)
    for (const Table& table : tables)
      run_sql(handles[i].get(), "DROP TABLE loaded_" + std::string(table.name));
  return taken;
}

/// Rows that were read one after the other: all there are, and those of a range of an index.
struct Reads {
  std::int64_t scanned = 0;
  std::int64_t in_order = 0;
};

Reads reads_of(const std::vector<test::MysqlServer*>& servers) {
  Reads reads;
  for (test::MysqlServer* each : servers) {
    std::istringstream lines(each->execute("SHOW GLOBAL STATUS LIKE 'Handler_read%'"));
    std::string name;
    for (std::int64_t value = 0; lines >> name >> value;) {
      if (name == "Handler_read_rnd_next") reads.scanned += value;
      if (name == "Handler_read_next") reads.in_order += value;
    }
  }
  return reads;
}

Reads difference(const Reads& after, const Reads& before) {
  return {after.scanned - before.scanned, after.in_order - before.in_order};
}

void check_reads(const std::vector<test::MysqlServer*>& servers, test::Api& api, const std::string& name,
                 const std::string& target, std::size_t rows_max) {
  constexpr int calls = 20;
  // To ask reads rows too, and so does what the daemon does by itself.
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::seconds(1)); };
  must(api.call(http::Method::get, target).ok(), name);
  const Reads first = reads_of(servers);
  pause();
  const Reads second = reads_of(servers);
  const auto began = Clock::now();
  for (int i = 0; i < calls; ++i) must(api.call(http::Method::get, target).ok(), name);
  const double milliseconds = seconds_since(began) * 1000 / calls;
  pause();
  const Reads third = reads_of(servers);
  const Reads idle = difference(second, first);
  const Reads all = difference(third, second);
  const double scanned = std::max(0.0, static_cast<double>(all.scanned - idle.scanned) / calls);
  const double in_order = static_cast<double>(all.in_order - idle.in_order) / calls;
  print_figure(name + ": rows read without an index", scanned, "max", 1,
               count_text(milliseconds * 1000) + " us a call");
  print_figure(name + ": rows read along an index", in_order, "max", static_cast<double>(rows_max), "");
}

/// What work cost: the servers' statements, commits and flushes, and the processor time of each program.
class Costs {
 public:
  Costs(const std::vector<test::MysqlServer*>& servers, test::Daemon& daemon)
      : servers_(servers), daemon_(daemon), before_(now()) {}

  /// To standard error, a user each.
  void show(double users) {
    for (const auto& [name, value] : now()) {
      const double spent = value - before_[name];
      if (spent > users / 1000) std::fprintf(stderr, "%-32s %12.3f a user\n", name.c_str(), spent / users);
    }
  }

 private:
  using Values = std::map<std::string, double>;

  /// Of a process, in microseconds.
  static double time_of(const std::string& process) {
    const std::string text = test::read_file("/proc/" + process + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

  Values now() {
    Values values;
    for (const test::MysqlServer* each : servers_) {
      std::istringstream lines(each->execute(
          "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Com\\_%' OR Variable_name LIKE 'Handler\\_%' OR "
          "Variable_name IN ('Innodb_data_fsyncs', 'Innodb_os_log_fsyncs', 'Innodb_row_lock_waits', "
          "'Innodb_row_lock_time', 'Innodb_deadlocks')"));
      std::string name;
      for (double value = 0; lines >> name >> value;) values[name] += value;
      std::istringstream id(test::read_file(each->folder() + "/pid"));
      std::string process;
      id >> process;
      values["us of processor: servers"] += time_of(process);
    }
    values["us of processor: musterd"] = time_of(std::to_string(daemon_.process().id()));
    values["us"] = seconds_since({}) * 1e6;
    return values;
  }

  const std::vector<test::MysqlServer*>& servers_;
  test::Daemon& daemon_;
  Values before_;
};

test::DaemonOptions options_of(const Farm& farm) {
  std::string shards;
  for (const Place& each : farm.places) shards += (shards.empty() ? "" : ",") + each.dsn;
  test::DaemonOptions options;
  options.environment = {{"MUSTER_STORE_CATALOG", farm.places.front().dsn},
                         {"MUSTER_STORE_SHARDS", shards},
                         {"MUSTER_LOG_LEVEL", "info"}};
  return options;
}

void start(test::Daemon& daemon) {
  must(daemon.start(), daemon.log());
}

}  // namespace

void measure_import(const std::vector<test::MysqlServer*>& servers, std::size_t databases,
                    std::int64_t users) {
  const Farm farm(servers, databases);
  const test::TemporaryFolder folder;
  const std::string work = folder.path();
  test::Daemon daemon(work + "/data", options_of(farm));
  start(daemon);
  write_users(work + "/users.jsonl", users);
  Costs costs(servers, daemon);
  const auto began = Clock::now();
  const test::Finished imported =
      test::run({test::program("musterctl"), "user", "import", work + "/users.jsonl", "--concurrency",
                 std::getenv("CONC") ? std::getenv("CONC") : "4", "--failed-out", work + "/failed.jsonl"},
                {{"MUSTER_SERVER", "unix:" + daemon.socket()}}, {}, std::chrono::hours(2));
  const double taken = seconds_since(began);
  must(imported.status == 0, imported.err + daemon.log());
  if (std::getenv("MUSTER_BENCH_SHOW") != nullptr) costs.show(static_cast<double>(users));
  const std::string loaded_from = work + "/rows";
  std::filesystem::create_directories(loaded_from);
  const double loaded = load_again(farm, loaded_from);
  const double inserted = insert_again(farm);
  const double count = static_cast<double>(users);
  print_figure("import / LOAD DATA of the same rows and indexes", loaded / taken, "min", 0.6,
               count_text(count / taken) + " / " + count_text(count / loaded) + " users a second, " +
                   std::to_string(users) + " users");
  print_figure("import / many-row inserts of the same rows and indexes", inserted / taken, "min", 0.6,
               count_text(count / taken) + " / " + count_text(count / inserted) + " users a second");
  daemon.stop();
  std::vector<double> starts;
  for (int i = 0; i < 3; ++i) {
    const auto starting = Clock::now();
    start(daemon);
    starts.push_back(seconds_since(starting) * 1000);
    if (i < 2) daemon.stop();
  }
  print_figure("then: start to ready, ms", median(starts), "max", 1000,
               std::to_string(users) + " users in " + std::to_string(databases) + " databases");
  test::Api api("unix:" + daemon.socket());
  const std::string some = name_of(users / 2);
  const auto found = api.call(http::Method::get, "/v1/users?email=" + some + "@example.org");
  must(found.ok(), found.message);
  const auto& items = found.data.at("items").as_array();
  must(items.size() == 1, "one user with that email address");
  const std::string id(items[0].at("id").as_string());
  // A page of 50 asks every database for as many and one more.
  check_reads(servers, api, "page of the list", "/v1/users?limit=50", databases * 51);
  check_reads(servers, api, "user by username", "/v1/users?username=" + some, 2);
  check_reads(servers, api, "user by email", "/v1/users?email=" + some + "@example.org", 2);
  check_reads(servers, api, "user by id", "/v1/users/" + id, 2);
  daemon.stop();
}

}  // namespace muster::bench
