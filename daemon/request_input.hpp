// SPDX-License-Identifier: Apache-2.0
/// @file From path, query, headers and body to what an operation takes. Pure functions: thread-safe.
#pragma once

#include "base/result.hpp"
#include "daemon/exchange.hpp"

namespace muster::daemon {

/// Content-Type and presence of the body. Errors: unsupported_media_type, invalid_argument.
Status check_body(const Exchange& exchange);
/// Idempotency-Key and If-Match into the call. Errors: invalid_argument, precondition_failed.
Status read_conditions(Exchange& exchange);
/// Path values, query and body into one JSON object, `exchange.input`; dry_run and plan_hash into the call.
/// Errors: invalid_argument, unauthenticated (`me` without a user).
Status read_input(Exchange& exchange);

/// The value of a form field (application/x-www-form-urlencoded), given exactly once. Error:
/// invalid_argument.
Result<std::string> form_value(const Exchange& exchange, std::string_view name);

/// Whether If-None-Match names this version.
bool none_match_fails(const Exchange& exchange, std::int64_t version);

}  // namespace muster::daemon
