// SPDX-License-Identifier: Apache-2.0
#include "ops/page.hpp"

#include <catch2/catch.hpp>

namespace muster::ops {

TEST_CASE("a cursor gives its key back, and only to its own list", "[page]") {
  const std::string cursor = make_cursor("roles", "editor");
  CHECK(read_cursor("roles", cursor).value() == "editor");
  CHECK(cursor.find("editor") == std::string::npos);
  for (const std::string& other : {std::string("role"), std::string("roles2"), std::string("users")}) {
    const auto read = read_cursor(other, cursor);
    REQUIRE(!read);
    CHECK(read.error().code == ErrorCode::invalid_argument);
    CHECK(read.error().fields.front().field == "cursor");
  }
  CHECK(!read_cursor("roles", "*"));
  CHECK(!read_cursor("roles", ""));
  CHECK(read_number_cursor("jobs", make_cursor("jobs", "42")).value() == 42);
  CHECK(!read_number_cursor("jobs", make_cursor("jobs", "42x")));
  CHECK(!read_number_cursor("jobs", make_cursor("jobs", "-1")));
  CHECK(!read_number_cursor("jobs", make_cursor("jobs", "")));
}

TEST_CASE("a page has a cursor only when there is more", "[page]") {
  const auto key = [](int item) { return std::to_string(item); };
  const auto last = make_page(std::vector<int>{1, 2}, 2, "x", key);
  CHECK(last.items.size() == 2);
  CHECK(!last.next_cursor);
  const auto first = make_page(std::vector<int>{1, 2, 3}, 2, "x", key);
  CHECK(first.items == std::vector<int>{1, 2});
  REQUIRE(first.next_cursor);
  CHECK(read_number_cursor("x", *first.next_cursor).value() == 2);
}

}  // namespace muster::ops
