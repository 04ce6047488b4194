// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/routed_catalog.hpp"

#include "adapters/sharded/role_gate.hpp"

#include <sstream>

namespace muster::sharded {
namespace {

using ports::Unit;

Status check_at_catalog(const Routing& routing) {
  return routing.check_writable(routing.layout.catalog());
}

constexpr const char* removed_roles_name = "removed_roles";

}  // namespace

Result<std::set<std::string>> removed_roles(Unit& catalog) {
  std::set<std::string> names;
  MUSTER_TRY(const auto text, catalog.meta().get(removed_roles_name));
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) names.insert(line);
  return names;
}

Status put_removed_roles(Unit& catalog, const std::set<std::string>& names) {
  std::string text;
  for (const std::string& each : names) text += each + "\n";
  return catalog.meta().put(removed_roles_name, text);
}

Status RoutedRoles::pass_gate() {
  if (routing_.attempt == nullptr || routing_.is_at_catalog() || has_passed_) return {};
  has_passed_ = true;
  MUSTER_TRY(const std::int64_t wanted, role_gate(routing_.local));
  // Before the roles are read: these are then at least so new.
  MUSTER_TRY(const std::int64_t done, routing_.on_catalog(role_changes));
  if (done < wanted) routing_.attempt->role_change_awaited = wanted;
  return {};
}

Result<std::vector<model::Role>> RoutedRoles::all() {
  MUSTER_CHECK_OK(pass_gate());
  return routing_.on_catalog([](Unit& unit) { return unit.roles().all(); });
}

Result<std::optional<model::Role>> RoutedRoles::find(const std::string& name) {
  MUSTER_CHECK_OK(pass_gate());
  return routing_.on_catalog([&](Unit& unit) { return unit.roles().find(name); });
}

Result<std::int64_t> RoutedRoles::version() {
  MUSTER_CHECK_OK(pass_gate());
  return routing_.on_catalog([](Unit& unit) { return unit.roles().version(); });
}

Status RoutedRoles::hold() {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.roles().hold();
}

Status RoutedRoles::begin_change() {
  if (has_begun_) return {};
  Attempt& attempt = *routing_.attempt;
  MUSTER_TRY(const std::int64_t done, role_changes(routing_.local));
  if (attempt.role_change != done + 1) {
    attempt.wishes_to_change_roles = true;
    return {};
  }
  has_begun_ = true;
  return put_role_changes(routing_.local, *attempt.role_change);
}

Status RoutedRoles::create(model::Role& role) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  MUSTER_TRY(const auto removed, removed_roles(routing_.local));
  if (removed.contains(role.name))
    return fail(Error{ErrorCode::unavailable,
                      "a role of that name was deleted a moment ago, and its last grants are being removed; "
                      "try again",
                      {},
                      {},
                      std::chrono::seconds(1)});
  return routing_.local.roles().create(role);
}

Status RoutedRoles::update(model::Role& role) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  MUSTER_TRY(const auto before, routing_.local.roles().find(role.name));
  if (before && (before->parents != role.parents || before->exclusive_with != role.exclusive_with))
    MUSTER_CHECK_OK(begin_change());
  return routing_.local.roles().update(role);
}

Result<bool> RoutedRoles::remove(const std::string& name) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  MUSTER_TRY(const bool removed, routing_.local.roles().remove(name));
  if (!removed) return false;
  MUSTER_TRY(auto names, removed_roles(routing_.local));
  names.insert(name);
  MUSTER_CHECK_OK(put_removed_roles(routing_.local, names));
  // The gates are closed one by one, when the role's grants are removed.
  MUSTER_TRY(const std::int64_t done, role_changes(routing_.local));
  MUSTER_CHECK_OK(put_role_changes(routing_.local, done + 1));
  routing_.attempt->removed_roles.push_back(name);
  return true;
}

Status RoutedRevocations::append(model::Revocation& revocation) {
  if (routing_.attempt == nullptr) return check_at_catalog(routing_);
  if (routing_.is_at_catalog()) return routing_.local.revocations().append(revocation);
  Attempt& attempt = *routing_.attempt;
  // A unit that runs again revokes the same in the same order, unless what it found has changed.
  if (attempt.revocations_used < attempt.revocations.size() &&
      attempt.revocations[attempt.revocations_used].target == revocation.target &&
      attempt.revocations[attempt.revocations_used].issued_before == revocation.issued_before) {
    revocation = attempt.revocations[attempt.revocations_used++];
    return {};
  }
  attempt.revocations_wished.push_back(revocation);
  // What it would be now: for a plan, and for the rest of this run, which is undone.
  MUSTER_TRY(revocation.epoch, epoch());
  revocation.epoch += static_cast<std::int64_t>(attempt.revocations_wished.size());
  return {};
}

