// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/writer.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace muster::sql {
namespace {

constexpr std::chrono::seconds probe_interval{1};
constexpr int pause_max_milliseconds = 10;

}  // namespace

Writer::Writer(std::unique_ptr<TransactionalConnection> connection, WriterLimits limits, Health& health,
               std::shared_ptr<const ports::SlotNumbers> epochs)
    : connection_(std::move(connection)),
      unit_(*connection_, UnitKind::write, std::move(epochs)),
      limits_(limits),
      health_(health),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

Status Writer::write(const std::function<Status(ports::Unit&)>& work) {
  if (!health_.writable()) return fail(health_.refusal());
  Pending pending;
  pending.unit = &work;
  return enqueue(pending);
}

Status Writer::run_alone(const std::function<Status(TransactionalConnection&)>& task) {
  Pending pending;
  pending.task = &task;
  return enqueue(pending);
}

Status Writer::enqueue(Pending& pending) {
  if (std::this_thread::get_id() == thread_.get_id())
    return fail(ErrorCode::internal, "internal error", "a write was begun inside a write");
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorCode::unavailable, "the store is closing");
    if (queue_.size() >= limits_.queue_length_max)
      return fail(Error{
          ErrorCode::overloaded, "too many writes are waiting; try again", {}, {}, std::chrono::seconds(1)});
    queue_.push_back(&pending);
    if (queue_.size() == 1) arrived_.notify_one();
  }
  std::unique_lock lock(pending.mutex);
  pending.finished.wait(lock, [&] { return pending.done; });
  return std::move(pending.status);
}

void Writer::complete(Pending& pending) {
  // Notified under the lock: once it is free, the caller may be gone and the Pending with it.
  const std::lock_guard lock(pending.mutex);
  pending.done = true;
  pending.finished.notify_one();
}

Writer::Counts Writer::counts() const {
  Counts counts;
  counts.commits = commits_;
  counts.writes = writes_;
  counts.writes_failed = writes_failed_;
  counts.runs_again = runs_again_;
  const std::lock_guard lock(mutex_);
  counts.queue_length = queue_.size();
  return counts;
}

void Writer::loop() {
  Batch batch;
  auto probed_at = std::chrono::steady_clock::now();
  for (;;) {
    Pending* task = nullptr;
    {
      std::unique_lock lock(mutex_);
      // A reader may find out that there is something to probe for.
      arrived_.wait_until(lock, probed_at + probe_interval, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_ && queue_.empty()) return;
      if (!queue_.empty() && queue_.front()->task != nullptr) {
        task = queue_.front();
        queue_.pop_front();
      }
    }
    if (task != nullptr) {
      run_task(*task);
      continue;
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= probed_at + probe_interval) {
      if (health_.may_recover()) probe();
      probed_at = now;
    }
    run_batch(batch);
  }
}

void Writer::run_task(Pending& task) {
  task.status = guarded([&] { return (*task.task)(*connection_); });
  connection_->rollback();
  note_trouble();
  complete(task);
}

Writer::Pending* Writer::take_next_unit() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || queue_.front()->unit == nullptr) return nullptr;
  Pending* const next = queue_.front();
  queue_.pop_front();
  return next;
}

void Writer::run_batch(Batch& batch) {
  batch.clear();
  Pending* const first = take_next_unit();
  if (first == nullptr) return;
  batch.push_back(first);
  if (!health_.writable()) {
    finish_batch(batch, fail(health_.refusal()));
    return;
  }
  if (Status begun = begin(); !begun) {
    finish_batch(batch, std::move(begun));
    return;
  }
  run_units(batch);
  const bool any =
      std::any_of(batch.begin(), batch.end(), [](const Pending* each) { return each->status.has_value(); });
  Status committed;
  if (any && !was_given_up()) committed = commit();
  const bool again = was_given_up();
  connection_->rollback();
  if (again) return run_again(batch);
  finish_batch(batch, std::move(committed));
}

