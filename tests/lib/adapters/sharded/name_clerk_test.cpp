// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"
#include "lib/adapters/sharded/databases.hpp"

#include <numeric>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {
namespace {

/// Of users whose ids begin at `first`.
std::set<Wish> names_of_users(std::int64_t first, std::int64_t count) {
  std::set<Wish> wishes;
  for (std::int64_t id = first; id < first + count; ++id)
    wishes.insert({{model::NameKind::username, "name" + std::to_string(id)}, UserId{id}});
  return wishes;
}

std::int64_t commits(const Layout& layout) {
  return std::accumulate(layout.databases.begin(), layout.databases.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& each) {
                           return sum + static_cast<std::int64_t>(each->store->counters().commits);
                         });
}

std::size_t reserved(const std::map<Wish, Answer>& answers) {
  return static_cast<std::size_t>(std::count_if(answers.begin(), answers.end(),
                                                [](const auto& each) { return each.second.has_value(); }));
}

}  // namespace

TEST_CASE("units that take many names at the same time do it together", "[sharded]") {
  constexpr std::size_t units = 8;
  constexpr std::int64_t names = 2 * static_cast<std::int64_t>(bulk_names_min);
  Databases databases(3);
  const auto layout = databases.layout();
  *layout->surroundings->bulk_units += units;
  const std::int64_t before = commits(*layout);
  std::vector<Status> statuses(units);
  std::vector<std::map<Wish, Answer>> answers(units);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < units; ++i)
    threads.emplace_back([&, i] {
      const auto wishes = names_of_users(static_cast<std::int64_t>(i) * names, names);
      statuses[i] = reserve_names(*layout, wishes, answers[i]);
    });
  for (std::thread& each : threads) each.join();
  for (std::size_t i = 0; i < units; ++i) {
    CHECK(statuses[i]);
    CHECK(reserved(answers[i]) == static_cast<std::size_t>(names));
  }
  CHECK(commits(*layout) - before < static_cast<std::int64_t>(units * layout->databases.size()));
}

TEST_CASE("of many names that are wanted together those of others are refused, and only those", "[sharded]") {
  Databases databases(3);
  const auto layout = databases.layout();
  std::map<Wish, Answer> first;
  REQUIRE(reserve_names(*layout, names_of_users(100, 40), first));
  std::vector<HeldName> held;
  for (const auto& [wish, answer] : first) held.push_back({wish.name, wish.user, *answer});
  REQUIRE(confirm_all_names(*layout, held));

  std::set<Wish> wishes = names_of_users(200, 200);
  const Wish refused{{model::NameKind::username, "name107"}, UserId{207}};
  wishes.insert(refused);
  wishes.erase({{model::NameKind::username, "name207"}, UserId{207}});
  std::map<Wish, Answer> answers;
  REQUIRE(reserve_names(*layout, wishes, answers));
  CHECK(answers.size() == 200);
  CHECK(reserved(answers) == 199);
  CHECK(answers.at(refused) == std::nullopt);
}

}  // namespace muster::sharded::testing
