// SPDX-License-Identifier: Apache-2.0
/// @file Asks every database how it would run each statement that Muster has, and for its schema.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct StatementFault {
  std::string statement;
  std::optional<std::string> table;
  std::string problem;
  std::optional<std::string> remedy;

  static constexpr auto fields() {
    return std::tuple{field("statement", &StatementFault::statement, "The statement's name in Muster"),
                      field("table", &StatementFault::table, "The table it reaches so badly"),
                      field("problem", &StatementFault::problem, "What is wrong"),
                      field("remedy", &StatementFault::remedy, "A statement for the database that mends it")};
  }
};

struct ExaminedShard {
  std::string id;
  std::string state;
  std::optional<std::string> reason;
  std::optional<std::string> engine;
  std::optional<std::string> schema;
  std::optional<std::int64_t> schema_version;
  std::optional<std::int64_t> schema_newest;
  std::int64_t statements = 0;
  std::vector<StatementFault> faults;

  static constexpr auto fields() {
    return std::tuple{
        field("id", &ExaminedShard::id, "The shard's number; 0 is the catalog"),
        field("state", &ExaminedShard::state, "ok, faulty or unreachable").one_of("ok|faulty|unreachable"),
        field("reason", &ExaminedShard::reason, "Why it cannot be asked"),
        field("engine", &ExaminedShard::engine, "The database software and its version"),
        field("schema", &ExaminedShard::schema, "Whether its tables are of this daemon's version")
            .one_of("current|older|newer"),
        field("schema_version", &ExaminedShard::schema_version, "The version of its tables"),
        field("schema_newest", &ExaminedShard::schema_newest, "The newest version this daemon knows"),
        field("statements", &ExaminedShard::statements, "How many statements were looked at"),
        field("faults", &ExaminedShard::faults, "Those that read a whole table or miss an index")};
  }
};

struct ExamineShards {
  using Request = Empty;
  using Reply = Page<ExaminedShard>;

  static constexpr OperationInfo info{
      .name = "examine_shards",
      .summary = "Ask every database how it runs each statement",
      .method = "GET",
      .path = "/v1/admin/shards/examination",
      .needs = "read:shard",
      .command = "shard examine",
      .help =
          "Every statement that Muster has is explained (EXPLAIN) by each database, with its tables as they "
          "are now and without running it. A fault is an index that is missing, a table read from end to "
          "end, or rows that are sorted. Of a table with at most a thousand rows a database may choose to "
          "read all though an index would serve: that is no fault."};

  /// Error: unavailable (nothing is known of shards here).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
