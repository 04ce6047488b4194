// SPDX-License-Identifier: Apache-2.0
/// @file The schema in numbered steps. Each runs in a transaction of its own, once; a newer schema
/// says which programs can work on it, so that those of the version before do; what they cannot work on, or
/// is another program's, is refused and left as it was. Not thread-safe: before the store is opened.
#pragma once

#include "adapters/sqlite/driver.hpp"

#include <cstdint>

namespace muster::sqlite {

/// "Must" in ASCII: what marks a SQLite file as Muster's.
constexpr std::int64_t application_id = 0x4d757374;

std::int64_t newest_schema_version();

/// Whether the file is Muster's and how far its schema is; 0 for an empty file. Errors: conflict (another
/// program's file, or a newer schema: the message says what to do), unavailable.
Result<std::int64_t> check_schema(SqliteConnection& connection);

/// Brings the file to the newest schema. Errors: as check_schema.
Status migrate(SqliteConnection& connection);

}  // namespace muster::sqlite
