// SPDX-License-Identifier: Apache-2.0
/// @file The steps of model/name_claim.hpp, each a transaction on one database. What an error leaves undone,
/// recovery ends later. Thread-safe; not to be called inside of a unit.
#pragma once

#include "adapters/sharded/attempt.hpp"
#include "adapters/sharded/layout.hpp"

#include <chrono>

namespace muster::sharded {

/// How long others leave a reservation alone.
inline constexpr std::chrono::seconds reservation_time{60};

/// Who takes so many names in a unit does so together with others like it.
inline constexpr std::size_t bulk_names_min = 128;

/// Reserves what is free, in the order of databases and names. Every wish gets its answer. Errors: of a
/// database that cannot be asked; then the answers there are stand.
Status reserve_names(const Layout& layout, const std::set<Wish>& wishes, std::map<Wish, Answer>& answers);

/// Finds by which claims users have names that are to be given up. Errors: of a database.
Status find_holds(const Layout& layout, const std::set<Wish>& wishes, std::map<Wish, Hold>& holds);

/// After the home's transaction was kept.
Status confirm_names(const Layout& layout, const std::vector<HeldName>& names);
/// The same where nothing else is left of what was reserved with them: then batches need no row of theirs.
Status confirm_all_names(const Layout& layout, const std::vector<HeldName>& names);
Status release_names(const Layout& layout, const std::vector<HeldName>& names);
/// After it is known that it was not, nor ever will be.
Status cancel_names(const Layout& layout, const std::vector<HeldName>& names);

/// Brings one pending row to its end. `due_by`: reservations up to then are given up.
Status recover_name(const Layout& layout, const ports::NamedRow& row, Time due_by);

/// Ends what is pending in the lookup rows of one database, and what guards of its users are left; a bounded
/// number. True: there may be more.
Result<bool> recover_part(const Layout& layout, Database& database);

}  // namespace muster::sharded
