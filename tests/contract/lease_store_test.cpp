// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;
using ports::WorkerLease;

std::vector<WorkerLease> all(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.leases().list(); });
}

bool replace(ports::Store& store, const WorkerLease& lease, std::int64_t fence) {
  bool out = false;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_TRY(out, unit.leases().replace(lease, fence));
    return {};
  });
  return out;
}

}  // namespace

TEST_CASE("leases of workers are listed in order, as they were stored") {
  STORE_UNDER_TEST(store);
  CHECK(all(store).empty());
  const WorkerLease last{1023, "host/2", 1, at(200)};
  const WorkerLease first{0, "", 9, at(100) + Duration{1}};
  write(store, [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.leases().add(last));
    return unit.leases().add(first);
  });
  store_under_test->reopen();
  CHECK(all(store_under_test->store()) == std::vector{first, last});
}

TEST_CASE("a worker is leased for the first time once") {
  STORE_UNDER_TEST(store);
  const WorkerLease lease{3, "one", 1, at(100)};
  write(store, [&](Unit& unit) { return unit.leases().add(lease); });
  const Status again = store.write([](Unit& unit) { return unit.leases().add({3, "two", 1, at(200)}); });
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::already_exists);
  CHECK(all(store) == std::vector{lease});
}

TEST_CASE("a lease is replaced only by who knows its fence") {
  STORE_UNDER_TEST(store);
  write(store, [&](Unit& unit) { return unit.leases().add({3, "one", 1, at(100)}); });
  const WorkerLease renewed{3, "one", 1, at(200)};
  CHECK(replace(store, renewed, 1));
  // What changes nothing is still a replacement.
  CHECK(replace(store, renewed, 1));
  CHECK(all(store) == std::vector{renewed});
  const WorkerLease taken{3, "two", 2, at(300)};
  CHECK(replace(store, taken, 1));
  CHECK_FALSE(replace(store, {3, "one", 1, at(400)}, 1));
  CHECK_FALSE(replace(store, {4, "two", 2, at(400)}, 2));
  CHECK(all(store) == std::vector{taken});
}

}  // namespace muster::contract
