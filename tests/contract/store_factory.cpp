// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

#include "adapters/sqlite/sqlite_store.hpp"

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

}  // namespace

const std::vector<StoreFactory>& store_factories() {
  static const std::vector<StoreFactory> factories{
      {"sqlite", [] { return std::unique_ptr<StoreUnderTest>(std::make_unique<SqliteUnderTest>()); }},
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
