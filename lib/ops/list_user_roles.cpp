// SPDX-License-Identifier: Apache-2.0
#include "ops/list_user_roles.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

Result<std::shared_ptr<const Holdings>> holdings_of(Context& context, UserId user) {
  MUSTER_TRY(auto holdings, context.authorizer.holdings(user));
  if (!holdings->exists) return fail(ErrorCode::not_found, "there is no user " + user.text());
  return holdings;
}

/// The items after the cursor, one above the limit. `key` gives what they are sorted by.
template <class Item, class Key>
Result<Page<Item>> page_of(std::vector<Item> items, const UserListRequest& request, const std::string& kind,
                           const Key& key) {
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) { return key(a) < key(b); });
  if (request.cursor) {
    MUSTER_TRY(const std::string after, read_cursor(kind, *request.cursor));
    std::erase_if(items, [&](const Item& item) { return key(item) <= after; });
  }
  return make_page(std::move(items), request.limit, kind, key);
}

}  // namespace

Result<ListUserRoles::Reply> ListUserRoles::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(const auto holdings, holdings_of(context, request.id));
  const Time now = context.clock.now();
  std::vector<model::Grant> items;
  for (const model::Grant& grant : holdings->grants)
    if (grant.in_force(now)) items.push_back(grant);
  return page_of(std::move(items), request, "user-roles/" + request.id.text(),
                 [](const model::Grant& grant) { return grant.role; });
}

Result<ListUserPermissions::Reply> ListUserPermissions::run(Context& context, Call& /*call*/,
                                                            const Request& request) {
  MUSTER_TRY(const auto roles, context.authorizer.roles());
  MUSTER_TRY(const auto holdings, holdings_of(context, request.id));
  std::vector<std::string> items;
  if (holdings->active) items = roles->permissions_of(Authorizer::role_names(*holdings, context.clock.now()));
  return page_of(std::move(items), request, "user-permissions/" + request.id.text(),
                 [](const std::string& code) { return code; });
}

}  // namespace muster::ops
