// SPDX-License-Identifier: Apache-2.0
// Slots change their owner while another process, with a map of its own, is stopped; when it goes on it
// neither writes to the former owner nor believes what that still has, and finds the new one by itself.
#include "adapters/sharded/check.hpp"
#include "lib/adapters/sharded/beside_others.hpp"
#include "lib/adapters/sharded/invariants.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"
#include "support/mysql_server.hpp"
#include "support/passing_store.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using muster::test::eventually;
using ports::Home;
using ports::Unit;

/// Keeps whoever wants to write waiting while it is closed.
class Door {
 public:
  void close() { closed_ = true; }
  void open() { closed_ = false; }
  void pass() {
    ++waiting_;
    static_cast<void>(eventually([&] { return !closed_; }));
    --waiting_;
  }
  [[nodiscard]] int waiting() const { return waiting_; }

 private:
  std::atomic<bool> closed_{false};
  std::atomic<int> waiting_{0};
};

class StoreBehindDoor final : public muster::test::PassingStore {
 public:
  StoreBehindDoor(std::unique_ptr<ports::Store> store, Door& door)
      : PassingStore(std::move(store)), door_(door) {}

  using ports::Store::write;
  Status write(const Home& home, const std::function<Status(Unit&)>& work) override {
    door_.pass();
    return PassingStore::write(home, work);
  }

 private:
  Door& door_;
};

/// Its catalog's store is behind the door.
std::unique_ptr<ShardedStore> open_behind_door(const std::vector<std::string>& dsns, Door& door) {
  return open_beside_others(
      dsns,
      [&door, catalog = dsns.front()](const std::string& dsn,
                                      std::unique_ptr<ports::Store> store) -> std::unique_ptr<ports::Store> {
        if (dsn != catalog) return store;
        return std::make_unique<StoreBehindDoor>(std::move(store), door);
      });
}

/// A catalog and two shards on one server, whose slots can be moved from one to the other.
class Movable {
 public:
  Movable() {
    for (int i = 0; i < 3; ++i) {
      names_.push_back(server_.create_database());
      dsns_.push_back(server_.dsn(names_.back(), "statement_timeout=4s"));
    }
    store_ = open_beside_others(dsns_);
    map_ = layout()->map;
  }

  [[nodiscard]] const std::vector<std::string>& dsns() const { return dsns_; }
  [[nodiscard]] ShardedStore& store() { return *store_; }
  [[nodiscard]] std::shared_ptr<const Layout> layout() { return store_->shards().now(); }
  /// Gives every slot of one shard, and what is in them, to the other. False while somebody holds one of
  /// them.
  [[nodiscard]] bool move_all(std::size_t from, std::size_t to) {
    if (!set_all(from, from, model::SlotMap(map_), false)) return false;
    for (const char* table :
         {"users", "user_names", "credentials", "user_revocations", "sessions", "grants", "name_guards"})
      server_.execute("REPLACE INTO " + names_[to] + "." + table + " SELECT * FROM " + names_[from] + "." +
                      table);
    model::SlotMap next = map_;
    const model::ShardId former = layout()->databases[from]->id;
    for (model::SlotOwner& owner : next.owners)
      if (owner.shard == former) owner = {layout()->databases[to]->id, owner.epoch + 1};
    REQUIRE(set_all(to, to, next, true));
    REQUIRE(layout()->catalog().store->write([&](Unit& unit) { return unit.slots().put_map(next); }));
    map_ = next;
    REQUIRE(store_->shards().refresh());
    return true;
  }
  /// Ends every connection of all but root, as an operator does to those of a process that hangs.
  void end_connections() {
    std::istringstream ids(
        server_.execute("SELECT id FROM information_schema.processlist WHERE user = 'muster'"));
    for (std::string id; ids >> id;) {
      try {
        server_.execute("KILL CONNECTION " + id);
      } catch (const std::runtime_error&) {
        // It has ended by itself.
      }
    }
  }
  [[nodiscard]] std::string rows_of_users(std::size_t shard) {
    return server_.execute("SELECT COUNT(*), COALESCE(SUM(version), 0) FROM users", names_[shard]);
  }

 private:
  Status set_all(std::size_t database, std::size_t owner, const model::SlotMap& map, bool owned) {
    const model::ShardId id = layout()->databases[owner]->id;
    return layout()->databases[database]->store->write([&](Unit& unit) -> Status {
      for (std::uint32_t first = 0, next = 0; first < model::slot_count; first = next) {
        while (next < model::slot_count && map.owners[next] == map.owners[first]) ++next;
        if (map.owners[first].shard != id) continue;
        MUSTER_CHECK_OK(unit.slots().set_owner(first, next - 1, owned, map.owners[first].epoch));
      }
      return {};
    });
  }

  muster::test::MysqlServer& server_ = muster::test::shared_server(muster::test::ServerKind::mariadb);
  std::vector<std::string> names_;
  std::vector<std::string> dsns_;
  std::unique_ptr<ShardedStore> store_;
  model::SlotMap map_;
};

