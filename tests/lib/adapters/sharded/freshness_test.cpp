// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/databases.hpp"
#include "ports/user_store.hpp"
#include "support/passing_store.hpp"

#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using ports::Home;
using ports::Unit;

/// Passes everything on, and keeps how fresh the last read of the test's own thread was to be: the store has
/// threads that read too.
class Listening final : public muster::test::PassingStore {
 public:
  Listening(std::unique_ptr<ports::Store> store, ports::Freshness& heard, std::thread::id test_thread)
      : PassingStore(std::move(store)), heard_(heard), test_thread_(test_thread) {}

  using ports::Store::read;
  Status read(const Home& home, const ports::Freshness& freshness,
              const std::function<Status(Unit&)>& work) override {
    if (std::this_thread::get_id() == test_thread_) heard_ = freshness;
    return PassingStore::read(home, freshness, work);
  }

 private:
  ports::Freshness& heard_;
  const std::thread::id test_thread_;
};

void read_user(ports::Store& store, std::int64_t id, const ports::Freshness& freshness) {
  REQUIRE(store.read(Home::of(UserId{id}), freshness, [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.users().find(UserId{id}));
    return {};
  }));
}

}  // namespace

TEST_CASE("who is content with a copy is shown no older one than this process has written", "[sharded]") {
  const std::size_t shards = GENERATE(std::size_t{0}, std::size_t{2});
  INFO(shards << " shards beside the catalog");
  ports::Freshness heard;
  const Databases folder(shards);
  ShardedOptions options = folder.options();
  options.catalog_dsn.insert(options.catalog_dsn.size() - 3, "2");
  for (std::string& each : options.shard_dsns) each.insert(each.size() - 3, "2");
  options.open =
      [&heard, tester = std::this_thread::get_id(), open = options.open](
          const std::string& dsn,
          std::shared_ptr<const ports::SlotNumbers> epochs) -> Result<std::unique_ptr<ports::Store>> {
    MUSTER_TRY(auto store, open(dsn, std::move(epochs)));
    return std::make_unique<Listening>(std::move(store), heard, tester);
  };
  auto store = ShardedStore::open(options);
  REQUIRE(store);
  const ports::Freshness recent{ports::Recency::recent, {}, ports::View::looks};

  read_user(**store, 7, recent);
  CHECK(heard.recency == ports::Recency::recent);
  CHECK(heard.at_least.empty());

  REQUIRE(create_user(**store, make_user(7, "ada")));
  read_user(**store, 7, recent);
  REQUIRE(heard.at_least.size() == 1);
  CHECK(heard.at_least[0].slot == model::slot_of(UserId{7}));
  const std::int64_t first = heard.at_least[0].seq;
  CHECK(first >= 1);

  REQUIRE((*store)->write(Home::of(UserId{7}), [&](Unit& unit) -> Status {
    MUSTER_TRY(auto user, unit.users().find(UserId{7}));
    user->display_name = "Ada";
    return unit.users().update(*user);
  }));
  read_user(**store, 7, recent);
  CHECK(heard.at_least.at(0).seq > first);

  // What the caller knows of stays asked for beside it, and a strict read asks for nothing.
  read_user(**store, 7, {ports::Recency::recent, {{model::slot_of(UserId{7}), 900}}, ports::View::looks});
  CHECK(heard.at_least.size() == 2);
  read_user(**store, 7, {});
  CHECK(heard.at_least.empty());
}

}  // namespace muster::sharded::testing
