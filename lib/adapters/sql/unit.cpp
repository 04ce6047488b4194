// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/unit.hpp"

#include "base/log.hpp"

#include <exception>
#include <iterator>

namespace muster::sql {

Status guarded(const std::function<Status()>& work) noexcept {
  try {
    return work();
  } catch (const std::exception& exception) {
    return fail(ErrorCode::internal, "internal error",
                std::string("exception in a unit of work: ") + exception.what());
  } catch (...) {
    return fail(ErrorCode::internal, "internal error", "unknown exception in a unit of work");
  }
}

SqlUnit::SqlUnit(Connection& connection, UnitKind kind, std::shared_ptr<const ports::SlotNumbers> epochs)
    : connection_(connection),
      kind_(kind),
      epochs_(std::move(epochs)),
      ledger_(connection, epochs_.get()),
      users_(connection, ledger_),
      sessions_(connection, ledger_),
      grants_(connection, ledger_),
      roles_(connection, grants_),
      revocations_(connection),
      keys_(connection),
      audit_(connection, ledger_),
      idempotency_(connection),
      jobs_(connection),
      meta_(connection),
      leases_(connection),
      nodes_(connection),
      news_(connection),
      slots_(connection, ledger_, users_) {}

Status SqlUnit::attempt(const std::function<Status()>& part) {
  const Ledger::Mark mark = ledger_.mark();
  const std::size_t actions = actions_.size();
  MUSTER_CHECK_OK(connection_.savepoint());
  Status status = guarded(part);
  if (status) return connection_.release();
  MUSTER_CHECK_OK(connection_.undo());
  ledger_.undo_to(mark);
  actions_.resize(actions);
  return status;
}

void SqlUnit::after_commit(std::function<void()> action) {
  if (kind_ == UnitKind::read) {
    log::error("after_commit was called in a read and does nothing there");
    return;
  }
  actions_.push_back(std::move(action));
}

Status SqlUnit::run(const std::function<Status(ports::Unit&)>& work, Extent extent) {
  const std::function<Status()> whole = [&]() -> Status {
    MUSTER_CHECK_OK(work(*this));
    return ledger_.finish();
  };
  Status status = extent == Extent::savepoint ? attempt(whole) : guarded(whole);
  ledger_.clear();
  users_.claim_names_with(nullptr);
  if (!status) actions_.clear();
  return status;
}

void SqlUnit::take_actions(std::vector<std::function<void()>>& actions) {
  actions.insert(actions.end(), std::make_move_iterator(actions_.begin()),
                 std::make_move_iterator(actions_.end()));
  actions_.clear();
}

}  // namespace muster::sql