constexpr const char* dsns_variable = "TEST_WRITER_DSNS";
constexpr const char* pause_variable = "TEST_WRITER_PAUSE";

/// What it said was kept.
std::set<std::int64_t> kept_by(const muster::test::Process& writer) {
  std::set<std::int64_t> ids;
  std::istringstream lines(writer.out());
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("kept ") && !lines.eof()) ids.insert(std::stoll(line.substr(5)));
  return ids;
}

/// Whether it says, last of all, that it does nothing.
bool is_idle(const muster::test::Process& writer) {
  constexpr std::string_view idle = "idle\n";
  const std::string out = writer.out();
  return out.size() >= idle.size() && out.ends_with(idle);
}

void freeze(const muster::test::Process& process) {
  process.signal(SIGSTOP);
  const std::string tasks = "/proc/" + std::to_string(process.id()) + "/task";
  REQUIRE(eventually([&] {
    const std::filesystem::directory_iterator all(tasks);
    return std::all_of(begin(all), end(all), [](const std::filesystem::directory_entry& task) {
      return muster::test::read_file(task.path() / "stat").find(") T ") != std::string::npos;
    });
  }));
}

void check_names_and_users(const Layout& layout) {
  ports::CheckPlace place;
  place.shard = layout.databases.front()->id;
  for (int steps = 0; steps < 10'000; ++steps) {
    const auto step = check_names(layout, place, ports::Repair::no);
    INFO((step ? "" : step.error().message + " / " + step.error().detail));
    REQUIRE(step);
    CHECK(step->faults.empty());
    if (!step->next) return;
    place = *step->next;
  }
  FAIL("there is no end of it");
}

}  // namespace

/// The other process.
TEST_CASE("writes users until it is ended", "[.writer]") {
  const char* const variable = std::getenv(dsns_variable);
  const char* const pause = std::getenv(pause_variable);
  REQUIRE(variable != nullptr);
  REQUIRE(pause != nullptr);
  std::vector<std::string> dsns;
  std::istringstream words(variable);
  for (std::string word; words >> word;) dsns.push_back(word);
  const auto store = open_beside_others(dsns);
  constexpr std::int64_t users_max = 100'000;
  for (std::int64_t id = 1; id <= users_max; ++id) {
    if (std::filesystem::exists(pause)) {
      std::printf("idle\n");
      std::fflush(stdout);
      REQUIRE(eventually([&] { return !std::filesystem::exists(pause); }, std::chrono::seconds(120)));
    }
    const Status created = create_user(*store, make_user(id, "user" + std::to_string(id)));
    std::printf("%s %lld\n", created ? "kept" : "refused", static_cast<long long>(id));
    std::fflush(stdout);
  }
}

TEST_CASE("a process that is stopped while slots change their owner writes nothing to the former one",
          "[sharded]") {
  // Between two writes: only its map is old. In the midst of them: its connections are ended by the operator.
  const bool between = GENERATE(true, false);
  INFO((between ? "between two writes" : "in the midst of writes"));
  constexpr int changes = 4;
  Movable movable;
  const muster::test::TemporaryFolder folder;
  const std::string pause = folder.path() + "/pause";
  muster::test::Process writer(
      {std::filesystem::read_symlink("/proc/self/exe").string(), "[.writer]"}, folder.path(),
      {{dsns_variable, movable.dsns()[0] + " " + movable.dsns()[1] + " " + movable.dsns()[2]},
       {pause_variable, pause}});
  for (int change = 0; change < changes; ++change) {
    INFO("change " << change << "\n" << writer.err());
    const std::size_t from = 1 + static_cast<std::size_t>(change) % 2;
    const std::size_t to = 3 - from;
    const std::size_t kept_before = kept_by(writer).size();
    REQUIRE(eventually([&] { return kept_by(writer).size() >= kept_before + 20; }));
    if (between) {
      muster::test::write_file(pause, "");
      REQUIRE(eventually([&] { return is_idle(writer); }));
    }
    freeze(writer);
    // In the background it may have held a slot just then; that ends as it does for an operator.
    if (!between) movable.end_connections();
    REQUIRE(eventually([&] {
      if (movable.move_all(from, to)) return true;
      movable.end_connections();
      return false;
    }));
    const std::string former = movable.rows_of_users(from);
    const std::size_t kept_then = kept_by(writer).size();
    std::filesystem::remove(pause);
    writer.signal(SIGCONT);
    REQUIRE(eventually([&] { return kept_by(writer).size() >= kept_then + 20; }));
    CHECK(movable.rows_of_users(from) == former);
  }
  writer.signal(SIGKILL);
  REQUIRE(writer.wait(std::chrono::seconds(30)));
  std::size_t lost = 0;
  for (const std::int64_t id : kept_by(writer))
    lost += get(movable.store(), [&](Unit& unit) { return unit.users().find(UserId{id}); }) ? 0 : 1;
  CHECK(lost == 0);
  check_names_and_users(*movable.layout());
}

