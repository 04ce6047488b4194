// SPDX-License-Identifier: Apache-2.0
/// @file How revocations are made, for every operation that ends sessions. Each function belongs inside a
/// unit: it appends the revocation first, marks the sessions it wholly covers, and has the revocation in
/// force when the unit is durable.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace muster::ops {

struct Context;

/// No access token lives longer, whatever the settings were when it was issued.
inline constexpr std::chrono::minutes access_token_lifetime_max{24 * 60 + 5};

struct Revoking {
  std::optional<Time> issued_before;
  std::string reason;
};

struct Revoked {
  std::int64_t epoch = 0;
  std::int64_t sessions = 0;  ///< Live ones that ended.
};

/// Does a bounded step in every part, also when one of them fails, whose error is returned then. True: one of
/// them has more to do.
Result<bool> for_each_part(Context& context, const std::function<Result<bool>(const ports::Home&)>& step);

/// Error: not_found.
Result<Revoked> revoke_session(Context& context, ports::Unit& unit, const SessionId& session,
                               const Revoking& what);
/// Error: not_found.
Result<Revoked> revoke_user(Context& context, ports::Unit& unit, UserId user, const Revoking& what);
/// In force at once for everybody; the sessions' rows are marked by sweep_sessions().
Result<Revoked> revoke_everything(Context& context, ports::Unit& unit, const Revoking& what);

/// Marks the next sessions that the last revocation of everything covers; a bounded number of each part.
/// False: none are left.
Result<bool> sweep_sessions(Context& context);

}  // namespace muster::ops
