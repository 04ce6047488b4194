// SPDX-License-Identifier: Apache-2.0
/// @file The stores that every test of this folder runs over, in one list, and what the tests share.
#pragma once

#include "model/session.hpp"
#include "ports/lease_store.hpp"
#include "ports/role_store.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/store.hpp"
#include "ports/system_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace muster::contract {

/// A fresh, empty store; reopen() closes it and opens the same data again.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual ports::Store& store() = 0;
  virtual void reopen() = 0;
};

struct StoreFactory {
  const char* name;
  std::unique_ptr<StoreUnderTest> (*make)();
};

const std::vector<StoreFactory>& store_factories();

inline Time at(std::int64_t seconds) {
  return Time{std::chrono::seconds(seconds)};
}

model::User make_user(std::int64_t id, const std::string& name);
model::Session make_session(std::int64_t user, unsigned char which, std::int64_t created_seconds = 1000);

/// The code of the failure, or nothing.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

inline void write(ports::Store& store, const ports::Home& home,
                  const std::function<Status(ports::Unit&)>& work) {
  const Status status = store.write(home, work);
  INFO((status ? "" : status.error().message + " / " + status.error().detail));
  REQUIRE(status);
}
inline void write(ports::Store& store, const std::function<Status(ports::Unit&)>& work) {
  write(store, ports::Home::catalog(), work);
}
inline void write(ports::Store& store, std::int64_t user, const std::function<Status(ports::Unit&)>& work) {
  write(store, ports::Home::of(UserId{user}), work);
}

/// Does `step` for each item, those whose users (`user_of(item)`) are in one part in one unit there.
template <class Item, class UserOf, class Step>
void write_by_part(ports::Store& store, std::vector<Item>& items, const UserOf& user_of, const Step& step) {
  for (const ports::Home& part : store.parts())
    write(store, part, [&](ports::Unit& unit) -> Status {
      for (Item& item : items)
        if (store.part_of(user_of(item)) == part) MUSTER_CHECK_OK(step(unit, item));
      return {};
    });
}

/// What `purge_part` removes in one part after the other, as long as `limit` allows.
template <class PurgePart>
std::size_t purge_parts(ports::Store& store, std::size_t limit, const PurgePart& purge_part) {
  std::size_t removed = 0;
  for (const ports::Home& part : store.parts()) {
    std::size_t here = 0;
    write(store, part, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(here, purge_part(unit, limit - removed));
      return {};
    });
    removed += here;
  }
  return removed;
}

/// What `query` gives in a read.
template <class Query>
auto read(ports::Store& store, Query query) {
  decltype(query(std::declval<ports::Unit&>())) result = fail(ErrorCode::internal, "never ran");
  const Status status = store.read([&](ports::Unit& unit) -> Status {
    result = query(unit);
    return {};
  });
  REQUIRE(status);
  INFO((result ? "" : result.error().message + " / " + result.error().detail));
  REQUIRE(result);
  return std::move(*result);
}

}  // namespace muster::contract

/// Runs the rest of the test once for each store, as `variable`.
#define STORE_UNDER_TEST(variable)                                                              \
  const auto& store_factory = ::muster::contract::store_factories()[GENERATE(                   \
      Catch::Generators::range(std::size_t{0}, ::muster::contract::store_factories().size()))]; \
  INFO("store: " << store_factory.name);                                                        \
  const auto store_under_test = store_factory.make();                                           \
  [[maybe_unused]] ::muster::ports::Store& variable = store_under_test->store()
