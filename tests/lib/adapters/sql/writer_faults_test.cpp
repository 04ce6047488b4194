// SPDX-License-Identifier: Apache-2.0
// Faults inside a commit that many units share: a savepoint that cannot begin, end or be undone, and memory
// that runs out at any point. What was acknowledged is there, and nothing else is.
#include "adapters/sql/writer.hpp"
#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/sqlite/database.hpp"

#include <future>
#include <iterator>
#include <string_view>
#include <thread>

#include <sqlite3.h>

namespace muster::sqlite::test {
namespace {

// How many allocations of this thread succeed before one fails; negative: none fails.
thread_local int allocations_left = -1;
sqlite3_mem_methods usual_memory{};

bool allocation_fails() {
  return allocations_left >= 0 && allocations_left-- == 0;
}

// Before the library is first used: it can be told only then.
const bool memory_can_fail = [] {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual_memory) != SQLITE_OK) return false;
  sqlite3_mem_methods methods = usual_memory;
  methods.xMalloc = [](int size) { return allocation_fails() ? nullptr : usual_memory.xMalloc(size); };
  methods.xRealloc = [](void* memory, int size) {
    return allocation_fails() ? nullptr : usual_memory.xRealloc(memory, size);
  };
  // Without its per-connection stock, every allocation is one that can fail.
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
         sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK;
}();

/// One that joins a batch. `then` is called on the writer's thread after its write.
struct Member {
  std::string name;
  std::function<Status(ports::Unit&)> then{};
  Status status{};
  bool ran = false;
  bool announced = false;
};

/// A writer of its own on a new database, whose connection the test can reach.
class Bench {
 public:
  Bench() {
    open_store(options_for(folder_)).reset();
    auto connection = SqliteConnection::open(options_for(folder_).path, ConnectionKind::writer, 1024, 1000);
    REQUIRE(connection);
    handle_ = (*connection)->handle();
    writer_ = std::make_unique<sql::Writer>(std::move(*connection),
                                            sql::WriterLimits{100, 100, std::chrono::seconds(60)}, health_);
  }

  /// Runs them in one batch, in their order: the first holds the writer until all others wait behind it.
  void run(std::vector<Member>& members) {
    std::promise<void> entered;
    std::promise<void> let_go;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < members.size(); ++i) {
      threads.emplace_back([&, i] {
        members[i].status = write(members[i], [&, i] {
          if (i > 0) return;
          entered.set_value();
          let_go.get_future().wait();
        });
      });
      if (i == 0) entered.get_future().wait();
      if (!eventually([&] { return writer_->counts().queue_length == i; })) break;
    }
    let_go.set_value();
    for (std::thread& thread : threads) thread.join();
    REQUIRE(threads.size() == members.size());
  }

  /// The next savepoint operation of that name ("BEGIN", "RELEASE", "ROLLBACK") is refused, once. To be
  /// called on the writer's thread; SQLite then looks at its prepared statements anew.
  void refuse(std::string_view operation) {
    refused_ = operation;
    sqlite3_set_authorizer(
        handle_,
        [](void* self, int action, const char* name, const char*, const char*, const char*) {
          auto& refused = static_cast<Bench*>(self)->refused_;
          if (action != SQLITE_SAVEPOINT || refused != name) return SQLITE_OK;
          refused = {};
          constexpr int no_known_answer = 99;
          return no_known_answer;
        },
        this);
  }

  /// Ends the writer; a restart finds what was acknowledged and nothing else.
  void check_what_is_there(const std::vector<Member>& members) {
    writer_.reset();
    const auto store = open_store(options_for(folder_));
    for (const Member& member : members) {
      INFO(member.name);
      CHECK(get(*store, member.name).has_value() == member.status.has_value());
      CHECK(member.announced == member.status.has_value());
    }
  }
  [[nodiscard]] sql::Writer& writer() { return *writer_; }
  [[nodiscard]] const sql::Health& health() const { return health_; }

 private:
  template <class Before>
  Status write(Member& member, Before&& before) {
    return writer_->write([&](ports::Unit& unit) -> Status {
      member.ran = true;
      before();
      unit.after_commit([&member] { member.announced = true; });
      MUSTER_CHECK_OK(unit.meta().put(member.name, std::string(3000, 'v')));
      return member.then ? member.then(unit) : Status();
    });
  }

  Folder folder_;
  sql::Health health_;
  sqlite3* handle_ = nullptr;
  std::string_view refused_;
  std::unique_ptr<sql::Writer> writer_;
};