TEST_CASE("who has an old map is shown nothing that a former owner still has", "[sharded]") {
  Movable movable;
  const auto other = open_beside_others(movable.dsns());
  // Both and their names are first in the second shard.
  const auto is_in_second = [&](std::uint32_t slot) { return movable.layout()->database_of_slot[slot] == 2; };
  std::int64_t number = 0;
  const auto new_user = [&] {
    const auto name = [&] { return "user" + std::to_string(number); };
    do ++number;
    while (!is_in_second(model::slot_of(UserId{number})) ||
           !is_in_second(model::slot_of_name(model::NameKind::username, name())));
    return make_user(number, name());
  };
  const model::User user = new_user();
  const model::User gone = new_user();
  for (const model::User& each : {user, gone}) REQUIRE(create_user(*other, each));
  REQUIRE(movable.move_all(2, 1));
  REQUIRE(movable.store().write(Home::of(user.id), [&](Unit& unit) -> Status {
    MUSTER_TRY(auto found, unit.users().find(user.id));
    found->display_name = "Countess";
    return unit.users().update(*found);
  }));
  REQUIRE(movable.store().write(Home::of(gone.id), [&](Unit& unit) -> Status {
    MUSTER_TRY([[maybe_unused]] const bool removed, unit.users().remove(gone.id));
    return {};
  }));
  const auto read = [&](const Home& home, const auto& find) {
    std::optional<model::User> found;
    const Status status = other->read(home, [&](Unit& unit) -> Status {
      MUSTER_TRY(found, find(unit));
      return {};
    });
    INFO(text_of(status));
    REQUIRE(status);
    return found;
  };
  SECTION("by id, at the user") {
    const auto found = read(Home::of(user.id), [&](Unit& unit) { return unit.users().find(user.id); });
    REQUIRE(found);
    CHECK(found->display_name == "Countess");
  }
  SECTION("one who is gone") {
    CHECK_FALSE(read(Home::of(gone.id), [&](Unit& unit) { return unit.users().find(gone.id); }));
  }
  SECTION("by name, from the catalog") {
    const auto by_name = [](const std::string& name) {
      return [name](Unit& unit) { return unit.users().find_by_username(name); };
    };
    const auto found = read(Home::catalog(), by_name(user.username));
    REQUIRE(found);
    CHECK(found->display_name == "Countess");
    CHECK_FALSE(read(Home::catalog(), by_name(gone.username)));
  }
  SECTION("in a unit that finds nothing to change") {
    Status status = other->write(Home::of(gone.id), [&](Unit& unit) -> Status {
      MUSTER_TRY(const auto found, unit.users().find(gone.id));
      return found ? fail(ErrorCode::conflict, "there still is one") : Status{};
    });
    INFO(text_of(status));
    CHECK(status);
  }
  SECTION("a name that is free again") {
    const model::User next = make_user(number + 1, gone.username);
    const Status status = create_user(*other, next);
    INFO(text_of(status));
    CHECK(status);
  }
}

TEST_CASE("what two processes pass on to the audit log is in it once", "[sharded]") {
  Movable movable;
  Door door;
  const auto other = open_behind_door(movable.dsns(), door);
  const auto record = [](ports::Store& store, const std::string& operation) {
    return store.write(Home::of(UserId{7}), [&](Unit& unit) -> Status {
      model::AuditRecord entry;
      entry.operation = operation;
      entry.actor = "tester";
      return unit.audit().append(entry);
    });
  };
  const auto records = [&] {
    return get(movable.store(), [](Unit& unit) { return unit.audit().list({}, 0, 100); });
  };
  // Its first look around is over.
  REQUIRE(record(*other, "first"));
  REQUIRE(eventually([&] { return records().size() == 1; }));
  door.close();
  REQUIRE(record(*other, "second"));
  // It has seen what is posted, and is stopped before it takes that.
  REQUIRE(eventually([&] { return door.waiting() > 0; }));
  REQUIRE(record(movable.store(), "third"));
  REQUIRE(eventually([&] { return records().size() >= 3; }));
  const auto is_passed_on = [&] {
    const auto layout = movable.layout();
    return std::all_of(layout->databases.begin(), layout->databases.end(), [](const auto& database) {
      return get(*database->store, [](Unit& unit) { return unit.slots().posted(1); }).empty() &&
             get(*database->store, [](Unit& unit) { return unit.slots().taken(1); }).empty();
    });
  };
  REQUIRE(eventually(is_passed_on));
  door.open();
  REQUIRE(eventually([&] { return door.waiting() == 0; }));
  REQUIRE(record(*other, "fourth"));
  REQUIRE(eventually([&] { return records().back().operation == "fourth"; }));
  std::vector<std::string> operations;
  for (const model::AuditRecord& each : records()) operations.push_back(each.operation);
  CHECK(operations == std::vector<std::string>{"first", "second", "third", "fourth"});
}

}  // namespace muster::sharded::testing
