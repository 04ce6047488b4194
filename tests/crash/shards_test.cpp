// SPDX-License-Identifier: Apache-2.0
// One daemon over a catalog and three shards on real servers, and clients who go on while something breaks:
// who has to do with other shards is served all the while, what was acknowledged is kept, no name gets two
// owners, and only the operator is told which shard it is.
#include "crash/crew.hpp"
#include "support/cutting_proxy.hpp"
#include "support/mysql_server.hpp"
#include "support/small_disk.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::test {
namespace {

using http::Method;

/// What the addresses of the databases allow an answer to take: to a statement, and then to a new connection.
constexpr const char* timeouts = "?statement_timeout=3s&connect_timeout=2s";
constexpr std::chrono::seconds answer_time_max{5};
constexpr std::size_t crew_size = 8;

class Fleet {
 public:
  /// The last shard's server has its data in that folder.
  explicit Fleet(const std::string& place_of_last = {}) {
    for (int i = 0; i < 3; ++i) {
      servers_.push_back(std::make_unique<MysqlServer>(
          ServerKind::mariadb, std::vector<std::string>{"--innodb-flush-log-at-trx-commit=1"},
          Origin{{}, {}, i == 2 ? place_of_last : std::string()}));
      proxies_.push_back(std::make_unique<CuttingProxy>(servers_.back()->port()));
    }
    // The catalog and the first shard share a server.
    DaemonOptions options;
    options.listen = "127.0.0.1:" + std::to_string(free_port());
    options.environment = {{"MUSTER_STORE_CATALOG", dsn(0)},
                           {"MUSTER_STORE_SHARDS", dsn(0) + "," + dsn(1) + "," + dsn(2)}};
    daemon_ = std::make_unique<Daemon>(folder_.path() + "/data", options);
    const bool started = daemon_->start();
    INFO(daemon_->log());
    REQUIRE(started);
    crew_ = std::make_unique<Crew>(*daemon_, crew_size);
  }

  [[nodiscard]] Daemon& daemon() { return *daemon_; }
  [[nodiscard]] Crew& crew() { return *crew_; }
  /// That the shard is on; shard 1 has the catalog's.
  [[nodiscard]] MysqlServer& server_of(int shard) {
    return *servers_.at(static_cast<std::size_t>(shard - 1));
  }
  [[nodiscard]] CuttingProxy& proxy_of(int shard) {
    return *proxies_.at(static_cast<std::size_t>(shard - 1));
  }
  [[nodiscard]] CuttingProxy& proxy_of_catalog() { return *proxies_.front(); }

  /// What no user may be told.
  [[nodiscard]] std::vector<std::string> secrets() const {
    std::vector<std::string> words{"127.0.0.1", "shard", "mysql", "muster_", "catalog"};
    for (const auto& each : proxies_) words.push_back(std::to_string(each->port()));
    return words;
  }

  /// The state of each shard, as the operator is told.
  [[nodiscard]] std::map<std::string, std::string> states() const {
    const Finished listed = musterctl({"shard", "list", "-o", "json"});
    std::map<std::string, std::string> states;
    const auto json = wire::parse_json(listed.out);
    INFO(listed.out << listed.err);
    REQUIRE(json);
    for (const wire::Json& shard : json->get_object().at("items").get_array())
      states[std::string(shard.get_object().at("id").get_string())] =
          std::string(shard.get_object().at("state").get_string());
    return states;
  }

  /// What has been promised holds, names and users agree and the audit log is whole.
  void check() {
    crew_->check_promises();
    const Finished checked = musterctl({"shard", "check", "--wait", "-o", "json"});
    INFO(checked.out << checked.err);
    CHECK(checked.status == 0);
    const Outcome audit = Api("unix:" + daemon_->socket()).call(Method::get, "/v1/admin/audit/verify");
    INFO(audit.message << wire::to_text(audit.data));
    CHECK(audit.text("ok") == "true");
  }

