// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

#include "adapters/mysql/mysql_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "support/mysql_server.hpp"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

namespace muster::contract {
namespace {

class SqliteUnderTest final : public StoreUnderTest {
 public:
  SqliteUnderTest() {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/muster-contract-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    open();
  }
  SqliteUnderTest(const SqliteUnderTest&) = delete;
  SqliteUnderTest& operator=(const SqliteUnderTest&) = delete;
  ~SqliteUnderTest() override {
    store_.reset();
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  ports::Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    sqlite::SqliteOptions options;
    options.path = folder_ + "/muster.db";
    auto opened = sqlite::open(options);
    INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
    REQUIRE(opened);
    store_ = std::move(*opened);
  }

  std::string folder_;
  std::unique_ptr<ports::Store> store_;
};

class MysqlUnderTest final : public StoreUnderTest {
 public:
  explicit MysqlUnderTest(test::ServerKind kind)
      : server_(test::shared_server(kind)), database_(server_.create_database()) {
    open();
  }
  MysqlUnderTest(const MysqlUnderTest&) = delete;
  MysqlUnderTest& operator=(const MysqlUnderTest&) = delete;
  ~MysqlUnderTest() override {
    store_.reset();
    server_.execute("DROP DATABASE " + database_);
  }
  ports::Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    const auto dsn = mysql::Dsn::parse(server_.dsn(database_));
    REQUIRE(dsn);
    mysql::MysqlOptions options;
    options.dsn = *dsn;
    auto opened = mysql::open(options);
    INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
    REQUIRE(opened);
    store_ = std::move(*opened);
  }

  test::MysqlServer& server_;
  std::string database_;
  std::unique_ptr<ports::Store> store_;
};

template <test::ServerKind kind>
std::unique_ptr<StoreUnderTest> make_mysql() {
  return std::make_unique<MysqlUnderTest>(kind);
}

}  // namespace

const std::vector<StoreFactory>& store_factories() {
  static const std::vector<StoreFactory> factories{
      {"sqlite", [] { return std::unique_ptr<StoreUnderTest>(std::make_unique<SqliteUnderTest>()); }},
      {"mariadb", &make_mysql<test::ServerKind::mariadb>},
      {"mysql57", &make_mysql<test::ServerKind::mysql57>},
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
