// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/name_clerk.hpp"

#include "adapters/sharded/claims.hpp"
#include "adapters/sharded/layout.hpp"
#include "model/slot.hpp"
#include "ports/slot_numbers.hpp"

#include <algorithm>
#include <set>

namespace muster::sharded {
namespace {

using ports::Unit;

/// So that nobody waits long for what others asked for.
constexpr std::size_t names_at_once_max = 512;
/// Who waits behind what has had no answer for so long is refused. A busy disk takes a moment for many names.
constexpr std::chrono::seconds silence_max{3};

/// The rows of the names that are worked on, as they are and as they become.
class Rows {
 public:
  explicit Rows(std::map<ports::Name, model::NameRow> rows) : rows_(std::move(rows)) {}

  [[nodiscard]] std::optional<model::NameRow> of(const ports::Name& name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(const HeldName& held, Time pending_until) {
    rows_[held.name] = {held.user, held.claim, pending_until};
    removed_.erase(held.name);
    put_.insert(held.name);
  }
  void activate(const HeldName& held) {
    rows_[held.name].pending_until.reset();
    if (!put_.contains(held.name)) activated_.insert(held.name);
  }
  void remove(const HeldName& held) {
    rows_.erase(held.name);
    put_.erase(held.name);
    activated_.erase(held.name);
    removed_[held.name] = held.user;
  }
  Status write(ports::SlotStore& slots) const {
    for (const auto& [name, user] : removed_) MUSTER_CHECK_OK(slots.remove_name(name, user));
    std::vector<ports::NamedRow> rows;
    std::map<model::ClaimId, ports::NameBatch> batches;
    for (const ports::Name& name : put_) {
      rows.push_back({name, rows_.at(name)});
      model::NameRow& row = rows.back().row;
      if (!row.claim.is_of_batch() || !row.is_pending()) continue;
      ports::NameBatch& batch = batches[row.claim];
      batch.claim = row.claim;
      batch.kind = name.kind;
      batch.pending_until = *row.pending_until;
      batch.values.push_back(name.value);
      row.pending_until.reset();
    }
    if (!rows.empty()) MUSTER_CHECK_OK(slots.put_names(rows));
    for (const auto& [claim, batch] : batches) MUSTER_CHECK_OK(slots.put_batch(batch));
    std::vector<ports::NameOfUser> active;
    for (const ports::Name& name : activated_) active.push_back({name, rows_.at(name).user});
    return active.empty() ? Status{} : slots.activate_names(active);
  }

 private:
  std::map<ports::Name, model::NameRow> rows_;
  std::set<ports::Name> put_;
  std::set<ports::Name> activated_;
  std::map<ports::Name, UserId> removed_;
};

void take_step(Rows& rows, NameTask& task, Time now) {
  const HeldName& held = task.held;
  const auto row = rows.of(held.name);
  switch (task.step) {
    case NameStep::reserve:
      task.found = row;
      task.reservation = model::reserve(row, now, held.user, held.claim);
      if (task.reservation == model::Reservation::insert) rows.put(held, now + reservation_time);
      return;
    case NameStep::confirm:
      if (model::confirm(row, held.user, held.claim) == model::Confirmation::activate) rows.activate(held);
      return;
    case NameStep::release:
      if (model::release(row, held.user, held.claim) == model::RowRemoval::remove) rows.remove(held);
      return;
    case NameStep::cancel:
      if (model::cancel(row, held.user, held.claim) == model::RowRemoval::remove) rows.remove(held);
      return;
    case NameStep::close:
      return;
  }
}

/// The names whose rows are to be read, once no confirmation is of one that is pending with others.
Result<std::vector<ports::Name>> prepare(Unit& unit, const std::vector<Errand*>& errands) {
  std::set<ports::Name> names;
  std::set<model::ClaimId> expanded;
  for (const Errand* errand : errands) {
    for (NameTask* task : errand->tasks) {
      const model::ClaimId claim = task->held.claim;
      if (task->step == NameStep::close) {
        MUSTER_TRY(task->closed, unit.slots().close_batch(claim));
        continue;
      }
      names.insert(task->held.name);
      if (task->step != NameStep::confirm || !claim.is_of_batch()) continue;
      if (expanded.insert(claim).second) MUSTER_CHECK_OK(unit.slots().expand_batch(claim));
    }
  }
  return std::vector<ports::Name>(names.begin(), names.end());
}

Status take_steps(Unit& unit, const std::vector<Errand*>& errands) {
  MUSTER_TRY(const auto names, prepare(unit, errands));
  MUSTER_TRY(auto found, unit.slots().names_of(names));
  Rows rows(std::move(found));
  for (const Errand* errand : errands) {
    const Time now = errand->layout->surroundings->now();
    for (NameTask* task : errand->tasks) {
      take_step(rows, *task, now);
      // What is only read is not fenced.
      if (task->reservation == model::Reservation::taken)
        MUSTER_CHECK_OK(errand->layout->check_owned(
            unit, model::slot_of_name(task->held.name.kind, task->held.name.value)));
    }
  }
  return rows.write(unit.slots());
}

}  // namespace

NameClerk::~NameClerk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

void NameClerk::post(Errand& errand) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(&errand);
  arrived_.notify_one();
}

void NameClerk::give_up_if_silent(Errand& errand) {
  const std::lock_guard lock(mutex_);
  if (!writing_since_ || std::chrono::steady_clock::now() - *writing_since_ < silence_max) return;
  const auto place = std::find(waiting_.begin(), waiting_.end(), &errand);
  if (place == waiting_.end()) return;
  waiting_.erase(place);
  errand.status = fail(Error{ErrorCode::unavailable,
                             "this part of the data cannot be reached now; try again",
                             "names before these have had no answer yet",
                             {},
                             std::chrono::seconds(1)});
  errand.left->one_done();
}

std::vector<Errand*> NameClerk::take_waiting() {
  std::unique_lock lock(mutex_);
  writing_since_.reset();
  arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  std::vector<Errand*> taken;
  for (std::size_t names = 0; !waiting_.empty() && names < names_at_once_max;) {
    names += waiting_.front()->tasks.size();
    taken.push_back(waiting_.front());
    waiting_.pop_front();
  }
  if (!taken.empty()) writing_since_ = std::chrono::steady_clock::now();
  return taken;
}

void NameClerk::loop() {
  for (auto errands = take_waiting(); !errands.empty(); errands = take_waiting()) run(errands);
}

void NameClerk::run(const std::vector<Errand*>& errands) {
  const Status done = store_.write([&](Unit& unit) { return take_steps(unit, errands); });
  // One whose slot has moved away does not take the others with it. Nothing of this was kept.
  const bool is_moved = !done && done.error().detail.find(ports::slot_not_owned) != std::string::npos;
  if (is_moved && errands.size() > 1) {
    for (Errand* const each : errands) run({each});
    return;
  }
  for (Errand* const each : errands) {
    each->status = done;
    if (!done)
      for (NameTask* const task : each->tasks) task->reservation.reset();
    each->left->one_done();
  }
}

}  // namespace muster::sharded
