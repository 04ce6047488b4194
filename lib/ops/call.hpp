// SPDX-License-Identifier: Apache-2.0
/// @file One call of an operation: who calls, from where, and under which conditions. commit() is how an
/// operation changes anything: one transaction that also holds the audit record and the remembered reply,
/// that a dry run undoes and a stale plan refuses. Belongs to one thread at a time.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "ports/cache.hpp"
#include "ports/store.hpp"
#include "wire/codec.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

struct Context;

struct Caller {
  enum class Kind : std::uint8_t { anonymous, user, operator_local, system };

  Kind kind = Kind::anonymous;
  UserId user;        ///< Of a user.
  SessionId session;  ///< Of a user.
  std::uint32_t user_id_os =
      0;  ///< Of a local operator: the admin socket's peer; has the rights of muster-admin.

  /// "123", "os:0", "anonymous", "system": as in the audit log.
  [[nodiscard]] std::string actor() const;
};

/// What a commit did, for the audit log and for dry runs. An operation that found nothing to do leaves it as
/// it is and no record is written.
struct Change {
  std::string target;                 ///< "user:123"; empty: nothing was changed.
  std::optional<std::string> before;  ///< JSON; nothing when it did not exist.
  std::optional<std::string> after;   ///< JSON; nothing when it is gone. Never a secret.
  /// Stands for the target in a plan, where each run would make another one: "user:alice" for a new id.
  std::optional<std::string> planned_target;
  std::optional<std::string> planned_results;  ///< JSON: what would become of each item of many.
  std::int64_t count = 1;                      ///< How many objects changed: what a dry run promises.
  bool audited = true;  ///< False only for the rotation of a refresh token and the like.
};

class Call {
 public:
  Caller caller;
  std::string operation;  ///< Set by invoke.
  std::string source;     ///< "192.0.2.1", "unix" or "daemon".
  std::string user_agent;
  std::string trace_id;
  std::optional<std::string> idempotency_key;  ///< As sent, 1 to 255 visible ASCII characters.
  bool dry_run = false;
  std::optional<std::string> plan_hash;
  std::optional<std::int64_t> if_match;  ///< The version from If-Match.

  std::optional<std::int64_t> at_least;  ///< A version that a reader of one user must see, or a later one.
  /// Whom memory lacks, and ports::UserCache::find_soon may bring: an operation that must not wait says so.
  struct Wanted {
    UserId user;
    std::chrono::steady_clock::time_point since;
  };
  std::optional<Wanted> wanted;
  ports::CachedUserPtr brought;  ///< Whom it brought.

  std::string request_text;                   ///< Canonical JSON of the request, set by invoke; never logged.
  std::optional<std::string> replayed_reply;  ///< JSON of the first reply to this idempotency key.
  std::optional<std::string> plan_reply;      ///< JSON: what a dry run answers instead.
  std::optional<std::int64_t> version;        ///< Of the reply: the ETag.

  /// Runs `work` in one transaction at `home`. Errors: work's own; conflict (idempotency key used for another
  /// request), precondition_failed (plan_hash is stale).
  template <class Reply>
  Result<Reply> commit(Context& context, const ports::Home& home,
                       const std::function<Result<Reply>(ports::Unit&, Change&)>& work) {
    Reply reply{};
    MUSTER_CHECK_OK(
        commit_encoded(context, home, [&](ports::Unit& unit, Change& change) -> Result<std::string> {
          auto outcome = work(unit, change);
          if (!outcome) return fail(std::move(outcome).error());
          reply = std::move(*outcome);
          return wire::encode(reply);
        }));
    return reply;
  }

  /// Where a call with this one's idempotency key has its home: an object that it creates is given the id
  /// that it was given the first time.
  Result<ports::Home> settle_home(Context& context, const ports::Home& proposed) const;

  [[nodiscard]] std::chrono::steady_clock::time_point began() const {
    return wanted ? wanted->since : std::chrono::steady_clock::now();
  }

  /// Error: precondition_failed when If-Match names another version than `current`.
  [[nodiscard]] Status check_version(std::int64_t current) const;

 private:
  [[nodiscard]] std::string scoped_key() const;
  Status commit_encoded(Context& context, const ports::Home& home,
                        const std::function<Result<std::string>(ports::Unit&, Change&)>& work);
};

/// A reply that is JSON already.
struct EncodedReply {
  std::shared_ptr<const std::string> json;
  std::int64_t version = 0;
};

/// Whether a call may wait for the store.
enum class Patience : std::uint8_t { none, some };

/// What a dry run answers.
struct Plan {
  bool dry_run = true;
  std::int64_t changes = 0;  ///< How many objects would change.
  std::string plan_hash;  ///< Of the request and of what it would change: another state gives another hash.
  std::string operation;
  std::optional<std::string> target;
  std::optional<JsonValue> before;
  std::optional<JsonValue> after;

  static constexpr auto fields() {
    return std::tuple{field("dry_run", &Plan::dry_run, "Always true: nothing was changed"),
                      field("changes", &Plan::changes, "How many objects would change"),
                      field("plan_hash", &Plan::plan_hash, "Give it back to apply just this plan"),
                      field("operation", &Plan::operation, "What would be done"),
                      field("target", &Plan::target, "What it would be done to"),
                      field("before", &Plan::before, "The target as it is"),
                      field("after", &Plan::after, "The target as it would be")};
  }
};

}  // namespace muster::ops
