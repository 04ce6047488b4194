// SPDX-License-Identifier: Apache-2.0
/// @file How a user's row is read: one place for the order of its columns.
#pragma once

#include "adapters/sql/query.hpp"
#include "model/user.hpp"

namespace muster::sql {

model::User read_user(Query& query);

}  // namespace muster::sql
