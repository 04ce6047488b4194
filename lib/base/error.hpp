// SPDX-License-Identifier: Apache-2.0
/// @file What went wrong, in one value. An Error carries a code from a closed list, a message the caller
/// may see and a detail that only the log gets. How a code shows over HTTP and as an exit status is said
/// once, in wire/error_table.hpp.
/// A value type: safe to copy across threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster {

enum class ErrorCode : std::uint8_t {
  invalid_argument,
  unauthenticated,
  token_expired,
  token_revoked,
  refresh_reused,
  permission_denied,
  account_disabled,
  not_found,
  method_not_allowed,
  conflict,
  already_exists,
  precondition_failed,
  too_large,
  unsupported_media_type,
  rate_limited,
  internal,
  unavailable,
  overloaded,
  deadline_exceeded,
};

/// One field at fault: its name as the caller wrote it, and what is allowed there.
struct FieldError {
  std::string field;
  std::string message;

  bool operator==(const FieldError&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  ///< The caller may see it.
  std::string detail;   ///< For the log only.
  std::vector<FieldError> fields;
  std::optional<std::chrono::seconds> retry_after;

  static Error invalid(std::string field, std::string what) {
    return Error{ErrorCode::invalid_argument, field + ": " + what, {}, {{field, what}}, {}};
  }
};

}  // namespace muster
