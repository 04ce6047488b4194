// SPDX-License-Identifier: Apache-2.0
/// @file The claims of an access token as JSON. Pure functions: thread-safe.
#pragma once

#include "ports/crypto.hpp"

#include <string>
#include <string_view>

namespace muster::crypto {

std::string encode_claims(const ports::AccessClaims& claims);

/// Strict: no member twice, every claim of Muster's there and of its type, `sid` of the same user as `sub`.
/// Claims it does not know are passed over. Error: unauthenticated, what was wrong in the detail.
Result<ports::AccessClaims> decode_claims(std::string_view json);

/// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

/// What a refused token is answered: one text for all, so that nothing is learned from it.
Error refused_token(std::string why);

}  // namespace muster::crypto
