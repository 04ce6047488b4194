// SPDX-License-Identifier: Apache-2.0
#include "ops/audit.hpp"

#include "ops/audit_walk.hpp"
#include "ops/context.hpp"
#include "ops/new_job.hpp"
#include "ports/security_store.hpp"

#include <algorithm>
#include <tuple>

namespace muster::ops {

Result<ListAudit::Reply> ListAudit::run(Context& context, Call& /*call*/, const Request& request) {
  if (request.from_now) {
    std::int64_t head = 0;
    MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(std::tie(head, std::ignore), unit.audit().head());
      return {};
    }));
    return Reply{{}, make_cursor("audit", std::to_string(head))};
  }
  std::int64_t after = request.after.value_or(0);
  if (request.cursor) {
    MUSTER_TRY(const std::int64_t shown, read_number_cursor("audit", *request.cursor));
    after = std::max(after, shown);
  }
  const ports::AuditFilter filter{request.actor, request.operation, request.target, request.since,
                                  request.until};
  std::vector<model::AuditRecord> items;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(items, unit.audit().list(filter, after, static_cast<std::size_t>(request.limit) + 1));
    return {};
  }));
  return make_page(std::move(items), request.limit, "audit",
                   [](const model::AuditRecord& record) { return std::to_string(record.seq); });
}

Result<VerifyAudit::Reply> VerifyAudit::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  AuditWalk walk(context);
  for (bool more = true; more;) {
    MUSTER_TRY(more, walk.step());
  }
  return walk.verdict();
}

Result<StartAuditVerification::Reply> StartAuditVerification::run(Context& context, Call& call,
                                                                  const Request& /*request*/) {
  return start_job(context, call, "audit_verify", JsonObject{});
}

}  // namespace muster::ops
