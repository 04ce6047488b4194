// SPDX-License-Identifier: Apache-2.0
#include "ops/users.hpp"

#include "model/contact.hpp"
#include "model/slot.hpp"
#include "model/username.hpp"
#include "ops/access_samples.hpp"
#include "ops/accounts.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/merge_patch.hpp"
#include "ops/role_rules.hpp"
#include "ops/tokens.hpp"
#include "ops/user_changes.hpp"
#include "ports/cache.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

constexpr std::string_view list_kind = "users";

Error no_such_user(UserId id) {
  return Error{ErrorCode::not_found, "there is no user " + id.text(), {}, {}, {}};
}

Result<ports::UserFilter> filter_of(const ListUsers::Request& request) {
  wire::Problems problems;
  ports::UserFilter filter;
  filter.email = request.email;
  filter.phone = request.phone;
  make_normal(problems, filter.email, filter.phone);
  if (request.username)
    filter.username = value_or_note(problems, model::canonical_username(*request.username));
  filter.status = request.status;
  filter.created_after = request.created_after;
  filter.created_before = request.created_before;
  if (!problems.empty()) return fail(problems.error());
  return filter;
}

std::vector<ports::Name> contacts_of(const std::optional<std::string>& email,
                                     const std::optional<std::string>& phone) {
  std::vector<ports::Name> names;
  if (email) names.push_back({model::NameKind::email, *email});
  if (phone) names.push_back({model::NameKind::phone, *phone});
  return names;
}

std::vector<ports::Name> names_in(const ports::UserFilter& filter) {
  std::vector<ports::Name> names = contacts_of(filter.email, filter.phone);
  if (filter.username) names.push_back({model::NameKind::username, *filter.username});
  return names;
}

/// Contact data in normal form; a null status is refused, because a user always has one.
Result<UpdateUser::Request> prepare(UpdateUser::Request request) {
  wire::Problems problems;
  make_normal(problems, request.email.value, request.phone.value);
  if (request.status.present && !request.status.value)
    problems.add("status", "must be one of active, disabled");
  if (!problems.empty()) return fail(problems.error());
  return request;
}

Result<model::User> patched(model::User user, const UpdateUser::Request& request) {
  user.display_name = request.display_name.applied_to(user.display_name);
  user.email = request.email.applied_to(user.email);
  user.phone = request.phone.applied_to(user.phone);
  if (request.status.value) user.status = *request.status.value;
  if (request.attributes.present) {
    if (!request.attributes.value) {
      user.attributes = {};
    } else {
      MUSTER_TRY(user.attributes, merge_patch(user.attributes, *request.attributes.value, "attributes"));
    }
  }
  return user;
}

}  // namespace

Result<ListUsers::Reply> ListUsers::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const auto filter, filter_of(request));
  const auto limit = static_cast<std::size_t>(request.limit);
  const bool names_one = filter.username || filter.email || filter.phone;
  if (!names_one) {
    MUSTER_TRY(const PartsPlace place, place_of(list_kind, request.cursor));
    std::vector<PartPage<model::User>> pages(count_parts(context));
    const auto missing = request.partial ? Missing::allowed : Missing::refused;
    MUSTER_TRY(const auto answer,
               ask_parts(context, call, missing, [&](std::size_t part, ports::Unit& unit) -> Status {
                 MUSTER_TRY(auto page, unit.users().list(filter, place.of(part), limit));
                 pages.at(part) = {std::move(page.items), page.more};
                 return {};
               }));
    return merge_parts(std::move(pages), place, answer, limit, list_kind,
                       [](const model::User& user) { return user.id; });
  }
  std::optional<UserId> after;
  if (request.cursor) {
    MUSTER_TRY(after.emplace().value, read_number_cursor(list_kind, *request.cursor));
  }
  Reply reply;
  if (context.users_cache != nullptr && context.users_cache->is_nobodys(names_in(filter))) return reply;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(auto page, unit.users().list(filter, after, limit));
    if (page.more && !page.items.empty())
      reply.next_cursor = make_cursor(list_kind, page.items.back().id.text());
    reply.items = std::move(page.items);
    return {};
  }));
  return reply;
}

