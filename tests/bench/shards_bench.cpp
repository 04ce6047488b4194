// SPDX-License-Identifier: Apache-2.0
/// @file What many databases as one store cost: two MariaDB servers, 32 databases over both. It prints a
/// figure a line, as tests/bench/run takes it: name, value, min or max, limit and detail, with tabs between.
///     shards_bench [SECONDS] [USERS] [all|read|register|import]
#include "bench/shards_bench.hpp"

#include "adapters/mysql/mysql_store.hpp"
#include "adapters/sharded/sharded_store.hpp"
#include "adapters/sql/statements.hpp"
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"
#include "base/log.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string_view>
#include <thread>

namespace muster::bench {

void must(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "failed: %s\n", what.c_str());
  std::exit(1);
}

void must(const Status& status) {
  must(status.has_value(), status ? "" : status.error().message + ": " + status.error().detail);
}

void print_figure(const std::string& name, double value, const char* kind, double limit,
                  const std::string& detail) {
  std::printf("%s\t%.3f\t%s\t%g\t%s\n", name.c_str(), value, kind, limit, detail.c_str());
  std::fflush(stdout);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

namespace {

const auto servers = std::make_shared<mysql::Servers>();

Result<std::unique_ptr<ports::Store>> open_database(const std::string& dsn,
                                                    std::shared_ptr<const ports::SlotNumbers> epochs) {
  mysql::MysqlOptions options;
  auto parsed = mysql::Dsn::parse(dsn + "?connection_wait=60s");
  must(parsed.has_value(), "address");
  options.dsn = *parsed;
  options.epochs = std::move(epochs);
  options.servers = servers;
  return mysql::open(std::move(options));
}

}  // namespace

Farm::Farm(std::vector<test::MysqlServer*> servers, std::size_t databases) {
  for (std::size_t i = 0; i < databases; ++i) {
    test::MysqlServer& server = *servers[i % servers.size()];
    const std::string name = server.create_database();
    places.push_back({&server, name, server.dsn(name)});
  }
  // Side by side: making tables takes most of the time.
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> makers;
  for (int i = 0; i < 8; ++i)
    makers.emplace_back([&] {
      for (std::size_t place = next++; place < places.size(); place = next++)
        must(open_database(places[place].dsn, nullptr).has_value(), "a database");
    });
  for (std::thread& each : makers) each.join();
}

Handle Farm::connect(std::size_t place, const char* user) const {
  Handle handle(mysql_init(nullptr));
  must(mysql_real_connect(handle.get(), "127.0.0.1", user, "", places[place].database.c_str(),
                          static_cast<unsigned int>(places[place].server->port()), nullptr, 0) != nullptr,
       mysql_error(handle.get()));
  return handle;
}

std::unique_ptr<sharded::ShardedStore> Farm::open() const {
  static system::SystemEntropy entropy;
  sharded::ShardedOptions options;
  options.surroundings =
      std::make_shared<const sharded::Surroundings>(sharded::Surroundings{system::wall_clock, entropy});
  for (const Place& each : places) options.shard_dsns.push_back(each.dsn);
  options.catalog_dsn = options.shard_dsns.front();
  options.open = open_database;
  auto opened = sharded::ShardedStore::open(std::move(options));
  must(opened.has_value(), opened ? "" : opened.error().message + ": " + opened.error().detail);
  return std::move(*opened);
}

std::vector<std::size_t> Farm::place_of_slot(sharded::ShardedStore& store) const {
  const auto layout = store.shards().now();
  std::vector<std::size_t> out;
  for (const std::uint16_t database : layout->database_of_slot) {
    const std::string& dsn = layout->databases[database]->dsn;
    const auto place =
        std::find_if(places.begin(), places.end(), [&](const Place& each) { return dsn == each.dsn; });
    must(place != places.end(), "a place for " + dsn);
    out.push_back(static_cast<std::size_t>(place - places.begin()));
  }
  return out;
}

Prepared::Prepared(MYSQL* handle, const std::string& text) : statement_(mysql_stmt_init(handle)) {
  must(mysql_stmt_prepare(statement_, text.c_str(), text.size()) == 0,
       text + ": " + mysql_stmt_error(statement_));
  MYSQL_RES* const described = mysql_stmt_result_metadata(statement_);
  if (described == nullptr) return;
  columns_.resize(mysql_num_fields(described));
  binds_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto type = mysql_fetch_field_direct(described, static_cast<unsigned int>(i))->type;
    binds_[i].buffer_type = type <= MYSQL_TYPE_LONGLONG ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB;
    binds_[i].buffer = columns_[i].buffer.data();
    binds_[i].buffer_length = columns_[i].buffer.size();
    binds_[i].length = &columns_[i].length;
    binds_[i].is_null = &columns_[i].is_null;
  }
  mysql_free_result(described);
  must(mysql_stmt_bind_result(statement_, binds_.data()) == 0, mysql_stmt_error(statement_));
}

