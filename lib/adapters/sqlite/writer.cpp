// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/writer.hpp"

#include "base/log.hpp"

namespace muster::sqlite {
namespace {

constexpr std::chrono::seconds probe_interval{1};

}  // namespace

Writer::Writer(std::unique_ptr<SqliteConnection> connection, WriterLimits limits, Health& health)
    : connection_(std::move(connection)),
      unit_(*connection_, sql::UnitKind::write),
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

Status Writer::run_alone(const std::function<Status(SqliteConnection&)>& task) {
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
      const auto ready = [this] { return stopping_ || !queue_.empty(); };
      if (health_.writable())
        arrived_.wait(lock, ready);
      else
        arrived_.wait_until(lock, probed_at + probe_interval, ready);
      if (stopping_ && queue_.empty()) return;
      if (!queue_.empty() && queue_.front()->task != nullptr) {
        task = queue_.front();
        queue_.pop_front();
      }
    }
    if (task != nullptr) {
      task->status = sql::guarded([&] { return (*task->task)(*connection_); });
      connection_->rollback();
      note_trouble();
      complete(*task);
      continue;
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= probed_at + probe_interval) {
      if (health_.may_recover()) probe();
      probed_at = now;
    }
    run_batch(batch);
  }
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
  bool any = false;
  for (const Pending* pending : batch) any = any || pending->status.has_value();
  Status committed;
  if (any && connection_->in_transaction()) {
    committed = connection_->commit();
    note_trouble();
    if (committed) ++commits_;
  } else if (any) {
    committed = fail(health_.writable() ? Error{ErrorCode::unavailable,
                                                "the write was interrupted; try again",
                                                "the transaction was rolled back",
                                                {},
                                                std::chrono::seconds(1)}
                                        : health_.refusal());
  }
  connection_->rollback();
  finish_batch(batch, std::move(committed));
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
  auto extent = sql::Extent::transaction;
  for (Pending* pending = batch.front(); pending != nullptr;) {
    pending->status = unit_.run(*pending->unit, extent);
    note_trouble();
    if (pending->status) {
      extent = sql::Extent::savepoint;
      unit_.take_actions(actions_);
    } else if (extent == sql::Extent::transaction) {
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

void Writer::finish_batch(Batch& batch, Status committed) {
  if (committed) {
    for (const auto& action : actions_) {
      const Status called = sql::guarded([&]() -> Status {
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

}  // namespace muster::sqlite
