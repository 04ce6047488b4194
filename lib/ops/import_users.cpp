// SPDX-License-Identifier: Apache-2.0
#include "ops/import_users.hpp"

#include "base/encoding.hpp"
#include "model/password.hpp"
#include "model/username.hpp"
#include "ops/accounts.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ops/user_changes.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"
#include "wire/error_table.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>
#include <thread>

namespace muster::ops {
namespace {

/// An item ready for the store, or what is wrong with it.
struct PreparedItem {
  model::User user;
  std::string username_canonical;
  std::optional<model::Credential> credential;
  std::optional<Error> problem;
};

Status check_batch(Context& context, const Call& call, const ImportUsers::Request& request) {
  std::size_t clear_passwords = 0;
  bool grants_roles = false;
  for (const PortableUser& item : request.items) {
    clear_passwords += item.password ? 1 : 0;
    grants_roles = grants_roles || (item.roles && !item.roles->empty());
  }
  if (clear_passwords > ImportUsers::clear_passwords_max)
    return fail(Error::invalid("items", "may have at most 20 clear passwords in one batch"));
  if (grants_roles) return require_permission(context, call, "grant:role");
  return {};
}

Result<std::optional<model::Credential>> credential_of(Context& context, const PortableUser& item, Time now) {
  using Credential = std::optional<model::Credential>;
  if (item.password && item.password_hash)
    return fail(Error::invalid("password", "cannot stand beside a password_hash"));
  if (item.password_hash) {
    if (auto known = context.hasher.check_format(item.password_hash->reveal()); !known) {
      Error error = std::move(known).error();
      if (error.fields.empty()) error.fields.push_back({"password_hash", error.message});
      return fail(std::move(error));
    }
    return Credential({*item.password_hash, now});
  }
  if (!item.password) return Credential();
  MUSTER_TRY(const Secret prepared, model::prepare_password(*item.password));
  const model::PasswordContext known{item.username, item.email, item.display_name};
  MUSTER_CHECK_OK(model::check_password(prepared, known, context.settings()->breached.get()));
  MUSTER_TRY(Secret hash, context.hasher.hash(prepared));
  return Credential({std::move(hash), now});
}

/// Ids of one part, which the first one chooses: users that come together are written together.
class IdsOfOnePart {
 public:
  explicit IdsOfOnePart(Context& context) : context_(context), parts_(context.store.parts().size()) {}

  Result<UserId> next() {
    // A part with few slots may be missed so often: then the user goes elsewhere.
    constexpr int draws_max = 1024;
    if (parts_ == 1) return context_.ids.next();
    for (int draws = 1;; ++draws) {
      MUSTER_TRY(const UserId id, draw());
      const ports::Home part = context_.store.part_of(id);
      if (!is_chosen_) part_ = part;
      is_chosen_ = true;
      if (part_ == part || draws == draws_max) return id;
    }
  }

 private:
  Result<UserId> draw() {
    constexpr std::size_t drawn_at_once = 256;
    if (next_ == drawn_.size()) {
      MUSTER_TRY(drawn_, context_.ids.several(drawn_at_once));
      next_ = 0;
    }
    return drawn_[next_++];
  }

  Context& context_;
  std::size_t parts_;
  std::vector<UserId> drawn_;
  std::size_t next_ = 0;
  ports::Home part_ = ports::Home::catalog();
  bool is_chosen_ = false;
};

PreparedItem prepare(Context& context, const PortableUser& item, Time now, IdsOfOnePart& ids) {
  PreparedItem out;
  out.problem = item.problem;
  if (out.problem) return out;
  wire::Problems problems;
  model::User& user = out.user;
  user.username = item.username;
  user.email = item.email;
  user.phone = item.phone;
  user.display_name = item.display_name;
  user.status = item.status.value_or(model::UserStatus::active);
  if (item.attributes) user.attributes = *item.attributes;
  user.created_at = item.created_at.value_or(now);
  user.updated_at = now;
  make_normal(problems, user.email, user.phone);
  if (auto canonical = value_or_note(problems, model::canonical_username(item.username)))
    out.username_canonical = std::move(*canonical);
  if (auto credential = credential_of(context, item, now))
    out.credential = std::move(*credential);
  else
    out.problem = std::move(credential).error();
  if (!problems.empty()) out.problem = problems.error();
  if (out.problem) return out;
  if (item.id) {
    user.id = *item.id;
  } else if (auto id = ids.next()) {
    user.id = *id;
  } else {
    out.problem = std::move(id).error();
  }
  return out;
}

/// Whether an error concerns the item alone, or the store as a whole.
bool concerns_item(const Error& error) {
  return wire::entry_of(error.code).http_status < 500;
}

/// Some items, whose users are in one part.
struct Group {
  ports::Home part;
  std::vector<std::size_t> items;
};

void count(ImportUsers::Reply& reply) {
  for (const ImportUsers::Outcome& each : reply.results)
    ++(each.outcome == "created" ? reply.created : each.outcome == "failed" ? reply.failed : reply.unchanged);
}

class Batch {
 public:
  Batch(const Call& call, const ImportUsers::Request& request, const std::vector<PreparedItem>& prepared,
        Time now)
      : call_(call), request_(request), prepared_(prepared), now_(now) {}