bool is_worth_a_retry(const Status& status) {
  return !status && status.error().code == ErrorCode::unavailable && !status.error().message.empty();
}

}  // namespace

TEST_CASE("a savepoint that cannot begin fails its own unit, and the others share their commit") {
  Bench bench;
  std::vector<Member> members{{"first",
                               [&](ports::Unit&) -> Status {
                                 bench.refuse("BEGIN");
                                 return {};
                               }},
                              {"refused", {}},
                              {"third", {}},
                              {"fourth", {}}};
  bench.run(members);
  CHECK(members[0].status);
  REQUIRE_FALSE(members[1].status);
  CHECK(members[1].status.error().code == ErrorCode::internal);
  CHECK_FALSE(members[1].status.error().detail.empty());
  CHECK_FALSE(members[1].ran);
  CHECK(members[2].status);
  CHECK(members[3].status);
  CHECK(bench.writer().counts().commits == 1);
  CHECK(bench.health().writable());
  bench.check_what_is_there(members);
}

TEST_CASE("a savepoint that cannot end or be undone takes the whole commit back, and says so to all in it") {
  Bench bench;
  const std::string operation = GENERATE("RELEASE", "ROLLBACK");
  std::vector<Member> members{{"first", {}},
                              {"refused",
                               [&](ports::Unit&) -> Status {
                                 bench.refuse(operation);
                                 if (operation == "RELEASE") return {};
                                 return fail(ErrorCode::conflict, "this one fails");
                               }},
                              {"third", {}}};
  bench.run(members);
  CHECK(is_worth_a_retry(members[0].status));
  CHECK(members[0].status.error().retry_after == std::chrono::seconds(1));
  CHECK_FALSE(members[1].status);
  CHECK(members[2].status);
  CHECK(bench.writer().counts().commits == 1);
  bench.check_what_is_there(members);
}

TEST_CASE("whichever allocation of a commit fails, what was acknowledged is there and nothing else is") {
  REQUIRE(memory_can_fail);
  Bench bench;
  std::vector<Member> all;
  int failed = 0;
  bool armed = true;
  for (int nth = 0; armed; ++nth) {
    REQUIRE(nth < 2000);
    const std::string round = std::to_string(nth);
    std::vector<Member> members{
        {"a" + round,
         [&](ports::Unit&) -> Status {
           allocations_left = nth;
           return {};
         }},
        {"b" + round, {}},
        {"c" + round, [](ports::Unit&) -> Status { return fail(ErrorCode::conflict, "this one fails"); }},
        {"d" + round, {}}};
    bench.run(members);
    REQUIRE(bench.writer().run_alone([&](sql::TransactionalConnection&) -> Status {
      armed = allocations_left < 0;
      allocations_left = -1;
      return {};
    }));
    for (const Member& member : members)
      if (!member.status && member.name[0] != 'c') {
        ++failed;
        INFO(member.name << ": " << member.status.error().message);
        CHECK(is_worth_a_retry(member.status));
      }
    std::move(members.begin(), members.end(), std::back_inserter(all));
  }
  CHECK(failed > 0);
  bench.check_what_is_there(all);
}

TEST_CASE("a unit that goes on after its transaction was lost changes nothing more") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.size_max_bytes = 2 << 20;
  {
    const auto store = open_store(options);
    const Status status = store->write([](ports::Unit& unit) -> Status {
      for (int i = 0; i < 4; ++i)
        if (!unit.attempt([&] { return unit.meta().put("large", std::string(4 << 20, 'l')); }))
          static_cast<void>(unit.attempt([&] { return unit.meta().put("alone", "under a savepoint"); }));
      static_cast<void>(unit.meta().put("bare", "value"));
      return {};
    });
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::unavailable);
  }
  const auto store = open_store(options_for(folder));
  CHECK_FALSE(get(*store, "large"));
  CHECK_FALSE(get(*store, "alone"));
  CHECK_FALSE(get(*store, "bare"));
}

}  // namespace muster::sqlite::test
