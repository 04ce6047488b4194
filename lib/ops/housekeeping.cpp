// SPDX-License-Identifier: Apache-2.0
#include "ops/housekeeping.hpp"

#include "ops/audit_walk.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/keys.hpp"
#include "ops/revoke_tokens.hpp"
#include "ops/revoking.hpp"
#include "ops/tokens.hpp"
#include "ports/role_store.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

namespace muster::ops {
namespace {

constexpr std::chrono::minutes purge_interval{1};
constexpr std::chrono::minutes maintain_interval{10};
constexpr std::size_t purged_at_a_time = 500;
constexpr int purges_max = 10;
constexpr const char* maintained_name = "maintained_at";

std::string text_of(Time time) {
  return std::to_string(time.time_since_epoch().count());
}

Time time_of(const std::optional<std::string>& text) {
  std::int64_t microseconds = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), microseconds);
  return Time(Duration(microseconds));
}

/// One bounded purge of what has expired in one part. True: there may be more.
Result<bool> purge_part(Context& context, const ports::Home& part, Time now) {
  bool more = false;
  MUSTER_CHECK_OK(context.store.write(part, [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const std::size_t sessions, unit.sessions().purge(now - ended_session_kept, purged_at_a_time));
    MUSTER_TRY(const auto lapsed, unit.grants().purge(now, purged_at_a_time));
    MUSTER_TRY(const std::size_t replies, unit.idempotency().purge(now, purged_at_a_time));
    if (!lapsed.empty())
      unit.after_commit([&authorizer = context.authorizer, lapsed] {
        for (const UserId user : lapsed) authorizer.forget(user);
      });
    more = sessions == purged_at_a_time || !lapsed.empty() || replies == purged_at_a_time;
    return {};
  }));
  return more;
}

/// The same in the catalog.
Result<bool> purge_catalog(Context& context, Time now) {
  bool more = false;
  MUSTER_CHECK_OK(context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const std::size_t replies, unit.idempotency().purge(now, purged_at_a_time));
    MUSTER_TRY(const std::size_t revocations, unit.revocations().purge(now, purged_at_a_time));
    more = replies == purged_at_a_time || revocations == purged_at_a_time;
    // Another daemon's clock may be ahead of this one's.
    MUSTER_TRY(const auto mark, unit.meta().get(std::string(clock_mark_name)));
    return unit.meta().put(std::string(clock_mark_name), text_of(std::max(now, time_of(mark))));
  }));
  return more;
}

Result<bool> purge(Context& context, Time now) {
  MUSTER_TRY(const bool more, purge_catalog(context, now));
  MUSTER_TRY(const bool more_in_parts,
             for_each_part(context, [&](const ports::Home& part) { return purge_part(context, part, now); }));
  return more || more_in_parts;
}

Status maintain(Context& context, Time now) {
  MUSTER_CHECK_OK(
      context.store.write([&](ports::Unit& unit) { return unit.meta().put(maintained_name, text_of(now)); }));
  return context.store.maintain();
}

}  // namespace

Status tidy_once(Context& context) {
  context.tokens.tidy();
  MUSTER_CHECK_OK(rotate_keys_if_due(context));
  // A part that cannot be reached keeps nothing else from being done.
  Status first;
  if (const auto swept = sweep_sessions(context); !swept) first = fail(swept.error());
  if (Status finished = finish_role_revocations(context); !finished && first) first = std::move(finished);
  const Time now = context.clock.now();
  Time purged;
  Time maintained;
  const Status looked = context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto mark, unit.meta().get(std::string(clock_mark_name)));
    MUSTER_TRY(const auto maintenance, unit.meta().get(maintained_name));
    purged = time_of(mark);
    maintained = time_of(maintenance);
    return {};
  });
  if (!looked) return fail(looked.error());
  if (now - purged >= purge_interval) {
    for (int i = 0; i < purges_max; ++i) {
      const auto more = purge(context, now);
      if (!more && first) first = fail(more.error());
      if (!more || !*more) break;
    }
    MUSTER_CHECK_OK(remember_audit_head(context));
  }
  if (now - maintained >= maintain_interval) MUSTER_CHECK_OK(maintain(context, now));
  return first;
}

}  // namespace muster::ops
