// SPDX-License-Identifier: Apache-2.0
/// @file Statements for several rows at once, where there are any number of them: in as few statements as the
/// sizes that are kept prepared allow. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/query.hpp"

#include <algorithm>
#include <span>

namespace muster::sql {

/// Adds each item as a row: `bind(query, item)` gives its values.
template <class Item, class Bind>
Status insert_several(Connection& connection, Sql name, std::span<const Item> items, const Bind& bind) {
  while (!items.empty()) {
    const std::size_t rows = rows_within(items.size());
    Query query(connection, name, rows);
    for (const Item& each : items.first(rows)) bind(query, each);
    MUSTER_CHECK_OK(query.run());
    items = items.subspan(rows);
  }
  return {};
}

/// Runs the statement for all items, some at a time: `begin(query)` gives what stands before them, the last
/// one is given again where the statement has more places, and `use(query)` does the rest.
template <class Item, class Begin, class Bind, class Use>
Status in_several(Connection& connection, Sql name, std::span<const Item> items, const Begin& begin,
                  const Bind& bind, const Use& use) {
  while (!items.empty()) {
    const auto here = items.first(std::min(items.size(), rows_max));
    const std::size_t rows = rows_for(here.size());
    Query query(connection, name, rows);
    begin(query);
    for (std::size_t i = 0; i < rows; ++i) bind(query, here[std::min(i, here.size() - 1)]);
    MUSTER_CHECK_OK(use(query));
    items = items.subspan(here.size());
  }
  return {};
}

/// Asks for all items: `begin(query)` gives what stands before them, `take(query)` reads a row. An item may
/// be asked for more than once in a statement.
template <class Item, class Begin, class Bind, class Take>
Status ask_for_several(Connection& connection, Sql name, std::span<const Item> items, const Begin& begin,
                       const Bind& bind, const Take& take) {
  return in_several(connection, name, items, begin, bind, [&](Query& query) -> Status {
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) return {};
      take(query);
    }
  });
}

/// Changes the rows of all items, each of which is named once; the number of rows changed.
template <class Item, class Begin, class Bind>
Result<std::int64_t> change_several(Connection& connection, Sql name, std::span<const Item> items,
                                    const Begin& begin, const Bind& bind) {
  std::int64_t all = 0;
  MUSTER_CHECK_OK(in_several(connection, name, items, begin, bind, [&](Query& query) -> Status {
    MUSTER_TRY(const std::int64_t changed, query.run());
    all += changed;
    return {};
  }));
  return all;
}

}  // namespace muster::sql
