// SPDX-License-Identifier: Apache-2.0
/// @file Adds a shard, and plans how to empty one.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct AddShard {
  struct Request {
    std::string dsn;

    static constexpr auto fields() {
      return std::tuple{field("dsn", &Request::dsn,
                              "The database, as in store.shards: sqlite:///path or "
                              "mysql://user@host:port/database; without a password")
                            .length(1, 1024)};
    }
  };
  struct Reply {
    std::string id;
    std::string dsn;
    std::int64_t slots = 0;

    static constexpr auto fields() {
      return std::tuple{field("id", &Reply::id, "The new shard's number"),
                        field("dsn", &Reply::dsn, "Its database"),
                        field("slots", &Reply::slots, "How many slots it owns: none yet")};
    }
  };

  static constexpr OperationInfo info{
      .name = "add_shard",
      .summary = "Add a database for users",
      .method = "POST",
      .path = "/v1/admin/shards",
      .needs = "migrate:shard",
      .http_status = 201,
      .command = "shard add",
      .help =
          "The database must be empty; its tables are made. It is a shard from then on, after a restart "
          "too, and owns no slots. A dry run does not open the database."};

  /// Errors: invalid_argument (the address), already_exists, conflict (another catalog's, not empty),
  /// unavailable (it cannot be reached).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct SlotMoveRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t slots = 0;
  std::string from;
  std::string to;

  static constexpr auto fields() {
    return std::tuple{field("first", &SlotMoveRange::first, "The first slot"),
                      field("last", &SlotMoveRange::last, "The last slot"),
                      field("slots", &SlotMoveRange::slots, "How many they are"),
                      field("from", &SlotMoveRange::from, "The shard that owns them"),
                      field("to", &SlotMoveRange::to, "The shard they would move to")};
  }
};

struct DrainShard {
  struct Request {
    std::string id;

    static constexpr auto fields() {
      return std::tuple{field("id", &Request::id, "The shard's number").length(1, 10)};
    }
  };
  struct Reply {
    std::vector<SlotMoveRange> moves;

    static constexpr auto fields() {
      return std::tuple{field("moves", &Reply::moves, "What would move where")};
    }
  };

  static constexpr OperationInfo info{
      .name = "drain_shard",
      .summary = "Plan which slots would leave a shard, and for where",
      .method = "POST",
      .path = "/v1/admin/shards/{id}/drain",
      .needs = "migrate:shard",
      .command = "shard drain",
      .help =
          "This version plans only: with --dry-run it says which slots would move to which of the other "
          "shards, so that those end up even. Moving slots is not in this version; without --dry-run it "
          "refuses."};

  /// Errors: not_found, precondition_failed (not a dry run; no other shard).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
