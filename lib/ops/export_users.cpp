// SPDX-License-Identifier: Apache-2.0
#include "ops/accounts.hpp"
#include "ops/changed.hpp"
#include "ops/context.hpp"
#include "ops/import_users.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

#include <charconv>

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

/// How far an export is: in which part, and behind which user of it.
struct Place {
  std::size_t part = 0;
  std::optional<UserId> after;
};

std::string cursor_of(const Place& place) {
  return make_cursor(list_kind, std::to_string(place.part) + "/" + place.after.value_or(UserId{}).text());
}

Result<Place> place_of(const std::string& cursor) {
  MUSTER_TRY(const std::string key, read_cursor(list_kind, cursor));
  Place place;
  std::int64_t after = 0;
  const auto part = std::from_chars(key.data(), key.data() + key.size(), place.part);
  if (part.ec == std::errc() && part.ptr != key.data() + key.size() && *part.ptr == '/') {
    const auto id = std::from_chars(part.ptr + 1, key.data() + key.size(), after);
    if (id.ec == std::errc() && id.ptr == key.data() + key.size()) {
      place.after = UserId{after};
      return place;
    }
  }
  return fail(Error::invalid("cursor", "is not a cursor of this list"));
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
  Place place;
  if (request.cursor) {
    MUSTER_TRY(place, place_of(*request.cursor));
  }
  Reply reply;
  const auto parts = context.store.parts();
  // One part after the other, each page of one moment of its part: a user comes with what belongs to them
  // then.
  while (place.part < parts.size() && reply.items.empty()) {
    bool more = false;
    const Status read = context.store.read(parts[place.part], [&](ports::Unit& unit) -> Status {
      reply.items.clear();
      MUSTER_TRY(auto page, unit.users().list({}, place.after, static_cast<std::size_t>(request.limit)));
      more = page.more;
      for (model::User& user : page.items) {
        MUSTER_TRY(auto item, portable(unit, std::move(user), request.include_hashes));
        reply.items.push_back(std::move(item));
      }
      return {};
    });
    if (!read) return fail(read.error());
    if (more)
      place.after = *reply.items.back().id;
    else
      place = {place.part + 1, std::nullopt};
  }
  if (place.part < parts.size()) reply.next_cursor = cursor_of(place);
  if (request.include_hashes) MUSTER_CHECK_OK(audit_export(context, call, reply));
  return reply;
}

}  // namespace muster::ops
