// SPDX-License-Identifier: Apache-2.0
#include "bench/shards_bench.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

namespace muster::bench {
namespace {

constexpr int rounds = 3;
constexpr const char* password_hash =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Yq1v0Qm2yJ0m3cV4o5s6t7u8v9w0x1y2z3A4B5C6D7E";

std::atomic<std::int64_t> next_number{1'000'000};

/// The names that a registration takes, and what else differs from one to the next.
struct Registration {
  explicit Registration(model::User of) : user(std::move(of)) {
    slots = {model::slot_of(user.id), model::slot_of_name(model::NameKind::username, user.username),
             model::slot_of_name(model::NameKind::email, *user.email)};
    static thread_local std::mt19937_64 engine(std::random_device{}());
    for (std::int64_t& each : claims) each = static_cast<std::int64_t>(engine() >> 2U) + 1;
  }

  model::User user;
  std::array<std::uint32_t, 3> slots{};
  std::array<std::int64_t, 2> claims{};
};

void register_in(ports::Store& store, model::User user) {
  const model::Credential credential{Secret{password_hash}, user.created_at};
  must(store.write(ports::Home::of(user.id), [&](ports::Unit& unit) -> Status {
    return unit.users().create(user, user.username, credential);
  }));
}

/// A parameter: the column that it is for, and of which of a user's names it is when there are several.
struct Hole {
  std::string column;
  std::size_t row = 0;
};

struct Step {
  std::string text;
  std::vector<Hole> holes;
};

struct Transaction {
  std::string ended_at;
  std::string database;
  std::size_t slot = 0;  ///< By whose owner it is found, of Registration::slots.
  bool is_last = false;  ///< Nothing is pending after it.
  std::vector<Step> steps;
};

Parameter value_of(const Registration& of, const Transaction& transaction, const Hole& hole) {
  const std::size_t name = (transaction.slot == 0 ? hole.row : transaction.slot - 1) % 2;
  const std::string& column = hole.column;
  if (column == "id" || column == "user_id") return of.user.id.value;
  if (column == "username") return of.user.username;
  if (column == "email") return *of.user.email;
  if (column == "value") return name == 0 ? of.user.username : *of.user.email;
  if (column == "kind") return static_cast<std::int64_t>(name + 1);
  if (column == "claim") return of.claims[name];
  if (column == "slot") return std::int64_t{of.slots[transaction.slot]};
  if (column == "username_canonical" || column == "phone") return std::monostate{};
  if (column == "pending_until" && transaction.is_last) return std::monostate{};
  if (column == "hash") return password_hash;
  if (column == "attributes") return "{}";
  if (column == "display_name") return *of.user.display_name;
  if (column.ends_with("_at") || column == "pending_until") return std::int64_t{1'800'000'000'000'000};
  if (column == "created_bucket") return std::int64_t{39'000};
  return std::int64_t{1};
}

/// What each parameter of a statement is for. `row`: of the statements of that text, which one it is.
std::vector<Hole> holes_of(const std::string& text, std::size_t row) {
  std::vector<Hole> holes;
  std::vector<std::string> words;
  std::vector<std::string> columns;
  std::string word;
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    if (word == "VALUES") columns = std::move(words);
    if (!word.empty() && std::islower(static_cast<unsigned char>(word[0])) != 0) words.push_back(word);
    word.clear();
    if (c == '(' && columns.empty() && text.find("VALUES") != std::string::npos) words.clear();
    if (c != '?') continue;
    if (columns.empty())
      holes.push_back({words.empty() ? "" : words.back(), row});
    else
      holes.push_back({columns[holes.size() % columns.size()], row + holes.size() / columns.size()});
  }
  return holes;
}

std::set<test::MysqlServer*> servers_of(const Farm& farm) {
  std::set<test::MysqlServer*> servers;
  for (const Place& each : farm.places) servers.insert(each.server);
  return servers;
}

/// A user whose slots are in three databases.
Registration make_sample(const std::vector<std::size_t>& place_of_slot) {
  for (;;) {
    Registration sample(make_user(next_number++));
    std::set<std::size_t> places;
    for (const std::uint32_t slot : sample.slots) places.insert(place_of_slot[slot]);
    if (places.size() == sample.slots.size()) return sample;
  }
}

/// Of one server's log: what was committed of claims and users, without what is done behind them.
std::vector<Transaction> committed_in(const test::MysqlServer& server) {
  std::vector<Transaction> kept;
  std::istringstream lines(server.execute(
      "SELECT l.thread_id, l.event_time, COALESCE(p.db, ''), l.argument FROM mysql.general_log l JOIN "
      "information_schema.processlist p ON p.id = l.thread_id WHERE l.command_type IN ('Execute', 'Query') "
      "ORDER BY l.event_time"));
  std::map<std::string, Transaction> open;
  for (std::string thread, time, database, text;
       std::getline(lines, thread, '\t') && std::getline(lines, time, '\t') &&
       std::getline(lines, database, '\t') && std::getline(lines, text);) {
    Transaction& transaction = open[thread];
    const auto uses = [&](std::string_view words) {
      return std::any_of(transaction.steps.begin(), transaction.steps.end(),
                         [&](const Step& step) { return step.text.find(words) != std::string::npos; });
    };
    if (text != "COMMIT" && text != "ROLLBACK") {
      std::size_t row = 0;
      for (const Step& each : transaction.steps) row += each.text == text ? 1 : 0;
      transaction.steps.push_back({text, holes_of(text, row)});
      continue;
    }
    transaction.ended_at = time;
    transaction.database = database;
    if (text == "COMMIT" && uses("UPDATE slot_state") && !uses("DELETE")) kept.push_back(transaction);
    transaction = {};
  }
  return kept;
}

/// The transactions of one registration that the servers committed, in their order.
std::vector<Transaction> record(const Farm& farm, ports::Store& store,
                                const std::vector<std::size_t>& place_of_slot) {
  const Registration sample = make_sample(place_of_slot);
  for (test::MysqlServer* each : servers_of(farm))
    each->execute("TRUNCATE mysql.general_log; SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON");
  register_in(store, sample.user);
  std::vector<Transaction> kept;
  for (test::MysqlServer* each : servers_of(farm)) {
    each->execute("SET GLOBAL general_log = OFF");
    for (Transaction& one : committed_in(*each)) kept.push_back(std::move(one));
  }
  std::sort(kept.begin(), kept.end(),
            [](const Transaction& a, const Transaction& b) { return a.ended_at < b.ended_at; });
  bool is_user_there = false;
  for (Transaction& each : kept) {
    for (std::size_t i = 0; i < sample.slots.size(); ++i)
      if (farm.places[place_of_slot[sample.slots[i]]].database == each.database) each.slot = i;
    each.is_last = is_user_there;
    is_user_there = is_user_there || each.slot == 0;
  }
  must(is_user_there && kept.size() >= 3, "a registration in the logs of the servers");
  return kept;
}

/// One thread's: a connection to each server, with what was recorded prepared for each of its databases.
class BareRegistrant {
 public:
  BareRegistrant(const Farm& farm, const std::vector<Transaction>& recorded,
                 const std::vector<std::size_t>& place_of_slot)
      : farm_(farm), recorded_(recorded), place_of_slot_(place_of_slot), prepared_(farm.places.size()) {
    for (std::size_t i = 0; i < farm.places.size(); ++i) {
      Handle& handle = handles_[farm.places[i].server];
      if (!handle) {
        handle = farm.connect(i);
        must(mysql_autocommit(handle.get(), 0) == 0, mysql_error(handle.get()));
      }
      must(mysql_select_db(handle.get(), farm.places[i].database.c_str()) == 0, mysql_error(handle.get()));
      for (const Transaction& transaction : recorded)
        for (const Step& step : transaction.steps) {
          auto& place = prepared_[i][step.text];
          if (!place) place = std::make_unique<Prepared>(handle.get(), step.text);
        }
    }
  }
  BareRegistrant(const BareRegistrant&) = delete;
  BareRegistrant& operator=(const BareRegistrant&) = delete;
  ~BareRegistrant() { prepared_.clear(); }

  void add(const Registration& one) {
    std::vector<Parameter> parameters;
    for (const Transaction& transaction : recorded_) {
      const std::size_t place = place_of_slot_[one.slots[transaction.slot]];
      for (const Step& step : transaction.steps) {
        parameters.clear();
        for (const Hole& hole : step.holes) parameters.push_back(value_of(one, transaction, hole));
        Prepared& prepared = *prepared_[place].at(step.text);
        prepared.run(parameters);
        must(!step.text.starts_with("UPDATE") || prepared.changed() != 0, "the bare loop owns the slot");
      }
      MYSQL* const handle = handles_.at(farm_.places[place].server).get();
      must(mysql_commit(handle) == 0, mysql_error(handle));
    }
  }

 private:
  const Farm& farm_;
  const std::vector<Transaction>& recorded_;
  const std::vector<std::size_t>& place_of_slot_;
  std::map<test::MysqlServer*, Handle> handles_;
  std::vector<std::map<std::string, std::unique_ptr<Prepared>>> prepared_;
};

}  // namespace

void measure_registration(const Farm& farm, double seconds) {
  const auto store = farm.open();
  const auto place_of_slot = farm.place_of_slot(*store);
  const auto register_one = [&](int /*thread*/, std::uint64_t /*turn*/) {
    register_in(*store, make_user(next_number++));
  };
  rate(1, 4, register_one);
  const auto recorded = record(farm, *store, place_of_slot);
  std::size_t statements = 0;
  for (const Transaction& each : recorded) statements += each.steps.size();
  if (std::getenv("MUSTER_BENCH_SHOW") != nullptr)
    for (const Transaction& each : recorded) {
      std::fprintf(stderr, "-- %s %s\n", each.ended_at.c_str(), each.database.c_str());
      for (const Step& step : each.steps) std::fprintf(stderr, "%s\n", step.text.c_str());
    }
  for (const int threads : {16, 64}) {
    std::vector<std::unique_ptr<BareRegistrant>> bare;
    for (int i = 0; i < threads; ++i)
      bare.push_back(std::make_unique<BareRegistrant>(farm, recorded, place_of_slot));
    const auto add_bare = [&](int thread, std::uint64_t /*turn*/) {
      bare[static_cast<std::size_t>(thread)]->add(Registration(make_user(next_number++)));
    };
    std::vector<double> bare_rates;
    std::vector<double> rates;
    for (int round = 0; round < rounds; ++round) {
      bare_rates.push_back(rate(seconds, threads, add_bare));
      rates.push_back(rate(seconds, threads, register_one));
    }
    print_figure("registration / the same SQL, bare, " + std::to_string(threads) + " threads",
                 median(rates) / median(bare_rates), "min", 0.7,
                 count_text(median(rates)) + " / " + count_text(median(bare_rates)) + " a second; " +
                     std::to_string(statements) + " statements in " + std::to_string(recorded.size()) +
                     " transactions each");
  }
}

}  // namespace muster::bench
