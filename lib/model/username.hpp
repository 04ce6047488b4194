// SPDX-License-Identifier: Apache-2.0
/// @file Usernames and their canonical form, by which they are unique: Unicode NFKC, case-folded. A name has
/// 1 to 64 characters, letters and digits of any script and `.`, `_`, `-`, and begins and ends with a letter
/// or digit. It has no `@` (a login with one is an email), is not all digits (a command takes an id or a
/// name) and not `me`. Names that look like others are refused: scripts mixed beyond UTS 39 "highly
/// restrictive", and other alphabets that spell a Latin word. Thread-safe.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster::model {

/// Error: invalid_argument at `username`, saying what is allowed.
Result<std::string> canonical_username(std::string_view username);

}  // namespace muster::model
