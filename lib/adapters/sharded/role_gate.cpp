// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/role_gate.hpp"

#include "adapters/sharded/fan_out.hpp"
#include "adapters/sharded/wait.hpp"
#include "base/log.hpp"
#include "ports/system_store.hpp"

#include <charconv>
#include <chrono>
#include <vector>

namespace muster::sharded {
namespace {

using ports::Unit;

constexpr const char* changes_name = "role_changes";
constexpr const char* gate_name = "role_gate";
constexpr std::size_t databases_at_once_max = 8;
/// Longer than a change takes whose process is at work.
constexpr std::chrono::seconds patience{2};
constexpr std::chrono::milliseconds looked_every{10};

Result<std::int64_t> number(Unit& unit, const char* name) {
  MUSTER_TRY(const auto text, unit.meta().get(name));
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

Result<std::int64_t> changes_done(const Layout& layout) {
  std::int64_t done = 0;
  const Status looked = layout.catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(done, role_changes(unit));
    return {};
  });
  if (!looked) return fail(looked.error());
  return done;
}

}  // namespace

Result<std::int64_t> role_changes(Unit& catalog) {
  return number(catalog, changes_name);
}

Status put_role_changes(Unit& catalog, std::int64_t count) {
  return catalog.meta().put(changes_name, std::to_string(count));
}

Result<std::int64_t> role_gate(Unit& local) {
  return number(local, gate_name);
}

Status raise_role_gate(Unit& local, std::int64_t change) {
  MUSTER_TRY(const std::int64_t stands_at, role_gate(local));
  return stands_at >= change ? Status{} : local.meta().put(gate_name, std::to_string(change));
}

Result<std::int64_t> close_role_gates(const Layout& layout) {
  MUSTER_TRY(const std::int64_t done, changes_done(layout));
  const std::int64_t change = done + 1;
  // In the catalog's database grants and roles are in one transaction.
  std::vector<Status> closed(layout.databases.size() - 1);
  fan_out(closed.size(), databases_at_once_max, [&](std::size_t i) {
    closed[i] =
        layout.databases[i + 1]->store->write([&](Unit& unit) { return raise_role_gate(unit, change); });
  });
  Status first;
  for (Status& each : closed)
    if (!each && first) first = std::move(each);
  if (first) return change;
  // Those that were closed would keep everybody waiting.
  if (const Status opened = give_up_role_change(layout, change); !opened)
    log::warn("a change of roles that could not begin: {} {}", opened.error().message, opened.error().detail);
  return fail(first.error());
}

Status await_role_change(const Layout& layout, std::int64_t change) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    MUSTER_TRY(const std::int64_t done, changes_done(layout));
    if (done >= change) return {};
    wait_a_little(looked_every);
  }
  log::warn("change {} of roles came to no end: it is given up", change);
  return give_up_role_change(layout, change);
}

Status give_up_role_change(const Layout& layout, std::int64_t change) {
  return layout.catalog().store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(const std::int64_t done, role_changes(unit));
    return done >= change ? Status{} : put_role_changes(unit, change);
  });
}

}  // namespace muster::sharded
