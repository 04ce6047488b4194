// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"
#include "support/mysql_server.hpp"

#include <atomic>
#include <random>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::test {
namespace {

using http::Method;

constexpr int workers = 4;
constexpr const char* password = "correct horse battery staple";

/// What the acknowledgements so far promise. `unknown`: a call was under way when the daemon died.
enum class Known { no, yes, unknown };

struct Account {
  std::string id;
  std::string username;
  std::string session;
  std::string token;
  std::string refresh;  ///< Empty when a refresh was under way.
  Known granted = Known::no;
  Known revoked = Known::no;
};

struct Totals {
  int acknowledged = 0;
  int refused = 0;
};

std::string json_of(const boost::json::object& fields) {
  return wire::to_text(fields);
}

/// Changes its own accounts through its own connections until the daemon is gone.
class Worker {
 public:
  Worker(int number, std::vector<Account>& accounts) : number_(number), accounts_(accounts) {}

  Totals run(const Daemon& daemon, unsigned seed) {
    random_.seed(seed);
    totals_ = {};
    Api network(daemon.url());
    Api socket("unix:" + daemon.socket());
    while (step(network, socket)) {
    }
    return totals_;
  }

 private:
  /// False when no answer came.
  bool step(Api& network, Api& socket) {
    const unsigned choice = accounts_.empty() ? 0 : random_() % 10;
    if (choice < 2) return create(network);
    Account& account = accounts_[random_() % accounts_.size()];
    if (choice < 4) return account.token.empty() ? log_in(network, account) : refresh(network, account);
    if (choice < 6) return set_role(socket, account, Method::put, Known::yes);
    if (choice < 7) return set_role(socket, account, Method::del, Known::no);
    if (account.token.empty() || account.revoked != Known::no) return create(network);
    if (choice < 8) return revoke(socket, account);
    return counted(network.call(Method::get, "/v1/auth/verify", {}, account.token));
  }

  bool counted(const Outcome& outcome) {
    if (outcome.ok()) ++totals_.acknowledged;
    if (!outcome.ok() && outcome.name != "unreachable") ++totals_.refused;
    return outcome.name != "unreachable";
  }

  bool create(Api& network) {
    Account account;
    account.username = "worker" + std::to_string(number_) + "-" + std::to_string(++names_);
    const Outcome outcome = network.call(Method::post, "/v1/users",
                                         json_of({{"username", account.username}, {"password", password}}));
    if (outcome.ok()) {
      account.id = outcome.text("id");
      accounts_.push_back(account);
    }
    return counted(outcome);
  }

  bool log_in(Api& network, Account& account) {
    const Outcome outcome = network.call(Method::post, "/v1/sessions",
                                         json_of({{"login", account.username}, {"password", password}}));
    if (outcome.ok()) take_tokens(account, outcome);
    return counted(outcome);
  }

  bool refresh(Api& network, Account& account) {
    if (account.refresh.empty() || account.revoked != Known::no) return true;
    const std::string used = std::exchange(account.refresh, {});
    const Outcome outcome =
        network.call(Method::post, "/v1/sessions/refresh", json_of({{"refresh_token", used}}));
    if (outcome.ok()) take_tokens(account, outcome);
    return counted(outcome);
  }

  bool set_role(Api& socket, Account& account, Method method, Known wanted) {
    account.granted = Known::unknown;
    const Outcome outcome =
        socket.call(method, "/v1/users/" + account.id + "/roles/reader", method == Method::put ? "{}" : "");
    if (outcome.ok()) account.granted = wanted;
    return counted(outcome);
  }

  bool revoke(Api& socket, Account& account) {
    account.revoked = Known::unknown;
    const Outcome outcome =
        socket.call(Method::post, "/v1/admin/revocations", json_of({{"session_id", account.session}}));
    if (outcome.ok()) account.revoked = Known::yes;
    return counted(outcome);
  }

  static void take_tokens(Account& account, const Outcome& outcome) {
    account.session = outcome.text("session_id");
    account.token = outcome.text("access_token");
    account.refresh = outcome.text("refresh_token");
  }

