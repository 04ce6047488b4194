// SPDX-License-Identifier: Apache-2.0
// Several who want the same names at once: one gets them, and who gives a name up leaves it to the next.
#include "lib/adapters/sharded/invariants.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

using ports::Home;
using ports::Unit;

constexpr int threads = 6;

void at_once(const std::function<void(int)>& work) {
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back(work, i);
  for (std::thread& each : all) each.join();
}

bool is_refusal(const Status& status) {
  return !status &&
         (status.error().code == ErrorCode::already_exists || status.error().code == ErrorCode::unavailable);
}

}  // namespace

TEST_CASE("of several who register the same names at once, one gets them", "[sharded]") {
  constexpr int rounds = 25;
  Databases databases(3);
  ShardedStore& store = databases.store();
  std::atomic<int> unexpected{0};
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> kept{0};
    at_once([&](int thread) {
      model::User user = make_user(round * 100 + thread + 1, "name" + std::to_string(round));
      // Some have the username in common, some the email, some both.
      if (thread % 3 == 1) user.username += "-" + std::to_string(thread);
      const Status created = create_user(store, user);
      if (created) ++kept;
      if (!created && !is_refusal(created)) ++unexpected;
    });
    // The email is in all of them.
    CHECK(kept <= 1);
    // Whoever lost to one who then lost too leaves the names free.
    model::User last = make_user(round * 100 + 50, "name" + std::to_string(round));
    const Status created = create_user(store, last);
    INFO(text_of(created));
    CHECK(created.has_value() == (kept == 0));
  }
  CHECK(unexpected == 0);
  databases.advance(std::chrono::minutes(10));
  settle(databases);
  check_invariants(databases);
}

TEST_CASE("names that go round between users who change and remove them have one owner at a time",
          "[sharded]") {
  constexpr int rounds = 40;
  constexpr int emails = 4;
  Databases databases(3);
  ShardedStore& store = databases.store();
  std::atomic<int> unexpected{0};
  std::atomic<int> kept{0};
  at_once([&](int thread) {
    const UserId id{1000 + thread};
    for (int round = 0; round < rounds; ++round) {
      const Status done = store.write(Home::of(id), [&](Unit& unit) -> Status {
        MUSTER_TRY(auto user, unit.users().find(id));
        const std::string email = "email" + std::to_string((thread + round) % emails);
        if (!user) {
          model::User fresh = make_user(id.value, "user" + std::to_string(thread));
          fresh.email = email;
          return unit.users().create(fresh, fresh.username, std::nullopt);
        }
        if (round % 7 == 6) {
          MUSTER_CHECK_OK(unit.users().remove(id));
          return {};
        }
        user->email = email;
        return unit.users().update(*user);
      });
      if (done) ++kept;
      if (!done && !is_refusal(done)) ++unexpected;
    }
  });
  CHECK(unexpected == 0);
  CHECK(kept > rounds);
  databases.advance(std::chrono::minutes(10));
  settle(databases);
  check_invariants(databases);
}

}  // namespace muster::sharded::testing
