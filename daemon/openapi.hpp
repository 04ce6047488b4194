// SPDX-License-Identifier: Apache-2.0
/// @file The API's description (OpenAPI 3.1), made from the catalogue of operations and the list of the
/// daemon's own endpoints. Pure functions: thread-safe.
#pragma once

#include <string>

namespace muster::daemon {

/// Compact JSON: what /v1/openapi.json serves.
std::string openapi_document();
/// The same, for people: two spaces a level.
std::string openapi_document_indented();

}  // namespace muster::daemon