  int number_;
  int names_ = 0;
  std::vector<Account>& accounts_;
  std::mt19937 random_;
  Totals totals_;
};

/// Holds every promise against the daemon that started again.
void check_promises(const Daemon& daemon, const std::vector<Account>& accounts) {
  Api network(daemon.url());
  Api socket("unix:" + daemon.socket());
  int lost = 0;
  int undead = 0;
  int wrong = 0;
  for (const Account& account : accounts) {
    const Outcome user = socket.call(Method::get, "/v1/users/" + account.id);
    if (user.text("username") != account.username) ++lost;
    if (!account.token.empty()) {
      const Outcome verdict = network.call(Method::get, "/v1/auth/verify", {}, account.token);
      if (account.revoked == Known::yes && verdict.name != "token_revoked") ++undead;
      if (account.revoked == Known::no && !verdict.ok()) ++lost;
    }
    const Outcome check = socket.call(Method::post, "/v1/authz/check",
                                      json_of({{"user_id", account.id}, {"permission", "read:order"}}));
    const std::string allowed = check.text("allowed");
    if (account.granted == Known::yes && allowed != "true") ++wrong;
    if (account.granted == Known::no && allowed != "false") ++wrong;
  }
  CHECK(lost == 0);
  CHECK(undead == 0);
  CHECK(wrong == 0);
  const Outcome audit = socket.call(Method::get, "/v1/admin/audit/verify");
  INFO(audit.message << wire::to_text(audit.data));
  CHECK(audit.text("ok") == "true");
}

/// Uses some of the refresh tokens that were acknowledged last: each must work, once.
void check_refresh_tokens(const Daemon& daemon, std::vector<Account>& accounts, std::mt19937& random) {
  Api network(daemon.url());
  for (int i = 0; i < 5 && !accounts.empty(); ++i) {
    Account& account = accounts[random() % accounts.size()];
    if (account.refresh.empty() || account.revoked != Known::no) continue;
    const Outcome next =
        network.call(Method::post, "/v1/sessions/refresh", json_of({{"refresh_token", account.refresh}}));
    INFO(next.name << ": " << next.message);
    CHECK(next.ok());
    account.token = next.text("access_token");
    account.refresh = next.text("refresh_token");
  }
}

/// Lets the crew work and kills the daemon, that often; every other time its database server dies first.
Totals survive(Daemon& daemon, int rounds, MysqlServer* server = nullptr) {
  std::mt19937 random(20260101);
  std::vector<std::vector<Account>> accounts(workers);
  std::vector<Worker> crew;
  for (int i = 0; i < workers; ++i) crew.emplace_back(i, accounts[static_cast<std::size_t>(i)]);
  Totals totals;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Totals> parts(workers);
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i)
      threads.emplace_back([&, i, seed = random()] {
        const auto at = static_cast<std::size_t>(i);
        parts[at] = crew[at].run(daemon, static_cast<unsigned>(seed));
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 250));
    const bool server_dies = server != nullptr && round % 2 == 1;
    if (server_dies) {
      server->kill();
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
    }
    daemon.kill();
    for (std::thread& thread : threads) thread.join();
    for (const Totals& part : parts) {
      totals.acknowledged += part.acknowledged;
      totals.refused += part.refused;
    }
    if (server_dies) server->start();
    // Now and then it dies while it starts, too.
    if (round % 5 == 4) {
      daemon.launch();
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 200));
      daemon.kill();
    }
    INFO("round " << round << "\n" << daemon.log());
    REQUIRE(daemon.start());
    for (auto& each : accounts) {
      check_promises(daemon, each);
      check_refresh_tokens(daemon, each, random);
    }
  }
  WARN(rounds << " kills, " << totals.acknowledged << " acknowledged calls, " << totals.refused
              << " refused");
  CHECK(daemon.stop() == 0);
  return totals;
}

void create_role(const Daemon& daemon) {
  REQUIRE(Api("unix:" + daemon.socket())
              .call(Method::post, "/v1/roles", R"({"name":"reader","permissions":["read:order"]})")
              .ok());
}

TEST_CASE("kill -9 at random moments loses nothing that was acknowledged", "[crash]") {
  constexpr int rounds = 50;
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  create_role(daemon);
  const Totals totals = survive(daemon, rounds);
  CHECK(totals.acknowledged > rounds * 20);
  CHECK(totals.refused < totals.acknowledged / 10);
}

TEST_CASE("kill -9 of the daemon and of its database server loses nothing that was acknowledged", "[crash]") {
  constexpr int rounds = 16;
  MysqlServer server(GENERATE(ServerKind::mariadb, ServerKind::mysql57),
                     {"--innodb-flush-log-at-trx-commit=1"});
  const TemporaryFolder folder;
  DaemonOptions options;
  options.environment = {{"MUSTER_STORE_CATALOG", server.dsn(server.create_database())}};
  Daemon daemon(folder.path() + "/data", options);
  REQUIRE(daemon.start());
  create_role(daemon);
  const Totals totals = survive(daemon, rounds, &server);
  CHECK(totals.acknowledged > rounds * 20);
}

}  // namespace
}  // namespace muster::test
