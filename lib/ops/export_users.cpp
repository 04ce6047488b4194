// SPDX-License-Identifier: Apache-2.0
#include "ops/accounts.hpp"
#include "ops/changed.hpp"
#include "ops/context.hpp"
#include "ops/import_users.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

constexpr std::string_view list_kind = "export";

Result<PortableUser> portable(ports::Unit& unit, model::User user, bool include_hash) {
  PortableUser out;
  out.id = user.id;
  out.username = std::move(user.username);
  out.email = std::move(user.email);
  out.phone = std::move(user.phone);
  out.display_name = std::move(user.display_name);
  out.status = user.status;
  out.attributes = std::move(user.attributes);
  out.created_at = user.created_at;
  if (include_hash) {
    MUSTER_TRY(auto credential, unit.users().credential(user.id));
    if (credential) out.password_hash = std::move(credential->hash);
  }
  MUSTER_TRY(const auto grants, unit.grants().list(user.id));
  for (const model::Grant& grant : grants) {
    // An import could only make it permanent.
    if (grant.expires_at) continue;
    if (!out.roles) out.roles.emplace();
    out.roles->push_back(grant.role);
  }
  return out;
}

/// Hashes that leave the store leave a trace.
Status audit_export(Context& context, Call& call, const ExportUsers::Reply& reply) {
  const auto done = call.commit<Changed>(
      context, ports::Home::catalog(), [&](ports::Unit&, Change& change) -> Result<Changed> {
        if (reply.items.empty()) return Changed{false};
        change.target = "users";
        change.count = static_cast<std::int64_t>(reply.items.size());
        change.after = R"({"exported_with_hashes":)" + std::to_string(reply.items.size()) +
                       R"(,"first_id":")" + reply.items.front().id->text() + R"(","last_id":")" +
                       reply.items.back().id->text() + "\"}";
        return Changed{true};
      });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace

Result<ExportUsers::Reply> ExportUsers::run(Context& context, Call& call, const Request& request) {
  if (request.include_hashes) MUSTER_CHECK_OK(require_permission(context, call, "import:user"));
  std::optional<UserId> after;
  if (request.cursor) {
    MUSTER_TRY(after.emplace().value, read_number_cursor(list_kind, *request.cursor));
  }
  Reply reply;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(auto page, unit.users().list({}, after, static_cast<std::size_t>(request.limit)));
    if (page.more && !page.items.empty())
      reply.next_cursor = make_cursor(list_kind, page.items.back().id.text());
    for (model::User& user : page.items) {
      MUSTER_TRY(auto item, portable(unit, std::move(user), request.include_hashes));
      reply.items.push_back(std::move(item));
    }
    return {};
  }));
  if (request.include_hashes) MUSTER_CHECK_OK(audit_export(context, call, reply));
  return reply;
}

}  // namespace muster::ops
