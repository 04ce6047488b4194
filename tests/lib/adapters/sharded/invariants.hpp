// SPDX-License-Identifier: Apache-2.0
/// @file What must be true of several databases once nothing is under way.
#pragma once

#include "lib/adapters/sharded/databases.hpp"
#include "ports/slot_store.hpp"

#include <utility>

#include <catch2/catch.hpp>

namespace muster::sharded::testing {

/// What `query` gives in a read.
template <class Query>
auto get(ports::Store& store, const Query& query) {
  decltype(query(std::declval<ports::Unit&>())) result = fail(ErrorCode::internal, "never ran");
  const Status status = store.read([&](ports::Unit& unit) -> Status {
    result = query(unit);
    return {};
  });
  INFO(text_of(status));
  REQUIRE(status);
  REQUIRE(result);
  return std::move(*result);
}

/// Ends what claims were left pending and has every record passed on, as the relay does in the background.
void settle(Databases& databases);

/// Whether the user is there, by id and by each name. Requires that there is all of it or nothing.
bool is_whole(ports::Store& store, const model::User& user);

/// Every slot has one owner, every name leads to the one user that has it and every user's names lead to it,
/// nothing waits, and the audit records form a chain.
void check_invariants(Databases& databases);

}  // namespace muster::sharded::testing
