// SPDX-License-Identifier: Apache-2.0
/// @file Shows the shards that users are spread over and which slots they own. Sizes are counters that the
/// databases keep, not estimates. One database is one shard, 0, which is the catalog too.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"
#include "ports/sharding.hpp"

namespace muster::ops {

/// Error: unavailable (nothing is known of shards here).
Result<ports::Sharding*> sharding_of(const Context& context);
/// As users write it.
std::string text_of(model::ShardId id);
/// Error: not_found.
Result<model::ShardId> find_shard(const ports::ShardingReport& report, const std::string& text);

struct Shard {
  std::string id;
  std::string dsn;
  bool catalog = false;
  std::string state;
  std::optional<std::string> reason;
  std::int64_t slots = 0;
  std::optional<std::int64_t> users;
  std::optional<std::int64_t> writes;
  std::optional<double> writes_per_second;
  std::int64_t slots_at_odds = 0;
  std::int64_t write_queue = 0;
  std::int64_t reads_waited = 0;
  double read_wait_ms = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("id", &Shard::id, "The shard's number; 0 is the catalog"),
        field("dsn", &Shard::dsn, "Its database, without a password"),
        field("catalog", &Shard::catalog, "Whether it is the catalog: roles, keys, jobs, the audit log"),
        field("state", &Shard::state, "ok, read_only or unreachable").one_of("ok|read_only|unreachable"),
        field("reason", &Shard::reason, "Why it is not ok"),
        field("slots", &Shard::slots, "How many slots it owns"),
        field("users", &Shard::users, "How many users are in them; null when it cannot be asked"),
        field("writes", &Shard::writes, "How many changes they have had; null when it cannot be asked"),
        field("writes_per_second", &Shard::writes_per_second,
              "How many of them a second, over the last minute; null while that is not known"),
        field("slots_at_odds", &Shard::slots_at_odds,
              "Slots of which the catalog's map says something else than the database: none, unless one of "
              "them was restored or changed by hand"),
        field("write_queue", &Shard::write_queue, "Changes that wait for it now"),
        field("reads_waited", &Shard::reads_waited,
              "Reads that had to wait for a connection since the start"),
        field("read_wait_ms", &Shard::read_wait_ms, "For how long, all together, in milliseconds")};
  }
};

struct ListShards {
  using Request = Empty;
  using Reply = Page<Shard>;

  static constexpr OperationInfo info{.name = "list_shards",
                                      .summary = "List the databases that users are spread over",
                                      .method = "GET",
                                      .path = "/v1/admin/shards",
                                      .needs = "read:shard",
                                      .command = "shard list",
                                      .help = "A shard that cannot be reached is listed with the reason."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

/// Neighbours that are owned by the same shard at the same epoch.
struct SlotRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t slots = 0;
  std::string shard;
  std::int64_t epoch = 0;
  std::optional<std::int64_t> users;
  std::optional<std::int64_t> writes;

  static constexpr auto fields() {
    return std::tuple{
        field("first", &SlotRange::first, "The first slot"),
        field("last", &SlotRange::last, "The last slot"),
        field("slots", &SlotRange::slots, "How many they are"),
        field("shard", &SlotRange::shard, "The shard that owns them"),
        field("epoch", &SlotRange::epoch, "Grows with each change of their owner"),
        field("users", &SlotRange::users, "Users in them; null when it cannot be asked"),
        field("writes", &SlotRange::writes, "Changes they have had; null when it cannot be asked")};
  }
};

struct ListSlots {
  struct Request {
    std::optional<std::string> shard;
    bool each = false;

    static constexpr auto fields() {
      return std::tuple{field("shard", &Request::shard, "Only those of this shard").length(1, 10),
                        field("each", &Request::each, "Every slot by itself, not in ranges").optional()};
    }
  };
  using Reply = Page<SlotRange>;

  static constexpr OperationInfo info{
      .name = "list_slots",
      .summary = "List which shard owns which slots",
      .method = "GET",
      .path = "/v1/admin/shards/slots",
      .needs = "read:shard",
      .command = "shard slots",
      .help =
          "Every user is in one of 4,096 slots for ever. Slots side by side that have the same owner at "
          "the same epoch are one range, in every format; --each has every slot by itself."};

  /// Error: not_found (no such shard).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
