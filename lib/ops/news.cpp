// SPDX-License-Identifier: Apache-2.0
#include "ops/news.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/tokens.hpp"
#include "ports/cache.hpp"

#include <string_view>

namespace muster::ops {

void note(News& news, const ports::NewsEntry& entry) {
  const std::string_view target = entry.target;
  const std::string_view kind = target.substr(0, target.find(':'));
  const std::string_view name = target.substr(std::min(kind.size() + 1, target.size()));
  if (kind == "user") {
    if (const auto user = UserId::parse(name)) news.users.insert(*user);
  } else if (kind == "role") {
    news.roles = true;
    // Its grants went with it, whoever had them.
    news.grants = news.grants || entry.operation == "delete_role";
  } else if (kind == "users") {
    news.created = news.created || entry.operation == "import_users";
  } else if (kind == "keys") {
    news.keys = true;
  } else if (kind == "cache") {
    news.cache = true;
  } else if (kind == "backup") {
    // One may have been put in the place of all that was.
    news = News::everything();
  }
}

Status follow(Context& context, const News& news) {
  if (news.roles) context.authorizer.roles_changed();
  if (news.all_users || news.grants) context.authorizer.forget_all();
  for (const UserId user : news.users) context.authorizer.forget(user);
  if (ports::UserCache* const cache = context.users_cache) {
    if (news.all_users || news.cache) cache->forget_all();
    if (news.created) cache->others_created();
    for (const UserId user : news.users) cache->changed_elsewhere(user);
  }
  if (news.keys) MUSTER_CHECK_OK(context.tokens.reload_keys());
  return {};
}

void tell_others_after_commit(const Context& context, ports::Unit& unit) {
  if (context.tell_others) unit.after_commit(context.tell_others);
}

}  // namespace muster::ops
