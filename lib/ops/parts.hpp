// SPDX-License-Identifier: Apache-2.0
/// @file Lists of what is spread over all parts of the store, in the order of users' ids. All parts are asked
/// side by side and their pages merged. While a part cannot be asked the list fails, unless the caller takes
/// it without: then it says how many parts are missing, and its cursors know how far each part has come, so
/// that what is missing follows, late and out of order, once it can be asked again. Nothing is left out in
/// silence. Thread-safe.
#pragma once

#include "base/fields.hpp"
#include "ops/call.hpp"
#include "ops/page.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::ops {

inline constexpr std::string_view partial_description =
    "Leave out users of parts that cannot be reached now, and say how many parts are missing";

inline constexpr std::string_view partial_help =
    "In the order of user ids. A part of the data that cannot be reached fails the list, unless partial is "
    "asked for: then `missing` says how many parts are left out. Their users follow on the next pages once "
    "they "
    "can be reached, or from resume_cursor, out of order.";

template <class Item>
struct PartialPage {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;
  bool partial = false;
  std::int64_t missing = 0;
  std::optional<std::vector<std::string>> missing_shards;
  std::optional<std::string> resume_cursor;

  static constexpr auto fields() {
    return std::tuple{
        field("items", &PartialPage::items, "This page's items"),
        field("next_cursor", &PartialPage::next_cursor, "Where the next page begins; null at the end"),
        field("partial", &PartialPage::partial, "Whether something is missing, as the caller allowed"),
        field("missing", &PartialPage::missing, "How many parts of the data could not be reached"),
        field("missing_shards", &PartialPage::missing_shards, "Which; null for who may not read shards"),
        field("resume_cursor", &PartialPage::resume_cursor,
              "At the end of a list with something missing: the cursor for what was missing, to be used "
              "later")};
  }
};

/// How far a list has come: behind that user, but in some parts only behind an earlier one.
struct PartsPlace {
  std::optional<UserId> after;
  std::map<std::size_t, std::optional<UserId>> behind;

  [[nodiscard]] std::optional<UserId> of(std::size_t part) const {
    const auto found = behind.find(part);
    return found == behind.end() ? after : found->second;
  }
};

/// "123" or "123;2:45;3:-". Error of the second: invalid_argument.
std::string text_of(const PartsPlace& place);
Result<PartsPlace> place_of(std::string_view kind, const std::optional<std::string>& cursor);

/// What one part has behind a place: in the order of ids, and whether there is more.
template <class Item>
struct PartPage {
  std::vector<Item> items;
  bool more = false;
};

enum class Missing : std::uint8_t { refused, allowed };

/// How each part answered.
struct PartsAnswer {
  std::vector<std::size_t> missing;
  std::optional<std::vector<std::string>> missing_shards;
};

/// Asks every part; `ask` is called by several threads at once, once for each part or again from its start.
/// Errors: that of a part that cannot be reached, unless that is allowed, with its shard for who may read
/// shards; any other.
Result<PartsAnswer> ask_parts(Context& context, const Call& call, Missing missing,
                              const std::function<Status(std::size_t, ports::Unit&)>& ask);
std::size_t count_parts(const Context& context);

/// Pages of parts, asked from `place` on, as one of at most `limit`; `id_of` gives an item's user.
template <class Item, class IdOf>
PartialPage<Item> merge_parts(std::vector<PartPage<Item>> pages, const PartsPlace& place,
                              const PartsAnswer& answer, std::size_t limit, std::string_view kind,
                              const IdOf& id_of) {
  PartialPage<Item> out;
  // Behind the end of a part's page that has more, nothing is known of that part.
  std::optional<UserId> known_to;
  for (PartPage<Item>& page : pages) {
    if (page.more && !page.items.empty())
      known_to = known_to ? std::min(*known_to, id_of(page.items.back())) : id_of(page.items.back());
    std::move(page.items.begin(), page.items.end(), std::back_inserter(out.items));
  }
  std::sort(out.items.begin(), out.items.end(),
            [&](const Item& a, const Item& b) { return id_of(a) < id_of(b); });
  if (known_to) std::erase_if(out.items, [&](const Item& each) { return id_of(each) > *known_to; });
  if (out.items.size() > limit) {
    out.items.erase(out.items.begin() + static_cast<std::ptrdiff_t>(limit), out.items.end());
    known_to = id_of(out.items.back());
  }
  PartsPlace next;
  next.after = place.after;
  if (const auto end = known_to || out.items.empty() ? known_to : std::optional(id_of(out.items.back())); end)
    next.after = std::max(next.after.value_or(*end), *end);
  for (const std::size_t part : answer.missing) next.behind[part] = place.of(part);
  // Parts that were missing catch up as far as this page goes.
  for (const auto& [part, behind] : place.behind)
    if (known_to && *known_to < next.after && !next.behind.contains(part))
      next.behind[part] = std::max(behind.value_or(*known_to), *known_to);
  out.missing = static_cast<std::int64_t>(answer.missing.size());
  out.partial = out.missing != 0;
  out.missing_shards = answer.missing_shards;
  const std::string cursor = make_cursor(kind, text_of(next));
  if (known_to)
    out.next_cursor = cursor;
  else if (out.partial)
    out.resume_cursor = cursor;
  return out;
}

}  // namespace muster::ops