 private:
  [[nodiscard]] Finished musterctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {program("musterctl"), "--server", "unix:" + daemon_->socket()});
    return run(arguments, {{"HOME", folder_.path()}});
  }
  std::string dsn(std::size_t server) {
    return "mysql://muster@127.0.0.1:" + std::to_string(proxies_[server]->port()) + "/" +
           servers_[server]->create_database() + timeouts;
  }

  TemporaryFolder folder_;
  std::vector<std::unique_ptr<MysqlServer>> servers_;
  std::vector<std::unique_ptr<CuttingProxy>> proxies_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Crew> crew_;
};

/// One thing that goes wrong while the crew works.
class Trouble {
 public:
  Trouble(Fleet& fleet, std::set<std::string> sick) : fleet_(fleet), sick_(std::move(sick)) {
    sightings_.forbid(fleet_.secrets());
  }

  void during(const std::function<void()>& fault) {
    fleet_.crew().work(sick_, sightings_, [&] {
      await_acknowledged(150);
      fault();
      await_acknowledged(150);
    });
    INFO(fleet_.daemon().log());
    CHECK(sightings_.wrongs() == "");
    fleet_.check();
  }

  void await_acknowledged(int count) {
    const int before = sightings_.acknowledged();
    REQUIRE(eventually([&] { return sightings_.acknowledged() >= before + count; }));
  }
  /// Those who have to do with other shards only are answered.
  void await_apart_served(int count) {
    const int before = sightings_.apart_served();
    REQUIRE(eventually([&] { return sightings_.apart_served() >= before + count; }));
  }
  /// Those who have to do with the sick shard have waited in vain.
  void await_unanswered(int count) {
    const int before = sightings_.unanswered();
    REQUIRE(eventually([&] { return sightings_.unanswered() >= before + count; }));
  }
  void check_others_unaffected() const {
    // While the first ones wait, they hold what all share.
    int failures = 0;
    for (const auto& [failure, count] : sightings_.apart_failures()) {
      UNSCOPED_INFO(failure << ", " << count << " times");
      failures += count;
    }
    CHECK(failures * 20 <= sightings_.apart_served());
    INFO(sightings_.slowest_call());
    CHECK(sightings_.apart_slowest() < answer_time_max);
    WARN("elsewhere " << sightings_.apart_served() << " answers, the slowest after "
                      << sightings_.apart_slowest().count() << " ms, " << failures << " failures; "
                      << sightings_.acknowledged() << " acknowledged, " << sightings_.unanswered()
                      << " without an answer");
  }

 private:
  Fleet& fleet_;
  const std::set<std::string> sick_;
  Sightings sightings_;
};

