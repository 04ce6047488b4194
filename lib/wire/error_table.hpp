// SPDX-License-Identifier: Apache-2.0
/// @file The one table of errors: how each ErrorCode shows over HTTP and as an exit status.
#pragma once

#include "base/error.hpp"

#include <array>
#include <string_view>

namespace muster::wire {

/// Exit statuses of musterctl.
enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  differs = 3,
  denied = 4,
  missing_or_conflict = 5,
  partly_done = 6,
  running_elsewhere = 7,
  needs_confirmation = 8,
  unreachable = 9,
};

struct ErrorEntry {
  ErrorCode code;
  std::string_view name;
  unsigned http_status;
  int number;  ///< http_status * 100 + n
  Exit exit;
};

inline constexpr std::array<ErrorEntry, 19> error_table{{
    {ErrorCode::invalid_argument, "invalid_argument", 400, 40000, Exit::usage},
    {ErrorCode::unauthenticated, "unauthenticated", 401, 40100, Exit::denied},
    {ErrorCode::token_expired, "token_expired", 401, 40101, Exit::denied},
    {ErrorCode::token_revoked, "token_revoked", 401, 40102, Exit::denied},
    {ErrorCode::refresh_reused, "refresh_reused", 401, 40103, Exit::denied},
    {ErrorCode::permission_denied, "permission_denied", 403, 40300, Exit::denied},
    {ErrorCode::account_disabled, "account_disabled", 403, 40301, Exit::denied},
    {ErrorCode::not_found, "not_found", 404, 40400, Exit::missing_or_conflict},
    {ErrorCode::method_not_allowed, "method_not_allowed", 405, 40500, Exit::failed},
    {ErrorCode::conflict, "conflict", 409, 40900, Exit::missing_or_conflict},
    {ErrorCode::already_exists, "already_exists", 409, 40901, Exit::missing_or_conflict},
    {ErrorCode::precondition_failed, "precondition_failed", 412, 41200, Exit::needs_confirmation},
    {ErrorCode::too_large, "too_large", 413, 41300, Exit::usage},
    {ErrorCode::unsupported_media_type, "unsupported_media_type", 415, 41500, Exit::failed},
    {ErrorCode::rate_limited, "rate_limited", 429, 42900, Exit::unreachable},
    {ErrorCode::internal, "internal", 500, 50000, Exit::failed},
    {ErrorCode::unavailable, "unavailable", 503, 50300, Exit::unreachable},
    {ErrorCode::overloaded, "overloaded", 503, 50301, Exit::unreachable},
    {ErrorCode::deadline_exceeded, "deadline_exceeded", 504, 50400, Exit::unreachable},
}};

constexpr const ErrorEntry& entry_of(ErrorCode code) {
  return error_table[static_cast<std::size_t>(code)];
}

constexpr const ErrorEntry* entry_named(std::string_view name) {
  for (const ErrorEntry& entry : error_table)
    if (entry.name == name) return &entry;
  return nullptr;
}

static_assert([] {
  for (std::size_t i = 0; i < error_table.size(); ++i)
    if (static_cast<std::size_t>(error_table[i].code) != i) return false;
  return true;
}());

}  // namespace muster::wire