Result<std::int64_t> RoutedRevocations::epoch() {
  return routing_.on_catalog([](Unit& unit) { return unit.revocations().epoch(); });
}

Result<std::vector<model::Revocation>> RoutedRevocations::list(std::int64_t after, Time now,
                                                               std::size_t limit) {
  return routing_.on_catalog([&](Unit& unit) { return unit.revocations().list(after, now, limit); });
}

Result<model::UserRevocation> RoutedRevocations::global() {
  return routing_.on_catalog([](Unit& unit) { return unit.revocations().global(); });
}

Result<std::size_t> RoutedRevocations::purge(Time before, std::size_t limit) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.revocations().purge(before, limit);
}

Status RoutedAudit::append(model::AuditRecord& record) {
  if (routing_.attempt == nullptr) return check_at_catalog(routing_);
  if (routing_.is_at_catalog()) return routing_.local.audit().append(record);
  routing_.attempt->posted = true;
  return routing_.local.slots().post(write_record(record));
}

void RoutedAudit::await_records() {
  // Not in a unit that holds locks which the records may wait for.
  if (routing_.attempt == nullptr && !awaited_) routing_.relay.flush();
  awaited_ = true;
}

Result<std::vector<model::AuditRecord>> RoutedAudit::list(const ports::AuditFilter& filter,
                                                          std::int64_t after, std::size_t limit) {
  await_records();
  return routing_.on_catalog([&](Unit& unit) { return unit.audit().list(filter, after, limit); });
}

Result<std::pair<std::int64_t, std::string>> RoutedAudit::head() {
  await_records();
  return routing_.on_catalog([](Unit& unit) { return unit.audit().head(); });
}

std::string RoutedAudit::chain_hash(const std::string& previous_hash,
                                    const model::AuditRecord& record) const {
  return routing_.local.audit().chain_hash(previous_hash, record);
}

Result<std::vector<model::SealedSigningKey>> RoutedKeys::list() {
  return routing_.on_catalog([](Unit& unit) { return unit.keys().list(); });
}

Status RoutedKeys::insert(const model::SealedSigningKey& key) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.keys().insert(key);
}

Status RoutedKeys::update(const model::SigningKey& key) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.keys().update(key);
}

Result<bool> RoutedKeys::remove(const std::string& id) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.keys().remove(id);
}

Status RoutedJobs::create(const model::Job& job) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.jobs().create(job);
}

Result<std::optional<model::Job>> RoutedJobs::find(const std::string& id) {
  return routing_.on_catalog([&](Unit& unit) { return unit.jobs().find(id); });
}

Status RoutedJobs::update(const model::Job& job) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.jobs().update(job);
}

Result<std::vector<model::Job>> RoutedJobs::list(std::optional<std::string> after, std::size_t limit) {
  return routing_.on_catalog([&](Unit& unit) { return unit.jobs().list(after, limit); });
}

Result<std::vector<ports::JobClaim>> RoutedJobs::claims() {
  return routing_.on_catalog([](Unit& unit) { return unit.jobs().claims(); });
}

Result<std::optional<ports::JobClaim>> RoutedJobs::claim_of(const std::string& id) {
  return routing_.on_catalog([&](Unit& unit) { return unit.jobs().claim_of(id); });
}

Status RoutedJobs::claim(const ports::JobClaim& claim) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.jobs().claim(claim);
}

Result<std::vector<ports::WorkerLease>> RoutedLeases::list() {
  return routing_.on_catalog([](Unit& unit) { return unit.leases().list(); });
}

Status RoutedLeases::add(const ports::WorkerLease& lease) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.leases().add(lease);
}

Result<bool> RoutedLeases::replace(const ports::WorkerLease& lease, std::int64_t fence) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.leases().replace(lease, fence);
}

Result<std::optional<std::string>> RoutedMeta::get(const std::string& name) {
  return routing_.on_catalog([&](Unit& unit) { return unit.meta().get(name); });
}

Status RoutedMeta::put(const std::string& name, const std::string& value) {
  MUSTER_CHECK_OK(check_at_catalog(routing_));
  return routing_.local.meta().put(name, value);
}

}  // namespace muster::sharded
