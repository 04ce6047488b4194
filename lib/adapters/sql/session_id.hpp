// SPDX-License-Identifier: Apache-2.0
/// @file The random part of a session's id, as a column holds it, and back. Pure functions: thread-safe.
#pragma once

#include "base/ids.hpp"

#include <algorithm>
#include <string_view>

namespace muster::sql {

inline std::string_view bytes_of(const SessionId& id) {
  return {reinterpret_cast<const char*>(id.random.data()), id.random.size()};
}

inline SessionId session_id(UserId user, std::string_view random) {
  SessionId id;
  id.user = user;
  std::copy_n(random.begin(), std::min(random.size(), id.random.size()), id.random.begin());
  return id;
}

}  // namespace muster::sql