  /// The outcomes of the group's items, in their order.
  Result<ImportUsers::Reply> write(Context& context, ports::Unit& unit, Change& change, const Group& group) {
    MUSTER_CHECK_OK(read_roles(context, unit));
    ImportUsers::Reply reply;
    reply.results.resize(group.items.size());
    for (std::size_t i = 0; i < group.items.size(); ++i)
      reply.results[i].line =
          request_.items[group.items[i]].line.value_or(static_cast<std::int64_t>(group.items[i]) + 1);
    MUSTER_CHECK_OK(write_items(unit, group, reply.results));
    std::vector<UserId> created;
    std::vector<ports::Name> names;
    for (std::size_t i = 0; i < group.items.size(); ++i) {
      if (reply.results[i].outcome != "created") continue;
      created.push_back(*reply.results[i].id);
      const PreparedItem& item = prepared_[group.items[i]];
      for (ports::Name& each : ports::names_of(item.user, item.username_canonical))
        names.push_back(std::move(each));
    }
    count(reply);
    if (!created.empty()) forget_after_commit(context, unit, created);
    note_names(context, unit, std::move(names));
    note(context, reply, group, change);
    return reply;
  }

  /// What the audit log keeps, and a plan is made of.
  void note(Context& context, const ImportUsers::Reply& reply, const Group& group, Change& change) const {
    if (call_.dry_run) change.planned_results = wire::encode(reply.results);
    if (reply.created == 0) return;
    std::string created;
    std::set<std::string> roles;
    for (std::size_t i = 0; i < group.items.size(); ++i) {
      if (reply.results[i].outcome != "created") continue;
      created += reply.results[i].id->text();
      for (const std::string& role :
           request_.items[group.items[i]].roles.value_or(std::vector<std::string>{})) {
        created += " " + role;
        roles.insert(role);
      }
      created += '\n';
    }
    change.target = "users";
    change.count = reply.created;
    change.after = R"({"created":)" + std::to_string(reply.created) + R"(,"roles":)" +
                   wire::encode(std::vector<std::string>(roles.begin(), roles.end())) + R"(,"sha256":")" +
                   hex_encode(context.sealer.digest(created)) + "\"}";
  }

 private:
  /// The roles as this transaction sees them, when any item names some.
  Status read_roles(Context& context, ports::Unit& unit) {
    std::set<std::string> named;
    for (const PortableUser& item : request_.items)
      if (item.roles) named.insert(item.roles->begin(), item.roles->end());
    if (named.empty()) return {};
    MUSTER_TRY(const RolesNow known, context.authorizer.roles());
    MUSTER_TRY(roles_, roles_in(unit, known));
    const std::vector<std::string> names(named.begin(), named.end());
    return check_hands_out(context, unit, call_, *roles_, roles_->permissions_of(names));
  }

  /// Errors: not_found, conflict; both at `roles`.
  Status check_roles(const std::vector<std::string>& roles) const {
    for (const std::string& role : roles) {
      if (roles_->graph().find(role) != nullptr) continue;
      Error error = no_such_role(role);
      error.fields.push_back({"roles", error.message});
      return fail(std::move(error));
    }
    const auto conflict = roles_->graph().conflict(roles);
    if (!conflict) return {};
    const std::string message = "nobody may hold both: " + conflict->text();
    return fail(Error{ErrorCode::conflict, message, {}, {{"roles", message}}, {}});
  }

