// SPDX-License-Identifier: Apache-2.0
/// @file Shows and verifies the audit log, the hash-chained records of every change.
#pragma once

#include "model/audit.hpp"
#include "model/job.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

#include <limits>

namespace muster::ops {

struct ListAudit {
  struct Request {
    std::optional<std::string> actor;
    std::optional<std::string> operation;
    std::optional<std::string> target;
    std::optional<Time> since;
    std::optional<Time> until;
    std::optional<std::int64_t> after;
    bool from_now = false;
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("actor", &Request::actor, "Only by this actor: a user id or os:UID").length(1, 256),
          field("operation", &Request::operation, "Only this operation").length(1, 64),
          field("target", &Request::target, "Only this target, such as user:123").length(1, 512),
          field("since", &Request::since, "Only from this time on"),
          field("until", &Request::until, "Only before this time"),
          field("after", &Request::after, "Only records with a greater number: to follow the log")
              .range(0, std::numeric_limits<std::int64_t>::max()),
          field("from_now", &Request::from_now, "No records yet, only a cursor to follow the log from here")
              .optional(),
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<model::AuditRecord>;

  static constexpr OperationInfo info{.name = "list_audit",
                                      .summary = "List audit records, oldest first",
                                      .method = "GET",
                                      .path = "/v1/admin/audit",
                                      .needs = "read:audit",
                                      .command = "audit list"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct AuditVerdict {
  bool ok = true;
  std::int64_t records = 0;
  std::int64_t first_seq = 0;
  std::int64_t head_seq = 0;
  std::string head_hash;
  std::optional<std::int64_t> broken_at_seq;
  std::optional<std::string> reason;

  static constexpr auto fields() {
    return std::tuple{
        field("ok", &AuditVerdict::ok, "Whether the chain is whole"),
        field("records", &AuditVerdict::records, "How many records were verified"),
        field("first_seq", &AuditVerdict::first_seq, "The first record's number; 0 when there is none"),
        field("head_seq", &AuditVerdict::head_seq, "The last record's number"),
        field("head_hash", &AuditVerdict::head_hash, "The last record's hash: keep it elsewhere"),
        field("broken_at_seq", &AuditVerdict::broken_at_seq, "Where the chain breaks first"),
        field("reason", &AuditVerdict::reason, "What is wrong there")};
  }
};

struct VerifyAudit {
  using Request = Empty;
  using Reply = AuditVerdict;

  static constexpr OperationInfo info{
      .name = "verify_audit",
      .summary = "Verify the audit log's hash chain",
      .method = "GET",
      .path = "/v1/admin/audit/verify",
      .needs = "read:audit",
      .command = "audit verify",
      .help = "Finds records that were changed, dropped, reordered or cut off at the end."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct StartAuditVerification {
  using Request = Empty;
  using Reply = model::Job;

  static constexpr OperationInfo info{.name = "start_audit_verification",
                                      .summary = "Verify the audit log's hash chain as a job",
                                      .method = "POST",
                                      .path = "/v1/admin/audit/verify",
                                      .needs = "read:audit",
                                      .http_status = 202};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
