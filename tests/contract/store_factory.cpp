// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

#include "adapters/mysql/mysql_store.hpp"
#include "adapters/sharded/sharded_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"
#include "support/mysql_server.hpp"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

namespace muster::contract {
namespace {

using Opened = Result<std::unique_ptr<ports::Store>>;

template <class T>
T must(Result<T> opened) {
  INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
  REQUIRE(opened);
  return std::move(*opened);
}

/// A place for one database; opens what is there. The data go with it.
class Place {
 public:
  virtual ~Place() = default;
  [[nodiscard]] virtual std::string dsn() const = 0;
  virtual Opened open(std::shared_ptr<const ports::SlotNumbers> epochs) = 0;
};

class SqlitePlace final : public Place {
 public:
  SqlitePlace() {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/muster-contract-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  SqlitePlace(const SqlitePlace&) = delete;
  SqlitePlace& operator=(const SqlitePlace&) = delete;
  ~SqlitePlace() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  [[nodiscard]] std::string dsn() const override { return "sqlite://" + folder_ + "/muster.db"; }
  Opened open(std::shared_ptr<const ports::SlotNumbers> epochs) override {
    sqlite::SqliteOptions options;
    options.path = folder_ + "/muster.db";
    options.epochs = std::move(epochs);
    return sqlite::open(std::move(options));
  }

 private:
  std::string folder_;
};

// As in a daemon: databases of one server share the connections for reading.
const auto servers = std::make_shared<mysql::Servers>();

class MysqlPlace final : public Place {
 public:
  explicit MysqlPlace(test::ServerKind kind)
      : server_(test::shared_server(kind)), database_(server_.create_database()) {}
  MysqlPlace(const MysqlPlace&) = delete;
  MysqlPlace& operator=(const MysqlPlace&) = delete;
  ~MysqlPlace() override { server_.execute("DROP DATABASE " + database_); }
  [[nodiscard]] std::string dsn() const override { return server_.dsn(database_); }
  Opened open(std::shared_ptr<const ports::SlotNumbers> epochs) override {
    mysql::MysqlOptions options;
    // Called by several threads at once, which Catch is not made for.
    MUSTER_TRY(options.dsn, mysql::Dsn::parse(dsn()));
    options.epochs = std::move(epochs);
    options.servers = servers;
    return mysql::open(std::move(options));
  }

 private:
  test::MysqlServer& server_;
  std::string database_;
};

class OneUnderTest final : public StoreUnderTest {
 public:
  explicit OneUnderTest(std::unique_ptr<Place> place) : place_(std::move(place)) { reopen(); }
  ports::Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = must(place_->open(nullptr));
  }

 private:
  std::unique_ptr<Place> place_;
  std::unique_ptr<ports::Store> store_;
};

/// The first place is the catalog; users are in the others.
class ShardedUnderTest final : public StoreUnderTest {
 public:
  explicit ShardedUnderTest(std::vector<std::unique_ptr<Place>> places) : places_(std::move(places)) {
    reopen();
  }
  ports::Store& store() override { return *store_; }
  void reopen() override {
    static system::SystemEntropy entropy;
    store_.reset();
    sharded::ShardedOptions options;
    options.catalog_dsn = places_.front()->dsn();
    for (std::size_t i = 1; i < places_.size(); ++i) options.shard_dsns.push_back(places_[i]->dsn());
    options.open = [this](const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs) {
      const auto is_it = [&](const std::unique_ptr<Place>& place) { return place->dsn() == dsn; };
      return (*std::find_if(places_.begin(), places_.end(), is_it))->open(std::move(epochs));
    };
    options.surroundings =
        std::make_shared<const sharded::Surroundings>(sharded::Surroundings{system::wall_clock, entropy});
    store_ = must(sharded::ShardedStore::open(std::move(options)));
  }

 private:
  std::vector<std::unique_ptr<Place>> places_;
  std::unique_ptr<ports::Store> store_;
};

enum class Kind : std::uint8_t { sqlite, mariadb, mysql57 };

std::unique_ptr<Place> make_place(Kind kind) {
  switch (kind) {
    case Kind::sqlite:
      return std::make_unique<SqlitePlace>();
    case Kind::mariadb:
      return std::make_unique<MysqlPlace>(test::ServerKind::mariadb);
    case Kind::mysql57:
      break;
  }
  return std::make_unique<MysqlPlace>(test::ServerKind::mysql57);
}

template <Kind... kinds>
std::unique_ptr<StoreUnderTest> make() {
  std::vector<std::unique_ptr<Place>> places;
  for (const Kind kind : {kinds...}) places.push_back(make_place(kind));
  if (places.size() == 1) return std::make_unique<OneUnderTest>(std::move(places.front()));
  return std::make_unique<ShardedUnderTest>(std::move(places));
}

}  // namespace

const std::vector<StoreFactory>& store_factories() {
  using enum Kind;
  static const std::vector<StoreFactory> factories{
      {"sqlite", &make<sqlite>},
      {"mariadb", &make<mariadb>},
      {"mysql57", &make<mysql57>},
      {"sharded sqlite", &make<sqlite, sqlite, sqlite, sqlite>},
      {"sharded mixed", &make<sqlite, sqlite, mariadb, mysql57>},
      {"sharded mariadb", &make<mariadb, mariadb, mariadb>},
  };
  return factories;
}

model::User make_user(std::int64_t id, const std::string& name) {
  model::User user;
  user.id = UserId{id};
  user.username = name;
  user.created_at = at(1000);
  user.updated_at = at(1000);
  return user;
}

model::Session make_session(std::int64_t user, unsigned char which, std::int64_t created_seconds) {
  model::Session session;
  session.id.user = UserId{user};
  session.id.random.fill(which);
  session.created_at = at(created_seconds);
  session.last_used_at = at(created_seconds);
  session.expires_at = at(created_seconds + 100'000);
  session.ip = "192.0.2.1";
  session.user_agent = "test/1";
  session.refresh_hash = std::string(32, static_cast<char>(which));
  session.issued_at = at(created_seconds);
  session.issued_epoch = 3;
  return session;
}

}  // namespace muster::contract
