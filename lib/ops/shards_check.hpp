// SPDX-License-Identifier: Apache-2.0
/// @file Checks, as a job, that every name leads to the user who has it and every user is found by their
/// names, while users come, go and change.
#pragma once

#include "model/job.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct ShardFault {
  std::string fault;
  std::string kind;
  std::string name;
  UserId user_id;
  std::optional<UserId> other_user_id;
  bool repaired = false;

  static constexpr auto fields() {
    return std::tuple{
        field("fault", &ShardFault::fault,
              "orphan: it leads to a user who has it not; missing: it does not lead to its user; duplicate: "
              "two users have it; overdue: a claim to it never ended")
            .one_of("orphan|missing|duplicate|overdue"),
        field("kind", &ShardFault::kind, "Which kind of name").one_of("username|email|phone"),
        field("name", &ShardFault::name, "The name, as it is compared"),
        field("user_id", &ShardFault::user_id, "The user"),
        field("other_user_id", &ShardFault::other_user_id, "Of a duplicate: whom the name leads to"),
        field("repaired", &ShardFault::repaired, "Whether it is mended")};
  }
};

/// The job's result.
struct ShardVerdict {
  bool ok = true;
  std::int64_t names = 0;
  std::int64_t users = 0;
  std::int64_t orphans = 0;
  std::int64_t missing = 0;
  std::int64_t duplicates = 0;
  std::int64_t overdue = 0;
  std::int64_t repaired = 0;
  std::int64_t remaining = 0;
  std::vector<ShardFault> faults;

  static constexpr auto fields() {
    return std::tuple{field("ok", &ShardVerdict::ok, "Whether no fault remains"),
                      field("names", &ShardVerdict::names, "How many names were looked at"),
                      field("users", &ShardVerdict::users, "How many users were looked at"),
                      field("orphans", &ShardVerdict::orphans, "Names that led to a user who had them not"),
                      field("missing", &ShardVerdict::missing, "Names that did not lead to their user"),
                      field("duplicates", &ShardVerdict::duplicates, "Names that two users have"),
                      field("overdue", &ShardVerdict::overdue, "Claims that never ended"),
                      field("repaired", &ShardVerdict::repaired, "Faults that are mended"),
                      field("remaining", &ShardVerdict::remaining, "Faults that are not"),
                      field("faults", &ShardVerdict::faults, "The first hundred of them").length(0, 100)};
  }
};

struct CheckShards {
  struct Request {
    bool repair = false;

    static constexpr auto fields() {
      return std::tuple{field("repair", &Request::repair,
                              "Remove names that lead nowhere, add missing ones, end old claims; needs "
                              "migrate:shard")
                            .optional()};
    }
  };
  using Reply = model::Job;

  static constexpr OperationInfo info{
      .name = "check_shards",
      .summary = "Check that names and users lead to each other, across all shards",
      .method = "POST",
      .path = "/v1/admin/shards/check",
      .needs = "read:shard",
      .http_status = 202,
      .command = "shard check",
      .help =
          "The reply is the job that checks; its result has the counts and the first hundred faults. It "
          "runs beside registrations and renames: what looks wrong is looked at again before it is "
          "reported. Two users with one name are reported and never decided between: rename or remove one "
          "of them."};

  /// Errors: permission_denied (to repair), unavailable.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

class JobControl;

/// The job: its parameters are CheckShards::Request, its result is a ShardVerdict.
Result<JsonObject> check_shards(Context& context, JobControl& control, const model::Job& job);

}  // namespace muster::ops