/// Logs users of one shard in, again and again, with more threads than the daemon has for that.
class Crowd {
 public:
  Crowd(const Daemon& daemon, std::vector<std::string> usernames) : usernames_(std::move(usernames)) {
    constexpr std::size_t size = 16;
    for (std::size_t i = 0; i < size; ++i)
      threads_.emplace_back([this, i, url = daemon.url()] {
        Api api(url);
        for (std::size_t at = i; !stopping_; ++at) {
          const Outcome outcome =
              api.call(Method::post, "/v1/sessions",
                       wire::to_text(boost::json::object{{"login", usernames_[at % usernames_.size()]},
                                                         {"password", crew_password}}));
          if (!outcome.ok()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      });
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    stopping_ = true;
    for (std::thread& each : threads_) each.join();
  }

 private:
  const std::vector<std::string> usernames_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

TEST_CASE("shards: kill -9 and SIGSTOP of servers and of the daemon", "[crash][shards]") {
  Fleet fleet;
  {
    {
      INFO("kill -9 of the daemon");
      Trouble trouble(fleet, {everywhere});
      trouble.during([&] {
        fleet.daemon().kill();
        REQUIRE(fleet.daemon().start());
      });
    }
    {
      INFO("kill -9 of a server");
      Trouble trouble(fleet, {"2"});
      trouble.during([&] {
        fleet.server_of(2).kill();
        trouble.await_apart_served(200);
        const auto states = fleet.states();
        CHECK(states.at("2") == "unreachable");
        CHECK(states.at("3") == "ok");
        fleet.server_of(2).start();
        REQUIRE(eventually([&] { return fleet.states().at("2") == "ok"; }));
      });
      trouble.check_others_unaffected();
    }
    {
      INFO("SIGSTOP of a server");
      Trouble trouble(fleet, {"3"});
      const auto usernames = fleet.crew().usernames_at("3");
      REQUIRE_FALSE(usernames.empty());
      trouble.during([&] {
        const Crowd crowd(fleet.daemon(), usernames);
        fleet.server_of(3).freeze();
        trouble.await_unanswered(60);
        // Until whoever waited has been told so, and some of those who came later.
        std::this_thread::sleep_for(answer_time_max);
        trouble.await_apart_served(400);
        const auto states = fleet.states();
        CHECK(states.at("3") != "ok");
        CHECK(states.at("2") == "ok");
        fleet.server_of(3).thaw();
        REQUIRE(eventually([&] { return fleet.states().at("3") == "ok"; }));
      });
      trouble.check_others_unaffected();
    }
    {
      INFO("SIGSTOP of the daemon, while a server dies and comes back");
      Trouble trouble(fleet, {everywhere});
      trouble.during([&] {
        fleet.daemon().process().signal(SIGSTOP);
        fleet.server_of(2).kill();
        fleet.server_of(2).start();
        fleet.daemon().process().signal(SIGCONT);
      });
    }
    {
      INFO("kill -9 of the catalog's server and of the daemon");
      Trouble trouble(fleet, {everywhere});
      trouble.during([&] {
        fleet.server_of(1).kill();
        fleet.daemon().kill();
        fleet.server_of(1).start();
        REQUIRE(fleet.daemon().start());
      });
    }
  }
}

TEST_CASE("shards: connections that are cut while changes are committed", "[crash][shards]") {
  Fleet fleet;
  for (const auto cut : {CuttingProxy::Cut::unanswered, CuttingProxy::Cut::unsent}) {
    INFO((cut == CuttingProxy::Cut::unsent ? "before" : "after") << " the server has heard of it");
    Trouble trouble(fleet, {everywhere});
    trouble.during([&] {
      for (int round = 0; round < 5; ++round)
        for (const int shard : {1, 2, 3}) {
          CuttingProxy& proxy = fleet.proxy_of(shard);
          const int before = proxy.commits_cut();
          proxy.cut_commits(cut, 2);
          REQUIRE(eventually([&] { return proxy.commits_cut() == before + 2; }));
          trouble.await_acknowledged(5);
        }
    });
  }
}

/// Fills what is left.
void fill(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  const std::string piece(4096, 'b');
  while (out << piece << std::flush) {
  }
}

TEST_CASE("shards: a full disk", "[crash][shards]") {
  const SmallDisk disk("size=96m");
  if (!disk.is_there()) {
    WARN("no file system can be mounted here: not tested");
    return;
  }
  Fleet fleet(disk.path());
  fleet.crew().set_padding(20'000);
  Trouble trouble(fleet, {"3"});
  trouble.during([&] {
    const std::string ballast = disk.path() + "/ballast";
    fill(ballast);
    REQUIRE(eventually([&] { return fleet.states().at("3") != "ok"; }));
    trouble.await_apart_served(200);
    CHECK(fleet.states().at("2") == "ok");
    std::filesystem::remove(ballast);
    // A server may end itself when it cannot write.
    if (!fleet.server_of(3).is_running()) {
      WARN("the server has ended itself");
      fleet.server_of(3).start();
    }
    REQUIRE(eventually([&] { return fleet.states().at("3") == "ok"; }));
  });
  trouble.check_others_unaffected();
}

}  // namespace
}  // namespace muster::test