Prepared::~Prepared() {
  mysql_stmt_close(statement_);
}

std::size_t Prepared::run(const std::vector<Parameter>& parameters) {
  std::vector<MYSQL_BIND> binds(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (const auto* const integer = std::get_if<std::int64_t>(&parameters[i])) {
      binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
      // The library only reads it.
      binds[i].buffer = const_cast<std::int64_t*>(integer);
    } else if (std::holds_alternative<std::monostate>(parameters[i])) {
      binds[i].buffer_type = MYSQL_TYPE_NULL;
    } else {
      const std::string& text = std::get<std::string>(parameters[i]);
      binds[i].buffer_type = MYSQL_TYPE_BLOB;
      binds[i].buffer = const_cast<char*>(text.data());
      binds[i].buffer_length = text.size();
    }
  }
  must((binds.empty() || mysql_stmt_bind_param(statement_, binds.data()) == 0) &&
           mysql_stmt_execute(statement_) == 0,
       mysql_stmt_error(statement_));
  if (columns_.empty()) return 0;
  must(mysql_stmt_store_result(statement_) == 0, mysql_stmt_error(statement_));
  std::size_t rows = 0;
  while (mysql_stmt_fetch(statement_) != MYSQL_NO_DATA) ++rows;
  mysql_stmt_free_result(statement_);
  return rows;
}

