// SPDX-License-Identifier: Apache-2.0
// Lists over parts of which some cannot be reached for a while.
#include "ops/parts.hpp"

#include "lib/ops/spread.hpp"
#include "ops/create_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/list_role_members.hpp"
#include "ops/users.hpp"

#include <filesystem>
#include <random>
#include <set>

namespace muster::ops {
namespace {

using testing::message;
using testing::must;
using testing::outcome;
using testing::Spread;

using Parts = std::vector<std::set<std::int64_t>>;

UserId id_of(const UserId& id) {
  return id;
}

/// What the parts give behind a place, but those that are missing.
PartialPage<UserId> page_of(const Parts& parts, const PartsPlace& place, const std::set<std::size_t>& missing,
                            std::size_t limit) {
  std::vector<PartPage<UserId>> pages(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (missing.contains(i)) continue;
    const auto behind = place.of(i);
    for (auto each = behind ? parts[i].upper_bound(behind->value) : parts[i].begin(); each != parts[i].end();
         ++each) {
      pages[i].more = pages[i].items.size() == limit;
      if (pages[i].more) break;
      pages[i].items.push_back(UserId{*each});
    }
  }
  return merge_parts(std::move(pages), place, PartsAnswer{{missing.begin(), missing.end()}, {}}, limit,
                     "list", id_of);
}

std::vector<std::string> names_in(const wire::Json& page) {
  std::vector<std::string> names;
  for (const auto& each : page.at("items").as_array()) names.emplace_back(each.at("username").as_string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Three shards, each with users, of which the second is away.
class Torn {
 public:
  Torn() : spread(3) {
    (void)must(spread.run<CreateRole>(R"({"name":"cook","permissions":["cook:dinner"]})"));
    for (int i = 0; i < 40; ++i) {
      const std::string name = "user" + std::to_string(100 + i);
      const std::string id = spread.add_user(name);
      (void)must(spread.run<GrantRole>(R"({"id":")" + id + R"(","role":"cook"})"));
      all.push_back(name);
    }
    spread.close();
    folder_ = std::filesystem::path(spread.path(2)).parent_path();
    std::filesystem::rename(folder_, folder_ + "-gone");
    spread.open();
  }
  void mend() {
    spread.close();
    std::filesystem::rename(folder_ + "-gone", folder_);
    spread.open();
  }
  /// Every page, from the first one or the given cursor on; the last one's reply.
  template <class Operation>
  wire::Json walk(const std::string& fields, std::vector<std::string>& names, std::string cursor = {}) {
    for (;;) {
      const std::string at = cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"";
      auto page = must(spread.run<Operation>("{" + fields + R"("limit":2)" + at + "}"));
      for (std::string& each : names_in(page)) names.push_back(std::move(each));
      if (page.at("next_cursor").is_null()) return page;
      cursor = std::string(page.at("next_cursor").as_string());
    }
  }

  Spread spread;
  std::vector<std::string> all;

 private:
  std::string folder_;
};

}  // namespace

TEST_CASE("whatever parts are away for whatever pages, in the end everything was listed once") {
  std::mt19937 engine(7);
  const auto any = [&](int below) { return std::uniform_int_distribution<int>(0, below - 1)(engine); };
  for (int round = 0; round < 400; ++round) {
    Parts parts(static_cast<std::size_t>(1 + any(4)));
    std::set<std::int64_t> expected;
    for (std::int64_t id = 1; id <= any(40); ++id) {
      parts[static_cast<std::size_t>(any(static_cast<int>(parts.size())))].insert(id);
      expected.insert(id);
    }
    for (const auto& each : parts) expected.insert(each.begin(), each.end());
    const auto limit = static_cast<std::size_t>(1 + any(6));
    std::multiset<std::int64_t> listed;
    std::optional<std::string> cursor;
    bool is_over = false;
    for (int pages = 0; !is_over; ++pages) {
      REQUIRE(pages < 1000);
      std::set<std::size_t> missing;
      // In the end all are there.
      for (std::size_t i = 0; i < parts.size(); ++i)
        if (pages < 30 && any(3) == 0) missing.insert(i);
      const auto place = place_of("list", cursor);
      REQUIRE(place);
      const auto page = page_of(parts, *place, missing, limit);
      CHECK(page.items.size() <= limit);
      CHECK(page.missing == static_cast<std::int64_t>(missing.size()));
      CHECK(page.partial == !missing.empty());
      for (const UserId& each : page.items) listed.insert(each.value);
      cursor = page.next_cursor ? page.next_cursor : page.resume_cursor;
      is_over = !cursor;
      CHECK((page.resume_cursor.has_value() && page.next_cursor.has_value()) == false);
    }
    CHECK(listed == std::multiset<std::int64_t>(expected.begin(), expected.end()));
  }
}

TEST_CASE("while nothing is missing, a list is in order and its cursor names one place") {
  const Parts parts{{1, 4, 9}, {2, 3, 8}, {5}};
  PartsPlace place;
  std::vector<std::int64_t> listed;
  for (;;) {
    const auto page = page_of(parts, place, {}, 2);
    for (const UserId& each : page.items) listed.push_back(each.value);
    CHECK_FALSE(page.resume_cursor);
    if (!page.next_cursor) break;
    CHECK(*page.next_cursor == make_cursor("list", std::to_string(listed.back())));
    place = *place_of("list", page.next_cursor);
  }
  CHECK(listed == std::vector<std::int64_t>{1, 2, 3, 4, 5, 8, 9});
}

TEST_CASE("a cursor that is none is refused") {
  for (const char* key : {"", "x", "1;2", "1;x:3", "1;2:", "1;2:x", "-1"})
    CHECK_FALSE(place_of("list", make_cursor("list", key)));
  CHECK(place_of("list", make_cursor("list", "-;2:17;3:-")));
  CHECK_FALSE(place_of("other", make_cursor("list", "1")));
}

TEST_CASE("a list fails while a shard is away, and names it to those who may know") {
  Torn torn;
  const auto users = torn.spread.run<ListUsers>();
  CHECK(outcome(users) == "unavailable");
  CHECK_THAT(message(users), Catch::Contains("shard 2: ") && Catch::Contains("with partial"));
  const auto members = torn.spread.run<ListRoleMembers>(R"({"role":"cook"})");
  CHECK(outcome(members) == "unavailable");
  CHECK_THAT(message(members), Catch::Contains("shard 2: "));
}

TEST_CASE("with partial, the others are listed, it is said what is missing, and it follows later") {
  Torn torn;
  std::vector<std::string> names;
  std::vector<std::string> members;
  const auto last = torn.walk<ListUsers>(R"("partial":true,)", names);
  const auto last_member = torn.walk<ListRoleMembers>(R"("role":"cook","partial":true,)", members);
  CHECK(names.size() < torn.all.size());
  CHECK(members.size() == names.size());
  for (const auto* each : {&last, &last_member}) {
    CHECK(each->at("partial").as_bool());
    CHECK(each->at("missing").as_int64() == 1);
    CHECK(each->at("missing_shards").as_array() == boost::json::array{"2"});
    REQUIRE(each->at("resume_cursor").is_string());
  }
  torn.mend();
  const auto rest = torn.walk<ListUsers>("", names, std::string(last.at("resume_cursor").as_string()));
  CHECK_FALSE(rest.at("partial").as_bool());
  CHECK(rest.at("missing").as_int64() == 0);
  CHECK(rest.at("missing_shards").is_null());
  (void)torn.walk<ListRoleMembers>(R"("role":"cook",)", members,
                                   std::string(last_member.at("resume_cursor").as_string()));
  for (auto* each : {&names, &members}) {
    std::sort(each->begin(), each->end());
    CHECK(*each == torn.all);
  }
}

TEST_CASE("who may read users but not shards is not told which shard is away") {
  Torn torn;
  (void)must(torn.spread.run<CreateRole>(R"({"name":"reader","permissions":["read:user"]})"));
  const auto page = must(torn.spread.run<ListUsers>(R"({"partial":true,"limit":1})"));
  const std::string id(page.at("items").as_array().at(0).at("id").as_string());
  (void)must(torn.spread.run<GrantRole>(R"({"id":")" + id + R"(","role":"reader"})"));
  Call call;
  call.caller.kind = Caller::Kind::user;
  call.caller.user = *UserId::parse(id);
  const auto refused = torn.spread.run<ListUsers>(call);
  CHECK(outcome(refused) == "unavailable");
  CHECK_THAT(message(refused), !Catch::Contains("shard 2") && !Catch::Contains("partial"));
  const auto partial = must(torn.spread.run<ListUsers>(call, R"({"partial":true})"));
  CHECK(partial.at("missing").as_int64() == 1);
  CHECK(partial.at("missing_shards").is_null());
}

}  // namespace muster::ops
