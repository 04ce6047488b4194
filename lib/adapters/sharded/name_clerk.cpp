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
constexpr std::size_t names_at_once_max = 1024;
/// A transaction for many units' names costs each of them less than one of its own: so much waiting for each
/// of them that is about to come is worth it, and so much for all.
constexpr std::chrono::milliseconds wait_for_one{10};
constexpr std::chrono::milliseconds wait_for_all_max{500};
/// Who waits behind what has had no answer for so long is refused. A busy disk takes a moment for many names.
constexpr std::chrono::seconds silence_max{3};

/// What is pending together.
class Batches {
 public:
  void add(const ports::Name& name, model::ClaimId claim, Time pending_until) {
    const auto [place, is_new] = places_.try_emplace(claim, batches_.size());
    if (is_new) batches_.push_back({claim, name.kind, pending_until, {}});
    batches_[place->second].values.push_back(name.value);
  }
  Status write(ports::SlotStore& slots) const {
    return batches_.empty() ? Status{} : slots.put_batches(batches_);
  }

 private:
  std::map<model::ClaimId, std::size_t> places_;
  std::vector<ports::NameBatch> batches_;
};

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
    Batches batches;
    for (const ports::Name& name : put_) {
      rows.push_back({name, rows_.at(name)});
      model::NameRow& row = rows.back().row;
      if (!row.claim.is_of_batch() || !row.is_pending()) continue;
      batches.add(name, row.claim, *row.pending_until);
      row.pending_until.reset();
    }
    if (!rows.empty()) MUSTER_CHECK_OK(slots.put_names(rows));
    MUSTER_CHECK_OK(batches.write(slots));
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

/// All that is to be done for the errands, or for what is left of them.
using Tasks = std::vector<std::pair<const Errand*, NameTask*>>;

/// Reserves all names, as names that nobody has. Error: already_exists, then somebody has one.
Status insert_reserved(Unit& unit, const Tasks& tasks) {
  std::vector<ports::NamedRow> rows;
  rows.reserve(tasks.size());
  Batches batches;
  const Time now = tasks.front().first->layout->surroundings->now();
  for (const auto& [errand, task] : tasks) {
    const HeldName& held = task->held;
    rows.push_back({held.name, {held.user, held.claim, std::nullopt}});
    batches.add(held.name, held.claim, now + reservation_time);
  }
  MUSTER_CHECK_OK(unit.slots().insert_names(rows));
  return batches.write(unit.slots());
}

/// Where it can be done without reading a row: all are to be reserved with others, and are free. False:
/// nothing was done.
Result<bool> reserve_unread(Unit& unit, const Tasks& tasks) {
  for (const auto& [errand, task] : tasks)
    if (task->step != NameStep::reserve || !task->held.claim.is_of_batch()) return false;
  const Status inserted = unit.attempt([&] { return insert_reserved(unit, tasks); });
  if (!inserted && inserted.error().code == ErrorCode::already_exists) return false;
  if (!inserted) return fail(inserted.error());
  for (const auto& [errand, task] : tasks) {
    task->found.reset();
    task->reservation = model::Reservation::insert;
  }
  return true;
}

/// What is left to be done after it.
Result<Tasks> close_batches(Unit& unit, const std::vector<Errand*>& errands) {
  Tasks left;
  std::vector<NameTask*> closings;
  std::vector<model::ClaimId> claims;
  for (const Errand* errand : errands) {
    for (NameTask* task : errand->tasks) {
      if (task->step != NameStep::close) {
        left.emplace_back(errand, task);
        continue;
      }
      closings.push_back(task);
      claims.push_back(task->held.claim);
    }
  }
  if (claims.empty()) return left;
  MUSTER_TRY(const auto closed, unit.slots().close_batches(claims));
  for (NameTask* task : closings) task->closed = closed.contains(task->held.claim);
  return left;
}

/// The names whose rows are to be read, once no confirmation is of one that is pending with others.
Result<std::vector<ports::Name>> prepare(Unit& unit, const Tasks& tasks) {
  std::set<ports::Name> names;
  std::set<model::ClaimId> expanded;
  for (const auto& [errand, task] : tasks) {
    const model::ClaimId claim = task->held.claim;
    names.insert(task->held.name);
    if (task->step != NameStep::confirm || !claim.is_of_batch()) continue;
    if (expanded.insert(claim).second) MUSTER_CHECK_OK(unit.slots().expand_batch(claim));
  }
  return std::vector<ports::Name>(names.begin(), names.end());
}

Status take_steps(Unit& unit, const std::vector<Errand*>& errands) {
  MUSTER_TRY(const Tasks tasks, close_batches(unit, errands));
  if (tasks.empty()) return {};
  MUSTER_TRY(const bool are_reserved, reserve_unread(unit, tasks));
  if (are_reserved) return {};
  MUSTER_TRY(const auto names, prepare(unit, tasks));
  MUSTER_TRY(auto found, unit.slots().names_of(names));
  Rows rows(std::move(found));
  const Time now = tasks.front().first->layout->surroundings->now();
  for (const auto& [errand, task] : tasks) {
    take_step(rows, *task, now);
    // What is only read is not fenced.
    if (task->reservation == model::Reservation::taken)
      MUSTER_CHECK_OK(errand->layout->check_owned(
          unit, model::slot_of_name(task->held.name.kind, task->held.name.value)));
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

bool NameClerk::can_wait() const {
  std::size_t names = 0;
  for (const Errand* each : waiting_) {
    if (!each->is_patient) return false;
    names += each->tasks.size();
  }
  return !stopping_ && !waiting_.empty() && names < names_at_once_max;
}

void NameClerk::wait_for_others(std::unique_lock<std::mutex>& lock) {
  const auto began = std::chrono::steady_clock::now();
  while (can_wait()) {
    const std::size_t units = waiting_.front()->layout->surroundings->bulk_units->load();
    if (units <= waiting_.size()) return;
    const auto missing = static_cast<int>(units - waiting_.size());
    if (arrived_.wait_until(lock, began + std::min(wait_for_all_max, wait_for_one * missing)) ==
        std::cv_status::timeout)
      return;
  }
}

std::vector<Errand*> NameClerk::take_waiting() {
  std::unique_lock lock(mutex_);
  writing_since_.reset();
  arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  if (!waiting_.empty()) wait_for_others(lock);
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
