// SPDX-License-Identifier: Apache-2.0
/// @file Answers: an operation's data, or an error, as HTTP responses. Pure functions: thread-safe.
#pragma once

#include "base/error.hpp"
#include "daemon/exchange.hpp"
#include "http/message.hpp"

#include <string>
#include <string_view>

namespace muster::daemon {

/// The envelope of a failure with its status, WWW-Authenticate on 401 and Retry-After on 429 and 503.
http::Response error_response(const Error& error, std::string_view trace_id);

/// Makes the error the exchange's answer, in the format of its route.
Next refuse(Exchange& exchange, const Error& error);
/// Makes the data (JSON text; empty: null) the exchange's answer.
Next succeed(Exchange& exchange, std::string_view data_json, unsigned status = 200);

}  // namespace muster::daemon