model::User make_user(std::int64_t number) {
  model::User user;
  user.id = UserId{(std::int64_t{1} << 22U) * (number + 1)};
  user.username = "user" + std::to_string(number) + "x";
  user.email = user.username + "@example.org";
  user.display_name = "User of the bench";
  user.created_at = user.updated_at = Time{std::chrono::seconds(1'700'000'000)};
  return user;
}

double rate(double seconds, int threads, const std::function<void(int thread, std::uint64_t turn)>& work) {
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  const auto began = Clock::now();
  for (int thread = 0; thread < threads; ++thread)
    callers.emplace_back([&, thread] {
      std::uint64_t count = 0;
      while (!stop.load(std::memory_order_relaxed)) work(thread, count++);
      done += count;
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - began).count();
}

namespace {

constexpr int rounds = 5;
constexpr int readers = 4;
constexpr std::int64_t users_to_read = 6'000;

std::int64_t some_number(int thread, std::uint64_t turn) {
  const auto start = static_cast<std::uint64_t>(thread) * 1'000'003;
  return static_cast<std::int64_t>((start + turn) * 7'919 % static_cast<std::uint64_t>(users_to_read));
}

void create_users(ports::Store& store) {
  const auto parts = store.parts();
  std::vector<std::vector<model::User>> users(parts.size());
  for (std::int64_t i = 0; i < users_to_read; ++i) {
    model::User user = make_user(i);
    users[store.part_of(user.id).index].push_back(std::move(user));
  }
  for (std::size_t part = 0; part < parts.size(); ++part)
    must(store.write(parts[part], [&](ports::Unit& unit) -> Status {
      for (model::User user : users[part])
        MUSTER_CHECK_OK(unit.users().create(user, user.username, std::nullopt));
      return {};
    }));
}

// What GET /v1/users/ID asks for.
const ports::Freshness as_get_user{.recency = ports::Recency::recent, .view = ports::View::looks};

void read_user(ports::Store& store, int thread, std::uint64_t turn) {
  const UserId id = make_user(some_number(thread, turn)).id;
  bool found = false;
  must(store.read(ports::Home::of(id), as_get_user, [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto user, unit.users().find(id));
    found = user.has_value();
    return {};
  }));
  must(found, "a user is there");
}

/// For one thread, a connection to each server and on it, for every database, the statement that finds a
/// user.
class BareReader {
 public:
  explicit BareReader(const Farm& farm) {
    const std::string text = sql::all_statements()[static_cast<std::size_t>(sql::Sql::user_find)].text;
    const std::size_t table = text.find("FROM ") + 5;
    std::map<test::MysqlServer*, std::size_t> known;
    for (std::size_t i = 0; i < farm.places.size(); ++i) {
      const auto [server, is_new] = known.try_emplace(farm.places[i].server, handles_.size());
      if (is_new) handles_.push_back(farm.connect(i));
      std::string there = text;
      there.insert(table, farm.places[i].database + ".");
      statements_.push_back(std::make_unique<Prepared>(handles_[server->second].get(), there));
    }
  }
  void read(std::size_t place, UserId id) {
    must(statements_[place]->run({id.value}) == 1, "a user is there");
  }

 private:
  std::vector<Handle> handles_;
  std::vector<std::unique_ptr<Prepared>> statements_;
};

void measure_reads(const Farm& farm, double seconds) {
  const Farm same_server({farm.places[0].server}, farm.places.size());
  const Farm single({farm.places[0].server}, 1);
  const auto store = farm.open();
  const auto store_same = same_server.open();
  const auto store_single = single.open();
  for (ports::Store* each :
       {static_cast<ports::Store*>(store.get()), static_cast<ports::Store*>(store_same.get()),
        static_cast<ports::Store*>(store_single.get())})
    create_users(*each);
  const auto place_of_slot = farm.place_of_slot(*store);
  std::vector<std::unique_ptr<BareReader>> bare;
  for (int i = 0; i < readers; ++i) bare.push_back(std::make_unique<BareReader>(farm));
  const auto read_bare = [&](int thread, std::uint64_t turn) {
    const UserId id = make_user(some_number(thread, turn)).id;
    bare[static_cast<std::size_t>(thread)]->read(place_of_slot[model::slot_of(id)], id);
  };
  const auto from = [](ports::Store& one) {
    return [&one](int thread, std::uint64_t turn) { read_user(one, thread, turn); };
  };
  std::vector<double> bare_rates;
  std::vector<double> rates;
  std::vector<double> same_rates;
  std::vector<double> single_rates;
  rate(seconds / 2, readers, read_bare);
  for (int round = 0; round < rounds; ++round) {
    bare_rates.push_back(rate(seconds, readers, read_bare));
    rates.push_back(rate(seconds, readers, from(*store)));
    same_rates.push_back(rate(seconds, readers, from(*store_same)));
    single_rates.push_back(rate(seconds, readers, from(*store_single)));
  }
  print_figure("read of a user by id / bare prepared loop", median(rates) / median(bare_rates), "min", 0.7,
               count_text(median(rates)) + " / " + count_text(median(bare_rates)) + " a second, 4 threads");
  print_figure("the same, 32 shards / 1 shard of one server", median(same_rates) / median(single_rates),
               "min", 0.9, count_text(median(same_rates)) + " / " + count_text(median(single_rates)));
}

}  // namespace

std::string count_text(double value) {
  return std::to_string(static_cast<std::int64_t>(value));
}

}  // namespace muster::bench

int main(int argc, char** argv) {
  using namespace muster;
  using namespace muster::bench;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::int64_t users = argc > 2 ? std::atoll(argv[2]) : 200'000;
  const std::string_view what = argc > 3 ? argv[3] : "all";
  must(seconds > 0 && users > 0, "shards_bench [SECONDS] [USERS] [all|read|register|import]");
  must(log::configure(log::Format::text, "error"));
  const std::vector<std::string> options{"--innodb-flush-log-at-trx-commit=1", "--max-connections=3000",
                                         "--innodb-buffer-pool-size=1G",       "--innodb-log-file-size=512M",
                                         "--max-prepared-stmt-count=1000000",  "--local-infile=1"};
  test::MysqlServer first(test::ServerKind::mariadb, options);
  test::MysqlServer second(test::ServerKind::mariadb, options);
  constexpr std::size_t databases = 32;
  if (what == "all" || what == "read") measure_reads(Farm({&first, &second}, databases), seconds);
  if (what == "all" || what == "register") measure_registration(Farm({&first, &second}, databases), seconds);
  if (what == "all" || what == "import") measure_import({&first, &second}, databases, users);
  return 0;
}
