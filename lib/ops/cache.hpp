// SPDX-License-Identifier: Apache-2.0
/// @file Empties the cache of users, and compares it with the store.
#pragma once

#include "base/ids.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct FlushCache {
  using Request = Empty;
  struct Reply {
    std::int64_t memory_entries = 0;
    std::int64_t redis_entries = 0;

    static constexpr auto fields() {
      return std::tuple{
          field("memory_entries", &Reply::memory_entries, "Users that were in this daemon's memory"),
          field("redis_entries", &Reply::redis_entries, "Keys that were in Redis")};
    }
  };

  static constexpr OperationInfo info{
      .name = "flush_cache",
      .summary = "Forget all users that are cached",
      .method = "DELETE",
      .path = "/v1/admin/cache",
      .needs = "flush:cache",
      .command = "cache flush",
      .destructive = true,
      .help =
          "In the memory of every daemon, and in Redis all keys of this installation. Users are read from "
          "the store again as they are asked for. Nothing is lost, but the store has more to do for a "
          "while."};

  /// Errors: precondition_failed (there is no cache), unavailable (Redis).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct AuditCache {
  struct Request {
    std::int64_t sample = 1000;

    static constexpr auto fields() {
      return std::tuple{
          field("sample", &Request::sample, "How many users, at most").range(1, 4096).optional()};
    }
  };
  struct Reply {
    std::int64_t compared = 0;
    std::int64_t inconsistent = 0;
    std::vector<UserId> users;

    static constexpr auto fields() {
      return std::tuple{field("compared", &Reply::compared, "Users that were compared"),
                        field("inconsistent", &Reply::inconsistent, "Those that differed"),
                        field("users", &Reply::users, "Which")};
    }
  };

  static constexpr OperationInfo info{
      .name = "audit_cache",
      .summary = "Compare users that are cached with the store",
      .method = "GET",
      .path = "/v1/admin/cache/audit",
      .needs = "read:cache",
      .command = "cache audit",
      .help =
          "Those that this daemon read last. One that another daemon changed just now is looked at again "
          "once "
          "that must be known here. The daemon does the same with a few users every minute: "
          "muster_cache_inconsistent_total in its metrics counts what differed."};

  /// Errors: precondition_failed (there is no cache); those of the store.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
