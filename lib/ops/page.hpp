// SPDX-License-Identifier: Apache-2.0
/// @file Lists in pages: every list request has `limit` and `cursor`, every list reply is a Page. A cursor is
/// opaque, names its list and the last key shown, so that the next page begins right after it, whatever was
/// added or removed meanwhile. Pure functions: thread-safe.
///
///     std::int64_t limit = page_limit_default;   field("limit", ...).range(1, page_limit_max).optional()
///     std::optional<std::string> cursor;         field("cursor", ...)
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

inline constexpr std::int64_t page_limit_default = 50;
inline constexpr std::int64_t page_limit_max = 1000;
inline constexpr std::string_view limit_description = "At most this many items";
inline constexpr std::string_view cursor_description = "next_cursor of the page before";

template <class Item>
struct Page {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;

  static constexpr auto fields() {
    return std::tuple{
        field("items", &Page::items, "This page's items"),
        field("next_cursor", &Page::next_cursor, "Where the next page begins; null at the end")};
  }
};

/// `kind` names the list, and what it is filtered by where that decides its order: "users", "members/editor".
std::string make_cursor(std::string_view kind, std::string_view key);

/// The key. Error: invalid_argument at `cursor` (not a cursor, or one of another list).
Result<std::string> read_cursor(std::string_view kind, std::string_view cursor);
/// The same for a key that is a number.
Result<std::int64_t> read_number_cursor(std::string_view kind, std::string_view cursor);

/// Cuts `items`, which were asked for with one above the limit, to a page. `key` gives an item's cursor key.
template <class Item, class Key>
Page<Item> make_page(std::vector<Item> items, std::int64_t limit, std::string_view kind, const Key& key) {
  Page<Item> page;
  page.items = std::move(items);
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.resize(static_cast<std::size_t>(limit));
    page.next_cursor = make_cursor(kind, key(page.items.back()));
  }
  return page;
}

}  // namespace muster::ops
