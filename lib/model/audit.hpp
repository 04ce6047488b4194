// SPDX-License-Identifier: Apache-2.0
/// @file An audit record and its place in the hash chain: each record's hash covers its content and the hash
/// of the record before it, so a changed, dropped or moved record breaks every later link.
#pragma once

#include "base/fields.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace muster::model {

struct AuditRecord {
  std::int64_t seq = 0;  ///< 1, 2, 3, ... without a gap.
  Time time;
  std::string actor;      ///< A user id, "os:UID" on the admin socket, "anonymous" or "system".
  std::string source;     ///< Remote address, "unix" or "daemon".
  std::string operation;  ///< The operation's name: "grant_role".
  std::string target;     ///< What it was done to: "user:123", "role:editor".
  std::string outcome;    ///< "ok" or an error's name.
  std::string trace_id;
  std::optional<JsonValue> before;
  std::optional<JsonValue> after;
  std::string hash;  ///< Hex; of this record and the one before.

  static constexpr auto fields() {
    return std::tuple{
        field("seq", &AuditRecord::seq, "Position in the chain, from 1, without a gap"),
        field("time", &AuditRecord::time, "When it happened"),
        field("actor", &AuditRecord::actor, "Who did it: a user id, os:UID, anonymous or system"),
        field("source", &AuditRecord::source, "Where from: an address, unix or daemon"),
        field("operation", &AuditRecord::operation, "What was done"),
        field("target", &AuditRecord::target, "What it was done to, such as user:123"),
        field("outcome", &AuditRecord::outcome, "ok, or the error's name"),
        field("trace_id", &AuditRecord::trace_id, "The request's trace id"),
        field("before", &AuditRecord::before, "The target before the change"),
        field("after", &AuditRecord::after, "The target after the change"),
        field("hash", &AuditRecord::hash, "Chain hash over this record and the one before it")};
  }

  /// The bytes that are hashed: every field but `hash`, each with its length before it, so that no two
  /// records share them.
  [[nodiscard]] std::string canonical_bytes() const;
};

}  // namespace muster::model