Result<GetUser::Reply> GetUser::run(Context& context, Call& call, const Request& request) {
  if (context.access_samples != nullptr) context.access_samples->note(request.id);
  std::optional<model::User> found;
  // A replica will do: it is asked whether it has what this daemon changed, and what the caller knows of.
  ports::Freshness freshness{ports::Recency::recent, {}, ports::View::looks};
  if (call.at_least) freshness.at_least.push_back({model::slot_of(request.id), *call.at_least});
  MUSTER_CHECK_OK(
      context.store.read(ports::Home::of(request.id), freshness, [&](ports::Unit& unit) -> Status {
        MUSTER_TRY(found, unit.users().find(request.id));
        return {};
      }));
  if (!found) return fail(no_such_user(request.id));
  return std::move(*found);
}

std::optional<Result<EncodedReply>> GetUser::encoded(Context& context, Call& call, const Request& request,
                                                     Patience patience) {
  if (context.users_cache == nullptr) return std::nullopt;
  ports::CachedUserPtr user = std::exchange(call.brought, nullptr);
  if (!user && patience == Patience::none) {
    user = context.users_cache->find_in_memory(request.id, call.at_least);
    if (!user) {
      call.wanted = Call::Wanted{request.id, std::chrono::steady_clock::now()};
      return std::nullopt;
    }
  }
  if (!user) {
    auto found = context.users_cache->find(request.id, call.at_least);
    if (!found) return fail(std::move(found).error());
    user = std::move(*found);
  }
  if (context.access_samples != nullptr) context.access_samples->note(request.id);
  if (!user->is_there()) return fail(no_such_user(request.id));
  return EncodedReply{{user, &user->json}, user->version};
}

Result<UpdateUser::Reply> UpdateUser::run(Context& context, Call& call, const Request& request) {
  // Whoever may change users may disable them; of oneself, the rest is free.
  if (request.status.present) MUSTER_CHECK_OK(require_permission(context, call, info.needs));
  MUSTER_TRY(const Request prepared, prepare(request));
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());

  return call.commit<Reply>(
      context, ports::Home::of(request.id), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(auto found, unit.users().find(request.id));
        if (!found) return fail(no_such_user(request.id));
        MUSTER_CHECK_OK(call.check_version(found->version));
        MUSTER_TRY(model::User user, patched(*found, prepared));
        if (user == *found) return user;
        if (user.email != found->email || user.status != found->status)
          MUSTER_CHECK_OK(check_no_more_rights(context, unit, call, known, user.id));

        const Time now = context.clock.now();
        user.updated_at = now;
        MUSTER_CHECK_OK(unit.users().update(user));
        forget_after_commit(context, unit, user.id);
        note_names(context, unit, contacts_of(user.email, user.phone));
        if (user.status == model::UserStatus::disabled && found->status == model::UserStatus::active)
          MUSTER_CHECK_OK(end_everything(context, unit, user.id, now, "the user was disabled"));
        change.target = "user:" + user.id.text();
        change.before = wire::encode(*found);
        change.after = wire::encode(user);
        return user;
      });
}

Result<DeleteUser::Reply> DeleteUser::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  return call.commit<Reply>(
      context, ports::Home::of(request.id), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const auto found, unit.users().find(request.id));
        if (!found) return Changed{false};
        MUSTER_CHECK_OK(call.check_version(found->version));
        MUSTER_CHECK_OK(check_no_more_rights(context, unit, call, known, request.id));
        // The tokens outlive the row: they die by the revocation, the sessions with the user.
        MUSTER_CHECK_OK(
            end_everything(context, unit, request.id, context.clock.now(), "the user was deleted"));
        MUSTER_TRY(const bool removed, unit.users().remove(request.id));
        forget_after_commit(context, unit, request.id);
        change.target = "user:" + request.id.text();
        change.before = wire::encode(*found);
        return Changed{removed};
      });
}

}  // namespace muster::ops
