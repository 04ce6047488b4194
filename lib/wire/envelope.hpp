// SPDX-License-Identifier: Apache-2.0
/// @file The envelope every endpoint of Muster's own answers with.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster::wire {

/// `{"code":0,"message":"ok","data":DATA}`; `data_json` is JSON text, empty for null.
std::string success_envelope(std::string_view data_json);

/// `{"code":40400,"message":...,"data":null,"error":"not_found","trace_id":...,"fields":[...]}`.
std::string error_envelope(const Error& error, std::string_view trace_id);

struct Envelope {
  std::string data_json;
  std::string trace_id;
};

/// Reads either; an error envelope becomes the Error it was made from. Error: internal when it is neither.
Result<Envelope> read_envelope(std::string_view text, unsigned http_status);

}  // namespace muster::wire
