// SPDX-License-Identifier: Apache-2.0
/// @file The schema in numbered steps. A step's statements may be run again: a step that was cut off is run
/// from its start the next time. A newer schema says which programs can work on it, so that those of the
/// version before go on while it comes; what they cannot work on, or is another program's, is refused and
/// left as it was. Two daemons that start at once migrate once. Not thread-safe: before the store is opened.
#pragma once

#include "adapters/mysql/endpoint.hpp"

#include <cstdint>

namespace muster::mysql {

std::int64_t newest_schema_version();

/// Brings the database to the newest schema. Errors, naming the endpoint: conflict (another program's
/// database, a newer schema, a server that is too old), unavailable.
Status migrate(Endpoint& endpoint);

}  // namespace muster::mysql