Status Writer::commit() {
  if (connection_->in_transaction()) {
    Status committed = connection_->commit();
    note_trouble();
    if (committed) ++commits_;
    return committed;
  }
  if (!health_.writable()) return fail(health_.refusal());
  return fail(Error{ErrorCode::unavailable,
                    "the write was interrupted; try again",
                    "the transaction was rolled back",
                    {},
                    std::chrono::seconds(1)});
}

bool Writer::was_given_up() const {
  return !connection_->in_transaction() && connection_->may_run_again();
}

Status Writer::begin() {
  Status begun = connection_->begin();
  note_trouble();
  unit_.forget();
  return begun;
}

void Writer::run_units(Batch& batch) {
  const auto began = std::chrono::steady_clock::now();
  // The first unit that succeeds needs no savepoint: until then the transaction holds nothing else.
  auto extent = Extent::transaction;
  for (Pending* pending = batch.front(); pending != nullptr;) {
    pending->status = unit_.run(*pending->unit, extent);
    note_trouble();
    if (was_given_up()) return;
    if (pending->status) {
      extent = Extent::savepoint;
      unit_.take_actions(actions_);
    } else if (extent == Extent::transaction) {
      connection_->rollback();
      if (!begin()) return;
    }
    if (!connection_->in_transaction()) return;
    if (batch.size() >= limits_.batch_units_max) return;
    if (std::chrono::steady_clock::now() - began >= limits_.batch_time_max) return;
    pending = take_next_unit();
    if (pending != nullptr) batch.push_back(pending);
  }
}

void Writer::run_again(Batch& batch) {
  // Alone, a unit holds few locks and not for long.
  actions_.clear();
  const auto end = std::chrono::steady_clock::now() + limits_.again_time_max;
  Batch one;
  for (Pending* const pending : batch) {
    one.assign(1, pending);
    finish_batch(one, run_until_kept(*pending, end));
  }
  batch.clear();
}

Status Writer::run_until_kept(Pending& pending, std::chrono::steady_clock::time_point end) {
  Status committed;
  for (int runs = 1;; ++runs) {
    if (!health_.writable()) return fail(health_.refusal());
    ++runs_again_;
    MUSTER_CHECK_OK(begin());
    pending.status = unit_.run(*pending.unit, Extent::transaction);
    note_trouble();
    if (pending.status && !was_given_up()) {
      unit_.take_actions(actions_);
      committed = commit();
    }
    const bool again = was_given_up();
    connection_->rollback();
    if (!again) return committed;
    actions_.clear();
    if (runs == limits_.runs_again_max || std::chrono::steady_clock::now() >= end) break;
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::milliseconds(std::min(runs, pause_max_milliseconds)),
                      [this] { return stopping_; });
  }
  return fail(Error{ErrorCode::unavailable,
                    "others are changing the same data; try again",
                    "the database gave the transaction up too often",
                    {},
                    std::chrono::seconds(1)});
}

void Writer::finish_batch(Batch& batch, Status committed) {
  if (committed) {
    for (const auto& action : actions_) {
      const Status called = guarded([&]() -> Status {
        action();
        return {};
      });
      if (!called) log::error("an action after a commit failed: {}", called.error().detail);
    }
  }
  actions_.clear();
  for (Pending* pending : batch) {
    if (!committed) pending->status = fail(committed.error());
    ++(pending->status ? writes_ : writes_failed_);
    complete(*pending);
  }
  batch.clear();
}

void Writer::probe() {
  Status status = connection_->begin();
  if (status) {
    const auto written = connection_->add_to_counter("probe", 1);
    status = written ? connection_->commit() : Status(fail(written.error()));
  }
  connection_->rollback();
  note_trouble();
  if (status) health_.recovered();
}

void Writer::note_trouble() {
  if (const auto trouble = connection_->take_trouble()) health_.note(*trouble);
}

}  // namespace muster::sql
