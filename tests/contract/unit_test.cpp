// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

namespace muster::contract {
namespace {

using ports::Unit;

std::optional<std::string> fact(ports::Store& store, const std::string& name) {
  return read(store, [&](Unit& unit) { return unit.meta().get(name); });
}

}  // namespace

TEST_CASE("a failed unit leaves nothing, and its error is returned as it was") {
  STORE_UNDER_TEST(store);
  const Status failed = store.write([](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().put("a", "1"));
    return fail(ErrorCode::precondition_failed, "the version differs", "detail");
  });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::precondition_failed);
  CHECK(failed.error().message == "the version differs");
  CHECK(failed.error().detail == "detail");
  CHECK_FALSE(fact(store, "a"));
}

TEST_CASE("an exception in a unit is an internal error and leaves nothing; the store goes on") {
  STORE_UNDER_TEST(store);
  const Status thrown = store.write([](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().put("a", "1"));
    throw std::runtime_error("broken");
  });
  CHECK(code_of(thrown) == ErrorCode::internal);
  CHECK(code_of(store.read([](Unit&) -> Status { throw 7; })) == ErrorCode::internal);
  CHECK_FALSE(fact(store, "a"));
  write(store, [](Unit& unit) { return unit.meta().put("a", "2"); });
  CHECK(fact(store, "a") == "2");
}

TEST_CASE("attempts nest; each error undoes its own part only") {
  STORE_UNDER_TEST(store);
  std::vector<bool> inside;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().put("outer", "1"));
    const Status outer = unit.attempt([&]() -> Status {
      MUSTER_CHECK_OK(unit.meta().put("middle", "1"));
      const Status inner = unit.attempt([&]() -> Status {
        MUSTER_CHECK_OK(unit.meta().put("inner", "1"));
        MUSTER_CHECK_OK(unit.meta().put("outer", "2"));
        return fail(ErrorCode::conflict, "inner");
      });
      inside.push_back(code_of(inner) == ErrorCode::conflict);
      return {};
    });
    inside.push_back(outer.has_value());
    const Status second = unit.attempt([&]() -> Status {
      MUSTER_CHECK_OK(unit.attempt([&] { return unit.meta().put("lost", "1"); }));
      throw std::runtime_error("broken");
    });
    inside.push_back(code_of(second) == ErrorCode::internal);
    return {};
  });
  CHECK(inside == std::vector<bool>{true, true, true});
  CHECK(fact(store, "outer") == "1");
  CHECK(fact(store, "middle") == "1");
  CHECK_FALSE(fact(store, "inner"));
  CHECK_FALSE(fact(store, "lost"));
}

TEST_CASE("a read is a snapshot and cannot change anything") {
  STORE_UNDER_TEST(store);
  write(store, [](Unit& unit) { return unit.meta().put("a", "1"); });
  std::vector<std::string> seen;
  const Status status = store.read([&](Unit& unit) -> Status {
    MUSTER_TRY(const auto first, unit.meta().get("a"));
    // From another thread: this one is in a read.
    std::thread other(
        [&] { static_cast<void>(store.write([](Unit& writer) { return writer.meta().put("a", "2"); })); });
    other.join();
    MUSTER_TRY(const auto second, unit.meta().get("a"));
    seen = {first.value_or(""), second.value_or("")};
    return {};
  });
  CHECK(status);
  CHECK(seen == std::vector<std::string>{"1", "1"});
  CHECK(fact(store, "a") == "2");
  CHECK(code_of(store.read([](Unit& unit) { return unit.meta().put("a", "3"); })) == ErrorCode::internal);
  CHECK(code_of(store.read([](Unit& unit) -> Status {
          model::User user = make_user(1, "ada");
          return unit.users().create(user, "ada", std::nullopt);
        })) == ErrorCode::internal);
  CHECK(fact(store, "a") == "2");
  CHECK(store.health().writable);
}

TEST_CASE(
    "actions after a commit run once, in order, before the write returns, and only for what was committed") {
  STORE_UNDER_TEST(store);
  std::vector<int> called;
  write(store, [&](Unit& unit) -> Status {
    unit.after_commit([&] { called.push_back(1); });
    const Status undone = unit.attempt([&]() -> Status {
      unit.after_commit([&] { called.push_back(99); });
      return fail(ErrorCode::conflict, "undone");
    });
    if (undone) return fail(ErrorCode::internal, "should have failed");
    unit.after_commit([&] { called.push_back(2); });
    return unit.meta().put("a", "1");
  });
  CHECK(called == std::vector<int>{1, 2});
  CHECK_FALSE(store.write([&](Unit& unit) -> Status {
    unit.after_commit([&] { called.push_back(3); });
    return fail(ErrorCode::conflict, "no");
  }));
  CHECK(called == std::vector<int>{1, 2});
  // An action that breaks its promise does not take the write or the store with it.
  write(store, [&](Unit& unit) -> Status {
    unit.after_commit([] { throw std::runtime_error("broken"); });
    unit.after_commit([&] { called.push_back(4); });
    return unit.meta().put("a", "2");
  });
  CHECK(called == std::vector<int>{1, 2, 4});
}

TEST_CASE("what is called after a commit is called in commit order, before the write returns") {
  STORE_UNDER_TEST(store);
  constexpr int threads = 8;
  constexpr int rounds = 40;
  std::atomic<std::int64_t> followed{0};
  std::atomic<int> out_of_order{0};
  std::atomic<int> too_late{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> callers;
  for (int thread = 0; thread < threads; ++thread)
    callers.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        std::int64_t mine = 0;
        const Status status = store.write([&](Unit& unit) -> Status {
          MUSTER_TRY(const auto text, unit.meta().get("counter"));
          mine = (text ? std::stoll(*text) : 0) + 1;
          unit.after_commit([&, value = mine] {
            if (followed.exchange(value) != value - 1) ++out_of_order;
          });
          return unit.meta().put("counter", std::to_string(mine));
        });
        if (!status) ++failed;
        if (followed < mine) ++too_late;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(failed == 0);
  CHECK(out_of_order == 0);
  CHECK(too_late == 0);
  CHECK(fact(store, "counter") == std::to_string(threads * rounds));
}

TEST_CASE("a write begun inside a write is refused instead of waiting for itself") {
  STORE_UNDER_TEST(store);
  Status nested;
  write(store, [&](Unit& unit) -> Status {
    nested = store.write([](Unit& inner) { return inner.meta().put("a", "1"); });
    return unit.meta().put("b", "1");
  });
  CHECK(code_of(nested) == ErrorCode::internal);
  CHECK_FALSE(fact(store, "a"));
  CHECK(fact(store, "b") == "1");
}

TEST_CASE("the counters say what was done") {
  STORE_UNDER_TEST(store);
  const auto before = store.counters();
  write(store, [](Unit& unit) { return unit.meta().put("a", "1"); });
  CHECK_FALSE(store.write([](Unit&) -> Status { return fail(ErrorCode::conflict, "no"); }));
  static_cast<void>(fact(store, "a"));
  const auto after = store.counters();
  CHECK(after.writes == before.writes + 1);
  CHECK(after.commits == before.commits + 1);
  CHECK(after.writes_failed == before.writes_failed + 1);
  CHECK(after.reads > before.reads);
  CHECK(after.queue_length == 0);
  CHECK(store.health().writable);
  CHECK(store.health().reason.empty());
}

}  // namespace muster::contract
