// SPDX-License-Identifier: Apache-2.0
/// @file Bytes as text: base64url without padding (RFC 4648 section 5) and lower-case hex. Decoding is
/// strict: one text for one value, so two spellings of a token are never taken for the same.
/// Pure functions: thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster {

std::string base64url_encode(std::string_view bytes);
/// Nothing for a character outside the alphabet, padding, an impossible length or stray low bits.
std::optional<std::string> base64url_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes) noexcept;

}  // namespace muster
