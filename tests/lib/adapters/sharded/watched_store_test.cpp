// SPDX-License-Identifier: Apache-2.0
// A database that hangs, neither answering nor failing, holds up those who need it and nobody else.
#include "lib/adapters/sharded/databases.hpp"
#include "ports/user_store.hpp"
#include "support/passing_store.hpp"
#include "support/process.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using ports::Home;
using ports::Unit;

class Hang {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    hangs_ = false;
    ended_.notify_all();
  }
  void sit_out() {
    std::unique_lock lock(mutex_);
    ++sitting_;
    ended_.wait(lock, [this] { return !hangs_; });
    --sitting_;
  }
  [[nodiscard]] int sitting() const { return sitting_; }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool hangs_ = false;
  std::atomic<int> sitting_{0};
};

class HangingStore final : public muster::test::PassingStore {
 public:
  HangingStore(std::unique_ptr<ports::Store> store, Hang& hang)
      : PassingStore(std::move(store)), hang_(hang) {}

  using ports::Store::read;
  using ports::Store::write;
  Status read(const Home& home, const ports::Freshness& freshness,
              const std::function<Status(Unit&)>& work) override {
    hang_.sit_out();
    return PassingStore::read(home, freshness, work);
  }
  Status write(const Home& home, const std::function<Status(Unit&)>& work) override {
    hang_.sit_out();
    return PassingStore::write(home, work);
  }

 private:
  Hang& hang_;
};

/// Two shards, of which the first can hang.
class Shop {
 public:
  Shop() {
    ShardedOptions options = folder_.options();
    const auto other_file = [](std::string& dsn) { dsn.insert(dsn.size() - 3, "-watched"); };
    other_file(options.catalog_dsn);
    for (std::string& each : options.shard_dsns) other_file(each);
    options.open =
        [this, first = options.shard_dsns.front(), open = options.open](
            const std::string& dsn,
            std::shared_ptr<const ports::SlotNumbers> epochs) -> Result<std::unique_ptr<ports::Store>> {
      MUSTER_TRY(auto opened, open(dsn, std::move(epochs)));
      if (dsn != first) return opened;
      return std::make_unique<HangingStore>(std::move(opened), hang_);
    };
    auto opened = ShardedStore::open(std::move(options));
    REQUIRE(opened);
    store_ = std::move(*opened);
  }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;
  ~Shop() { hang_.end(); }

  [[nodiscard]] Hang& hang() { return hang_; }
  [[nodiscard]] ShardedStore& store() { return *store_; }
  [[nodiscard]] std::size_t shard_of(UserId user) { return store_->shards().now()->part_of(user); }
  [[nodiscard]] bool is_email_in(const std::string& email, std::size_t shard) {
    const auto layout = store_->shards().now();
    return &layout->owner_of(ports::Name{model::NameKind::email, email}) == layout->databases[shard].get();
  }
  [[nodiscard]] std::string email_in(std::size_t shard) {
    std::string email;
    do email = "email" + std::to_string(++emails_) + "@example.org";
    while (!is_email_in(email, shard));
    return email;
  }
  /// One whose id is in that shard.
  model::User add_user(std::size_t shard, const std::string& email) {
    do ++users_;
    while (shard_of(UserId{users_}) != shard);
    model::User user = make_user(users_, "user" + std::to_string(users_));
    user.email = email;
    const Status created = create_user(*store_, user);
    INFO(text_of(created));
    REQUIRE(created);
    return user;
  }

 private:
  const Databases folder_{2, std::make_shared<Fate>(), std::nullopt, Databases::Start::later};
  Hang hang_;
  std::unique_ptr<ShardedStore> store_;
  std::int64_t users_ = 0;
  int emails_ = 0;
};

Status set_email(ports::Store& store, UserId id, const std::string& email) {
  return store.write(Home::of(id), [&](Unit& unit) -> Status {
    MUSTER_TRY(auto user, unit.users().find(id));
    user->email = email;
    return unit.users().update(*user);
  });
}

Status set_display_name(ports::Store& store, UserId id) {
  return store.write(Home::of(id), [&](Unit& unit) -> Status {
    MUSTER_TRY(auto user, unit.users().find(id));
    user->display_name = "Changed";
    return unit.users().update(*user);
  });
}

}  // namespace

TEST_CASE("who gives up a name in a database that hangs keeps nobody else of the own one waiting",
          "[sharded]") {
  Shop shop;
  const model::User mover = shop.add_user(2, shop.email_in(1));
  const model::User other = shop.add_user(2, shop.email_in(2));
  const std::string new_email = shop.email_in(2);
  shop.hang().begin();
  const int sitting = shop.hang().sitting();
  Status moved;
  std::thread mover_thread([&] { moved = set_email(shop.store(), mover.id, new_email); });
  CHECK(muster::test::eventually([&] { return shop.hang().sitting() > sitting; }));
  std::atomic<bool> changed{false};
  std::thread other_thread([&] { changed = set_display_name(shop.store(), other.id).has_value(); });
  CHECK(muster::test::eventually([&] { return changed.load(); }, std::chrono::seconds(10)));
  shop.hang().end();
  mover_thread.join();
  other_thread.join();
  INFO(text_of(moved));
  CHECK(moved);
  const auto keeps = [&](std::size_t shard, const std::string& email) {
    std::optional<model::NameRow> row;
    REQUIRE(shop.store().shards().now()->databases[shard]->store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(row, unit.slots().name({model::NameKind::email, email}));
      return {};
    }));
    return row.has_value();
  };
  CHECK_FALSE(keeps(1, *mover.email));
  CHECK(keeps(2, new_email));
}

TEST_CASE("a database that hangs holds few up; the next ones are refused until it answers", "[sharded]") {
  constexpr int few = 4;
  constexpr int more = 8;
  Shop shop;
  const model::User user = shop.add_user(1, shop.email_in(2));
  const model::User elsewhere = shop.add_user(2, shop.email_in(2));
  const auto read = [&](UserId id) {
    return shop.store().read(Home::of(id), [&](Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.users().find(id));
      return {};
    });
  };
  shop.hang().begin();
  std::vector<std::thread> threads;
  std::atomic<int> served{0};
  for (int i = 0; i < few; ++i)
    threads.emplace_back([&] {
      if (read(user.id)) ++served;
    });
  CHECK(muster::test::eventually([&] { return shop.hang().sitting() >= few; }));
  std::atomic<int> refused{0};
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  for (int i = 0; i < more; ++i)
    threads.emplace_back([&] {
      const Status status = read(user.id);
      if (!status && status.error().code == ErrorCode::unavailable && status.error().retry_after) ++refused;
    });
  CHECK(muster::test::eventually([&] { return refused == more; }, std::chrono::seconds(10)));
  CHECK(read(elsewhere.id));
  CHECK(muster::test::eventually([&] { return !shop.store().health().reason.empty(); }));
  shop.hang().end();
  for (std::thread& each : threads) each.join();
  CHECK(served == few);
  CHECK(read(user.id));
  CHECK(shop.store().health().reason.empty());
}

}  // namespace muster::sharded::testing