  Status grant_roles(ports::Unit& unit, UserId user, const std::vector<std::string>& roles) const {
    for (const std::string& role : roles) {
      model::Grant grant;
      grant.role = role;
      grant.granted_by = call_.caller.actor();
      grant.granted_at = now_;
      MUSTER_CHECK_OK(unit.grants().put(user, grant));
    }
    return {};
  }

  Status write_items(ports::Unit& unit, const Group& group,
                     std::vector<ImportUsers::Outcome>& outcomes) const {
    std::vector<ports::NewUser> users;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < group.items.size(); ++i) {
      const PreparedItem& prepared = prepared_[group.items[i]];
      if (const auto problem = problem_of(group.items[i])) {
        note_failed(outcomes[i], *problem);
        continue;
      }
      users.push_back({prepared.user, prepared.username_canonical, prepared.credential, {}});
      places.push_back(i);
    }
    // A refused user leaves nothing behind, and after that only the store as a whole can fail: an item needs
    // no savepoint of its own.
    MUSTER_CHECK_OK(unit.users().create_all(users));
    for (std::size_t i = 0; i < users.size(); ++i)
      MUSTER_CHECK_OK(end_item(unit, group.items[places[i]], users[i], outcomes[places[i]]));
    return {};
  }

  [[nodiscard]] std::optional<Error> problem_of(std::size_t index) const {
    if (prepared_[index].problem) return prepared_[index].problem;
    const auto& roles = request_.items[index].roles;
    const Status status = roles ? check_roles(*roles) : Status{};
    return status ? std::nullopt : std::optional(status.error());
  }

  Status end_item(ports::Unit& unit, std::size_t index, const ports::NewUser& made,
                  ImportUsers::Outcome& outcome) const {
    const PortableUser& item = request_.items[index];
    if (made.outcome) {
      if (item.roles) MUSTER_CHECK_OK(grant_roles(unit, made.user.id, *item.roles));
      outcome.id = made.user.id;
      outcome.outcome = "created";
      return {};
    }
    const Error& error = made.outcome.error();
    if (!concerns_item(error)) return fail(error);
    if (error.code == ErrorCode::already_exists) {
      MUSTER_TRY(const auto there, unit.users().find_by_username(made.username_canonical));
      if (there && (!item.id || there->id == *item.id) && there->email == made.user.email) {
        outcome.id = there->id;
        outcome.outcome = "unchanged";
        return {};
      }
    }
    note_failed(outcome, error);
    return {};
  }

  static void note_failed(ImportUsers::Outcome& outcome, const Error& error) {
    outcome.outcome = "failed";
    outcome.error = std::string(wire::entry_of(error.code).name);
    if (!error.fields.empty()) outcome.field_name = error.fields.front().field;
    outcome.message = error.message;
  }

  const Call& call_;
  const ImportUsers::Request& request_;
  const std::vector<PreparedItem>& prepared_;
  Time now_;
  RolesNow roles_;
};

/// The items by the part that their users are in.
std::vector<Group> groups_of(const ports::Store& store, const std::vector<PreparedItem>& prepared) {
  std::vector<Group> groups;
  for (const ports::Home& part : store.parts()) groups.push_back({part, {}});
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    const ports::Home part = store.part_of(prepared[i].user.id);
    std::find_if(groups.begin(), groups.end(), [&](const Group& each) {
      return each.part == part;
    })->items.push_back(i);
  }
  if (groups.size() > 1) std::erase_if(groups, [](const Group& each) { return each.items.empty(); });
  return groups;
}

Group all_items(std::size_t count) {
  Group all{ports::Home::catalog(), std::vector<std::size_t>(count)};
  std::iota(all.items.begin(), all.items.end(), std::size_t{0});
  return all;
}

/// An import into several parts: a unit for each, side by side, each with its own audit record. What a batch
/// that failed in the middle did write is "unchanged" when it is repeated.
class Spread {
 public:
  Spread(Context& context, Call& call, const ImportUsers::Request& request,
         const std::vector<PreparedItem>& prepared, Time now)
      : context_(context),
        call_(call),
        request_(request),
        prepared_(prepared),
        now_(now),
        all_(all_items(prepared.size())) {}

