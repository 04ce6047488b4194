// SPDX-License-Identifier: Apache-2.0
/// @file Email addresses and phone numbers in the form they are unique by, which is also the form they are
/// stored in. Thread-safe.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster::model {

/// `local@domain` in lower case, an international domain in its ASCII form; at most 254 bytes, 64 before the
/// `@`. No quoted local parts, comments or address literals. Error: invalid_argument at `email`.
Result<std::string> normal_email(std::string_view email);

/// E.164, `+` and 8 to 15 digits, with spaces, dots, hyphens and parentheses taken out.
/// Error: invalid_argument at `phone`.
Result<std::string> normal_phone(std::string_view phone);

}  // namespace muster::model
