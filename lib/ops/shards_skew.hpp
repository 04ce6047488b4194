// SPDX-License-Identifier: Apache-2.0
/// @file Shows how evenly users and changes are spread over shards and slots, by the databases' counters.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct ShardShare {
  std::string id;
  std::int64_t slots = 0;
  std::int64_t users = 0;
  std::int64_t writes = 0;

  static constexpr auto fields() {
    return std::tuple{field("id", &ShardShare::id, "The shard"),
                      field("slots", &ShardShare::slots, "Slots it owns"),
                      field("users", &ShardShare::users, "Users in them"),
                      field("writes", &ShardShare::writes, "Changes they have had")};
  }
};

struct HotSlot {
  std::int64_t slot = 0;
  std::string shard;
  std::int64_t users = 0;
  std::int64_t writes = 0;

  static constexpr auto fields() {
    return std::tuple{field("slot", &HotSlot::slot, "The slot"),
                      field("shard", &HotSlot::shard, "The shard that owns it"),
                      field("users", &HotSlot::users, "Users in it"),
                      field("writes", &HotSlot::writes, "Changes it has had")};
  }
};

struct ShowSkew {
  struct Request {
    std::int64_t hottest = 10;

    static constexpr auto fields() {
      return std::tuple{
          field("hottest", &Request::hottest, "How many of the hottest slots").range(0, 1000).optional()};
    }
  };
  struct Reply {
    double users_max_to_mean = 1;
    double writes_max_to_mean = 1;
    std::vector<ShardShare> shards;
    std::vector<HotSlot> most_users;
    std::vector<HotSlot> most_writes;

    static constexpr auto fields() {
      return std::tuple{
          field("users_max_to_mean", &Reply::users_max_to_mean,
                "Users of the fullest shard against the mean; 1 is even"),
          field("writes_max_to_mean", &Reply::writes_max_to_mean,
                "Changes of the busiest shard against the mean; 1 is even"),
          field("shards", &Reply::shards, "Every shard that is to have users"),
          field("most_users", &Reply::most_users, "The slots with the most users, first the fullest"),
          field("most_writes", &Reply::most_writes, "The slots with the most changes, first the busiest")};
    }
  };

  static constexpr OperationInfo info{.name = "show_skew",
                                      .summary = "Show how evenly users and changes are spread",
                                      .method = "GET",
                                      .path = "/v1/admin/shards/skew",
                                      .needs = "read:shard",
                                      .command = "shard skew"};

  /// Error: unavailable (a shard cannot be asked, and the rest would say little).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