  Result<ImportUsers::Reply> run(const std::vector<Group>& groups) {
    const bool only_planned = call_.dry_run;
    ImportUsers::Reply planned;
    if (call_.dry_run || call_.plan_hash) {
      call_.dry_run = true;
      auto tried = write_groups(groups);
      call_.dry_run = only_planned;
      if (!tried) return tried;
      planned = std::move(*tried);
    }
    // A stale plan, or a request that was answered before, is told before anything is written.
    if (only_planned || call_.plan_hash || call_.idempotency_key) {
      call_.dry_run = true;
      auto looked = record(planned);
      call_.dry_run = only_planned;
      if (!looked || only_planned || call_.replayed_reply) return looked;
      call_.plan_reply.reset();
    }
    MUSTER_TRY(ImportUsers::Reply reply, write_groups(groups));
    if (!call_.idempotency_key) return reply;
    call_.plan_hash.reset();
    return record(reply);
  }

 private:
  Result<ImportUsers::Reply> record(const ImportUsers::Reply& reply) {
    return call_.commit<ImportUsers::Reply>(
        context_, ports::Home::catalog(), [&](ports::Unit& /*unit*/, Change& change) {
          Batch(call_, request_, prepared_, now_).note(context_, reply, all_, change);
          change.audited = false;
          return Result<ImportUsers::Reply>(reply);
        });
  }

  Result<ImportUsers::Reply> write_groups(const std::vector<Group>& groups) {
    constexpr std::size_t threads_max = 32;
    std::vector<Result<ImportUsers::Reply>> replies(groups.size(), ImportUsers::Reply{});
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < groups.size(); i = next++) replies[i] = write_group(groups[i]);
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < std::min(groups.size(), threads_max); ++i) threads.emplace_back(work);
    work();
    for (std::thread& each : threads) each.join();

    ImportUsers::Reply sum;
    sum.results.resize(prepared_.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!replies[i]) return replies[i];
      for (std::size_t j = 0; j < groups[i].items.size(); ++j)
        sum.results[groups[i].items[j]] = std::move(replies[i]->results[j]);
    }
    count(sum);
    return sum;
  }

  Result<ImportUsers::Reply> write_group(const Group& group) const {
    Call call = call_;
    call.idempotency_key.reset();
    call.plan_hash.reset();
    // Only what has a key or a plan of its own is known again by its text.
    call.request_text.clear();
    return call.commit<ImportUsers::Reply>(context_, group.part, [&](ports::Unit& unit, Change& change) {
      return Batch(call, request_, prepared_, now_).write(context_, unit, change, group);
    });
  }

  Context& context_;
  Call& call_;
  const ImportUsers::Request& request_;
  const std::vector<PreparedItem>& prepared_;
  Time now_;
  Group all_;
};

}  // namespace

void read(const wire::Json& json, const FieldRules& rules, std::string_view /*path*/,
          wire::Problems& /*problems*/, PortableUser& out) {
  wire::Problems own;
  wire::read<PortableUser>(json, rules, "", own, out);
  if (!own.empty()) out.problem = own.error();
}

Result<ImportUsers::Reply> ImportUsers::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(check_batch(context, call, request));
  const Time now = context.clock.now();
  std::vector<PreparedItem> prepared;
  prepared.reserve(request.items.size());
  IdsOfOnePart ids(context);
  for (const PortableUser& item : request.items) prepared.push_back(prepare(context, item, now, ids));
  const std::vector<Group> groups = groups_of(context.store, prepared);
  // A request that is repeated draws other ids, perhaps of another part, and is to be known again all the
  // same.
  const bool is_elsewhere_when_repeated = call.idempotency_key && context.store.parts().size() > 1;
  if (groups.size() > 1 || is_elsewhere_when_repeated)
    return Spread(context, call, request, prepared, now).run(groups);
  return call.commit<Reply>(context, groups.front().part, [&](ports::Unit& unit, Change& change) {
    return Batch(call, request, prepared, now).write(context, unit, change, groups.front());
  });
}

}  // namespace muster::ops
