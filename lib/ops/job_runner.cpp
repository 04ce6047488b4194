// SPDX-License-Identifier: Apache-2.0
#include "ops/job_runner.hpp"

#include "base/log.hpp"
#include "ops/context.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::ops {
namespace {

using model::Job;
using model::JobState;

constexpr std::chrono::seconds checkpoint_interval{2};
constexpr std::size_t jobs_at_a_time = 500;

}  // namespace

class JobRunner::Impl {
 public:
  ~Impl() { stop(); }

  Status start(Context& context, std::size_t threads) {
    context_ = &context;
    MUSTER_TRY(auto waiting, take_up(context));
    const std::lock_guard lock(mutex_);
    for (std::string& id : waiting) put_in_queue(std::move(id));
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    return {};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (auto& [id, run] : running_) run.interrupted = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void enqueue(const std::string& id) {
    {
      const std::lock_guard lock(mutex_);
      put_in_queue(id);
    }
    changed_.notify_all();
  }

  void interrupt(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::erase(queue_, id);
    if (const auto found = running_.find(id); found != running_.end()) found->second.interrupted = true;
  }

  void show_progress(Job& job) const {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(job.id);
    if (found == running_.end() || job.state != JobState::running || found->second.done == 0) return;
    job.done = found->second.done;
    job.total = found->second.total;
  }

 private:
  struct Run {
    std::int64_t done = 0;
    std::int64_t total = 0;
    bool interrupted = false;
  };

  class Control final : public JobControl {
   public:
    Control(Impl& runner, std::string id) : runner_(runner), id_(std::move(id)) {}

    bool report(std::int64_t done, std::int64_t total) override {
      const std::lock_guard lock(runner_.mutex_);
      Run& run = runner_.running_[id_];
      run.done = done;
      run.total = total;
      return !run.interrupted;
    }

    Status checkpoint(const JsonObject& state, Keep keep) override {
      const auto now = std::chrono::steady_clock::now();
      if (keep == Keep::now_and_then && now - last_ < checkpoint_interval) return {};
      last_ = now;
      return runner_.change(id_, [&](Job& job) {
        if (job.state == JobState::running) job.result = state;
      });
    }

   private:
    Impl& runner_;
    std::string id_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  };

  /// The ids of unfinished jobs, oldest first; those that were running are queued again.
  static Result<std::vector<std::string>> take_up(Context& context) {
    std::vector<std::string> waiting;
    std::vector<Job> interrupted;
    MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
      waiting.clear();
      interrupted.clear();
      std::optional<std::string> after;
      for (;;) {
        MUSTER_TRY(const auto jobs, unit.jobs().list(after, jobs_at_a_time));
        for (const Job& job : jobs) {
          after = job.id;
          if (job.state == JobState::running) interrupted.push_back(job);
          if (job.state == JobState::running || job.state == JobState::queued) waiting.push_back(job.id);
        }
        if (jobs.size() < jobs_at_a_time) break;
      }
      return {};
    }));
    std::reverse(waiting.begin(), waiting.end());
    if (!interrupted.empty()) {
      const Status queued = context.store.write([&](ports::Unit& unit) -> Status {
        for (Job job : interrupted) {
          job.state = JobState::queued;
          MUSTER_CHECK_OK(unit.jobs().update(job));
        }
        return {};
      });
      if (!queued) return fail(queued.error());
    }
    return waiting;
  }

  void put_in_queue(std::string id) {
    if (std::find(queue_.begin(), queue_.end(), id) == queue_.end()) queue_.push_back(std::move(id));
  }

  void work() {
    for (;;) {
      std::string id;
      {
        std::unique_lock lock(mutex_);
        std::deque<std::string>::iterator next;
        // A job that was paused and resumed may still be ending its earlier run.
        changed_.wait(lock, [&] {
          next = std::find_if(queue_.begin(), queue_.end(),
                              [&](const std::string& each) { return !running_.contains(each); });
          return stopping_ || next != queue_.end();
        });
        if (stopping_) return;
        id = *next;
        queue_.erase(next);
        running_[id] = Run{};
      }
      try {
        if (const auto status = run(id); !status)
          log::error("job {} could not be kept: {} {}", id, status.error().message, status.error().detail);
      } catch (const std::exception& error) {
        log::error("job {} could not be kept: {}", id, error.what());
      }
      {
        const std::lock_guard lock(mutex_);
        running_.erase(id);
      }
      changed_.notify_all();
    }
  }

  /// What a kind of job throws, for want of memory for one, fails that job alone.
  Result<JsonObject> run_kind(Control& control, const Job& job) {
    const JobKind* kind = find_job_kind(job.kind);
    if (kind == nullptr) return fail(ErrorCode::internal, "unknown kind of job");
    try {
      return kind->run(*context_, control, job);
    } catch (const std::exception& error) {
      return fail(ErrorCode::internal, "the job ended with an internal error", error.what());
    }
  }

  Status run(const std::string& id) {
    std::optional<Job> job;
    MUSTER_CHECK_OK(context_->store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(job, unit.jobs().find(id));
      if (!job || job->state != JobState::queued) {
        job.reset();
        return {};
      }
      job->state = JobState::running;
      if (!job->started_at) job->started_at = context_->clock.now();
      // What was asked of it in commits before this one is over: paused, it would not be queued again.
      unit.after_commit([this, id] { begin_anew(id); });
      return unit.jobs().update(*job);
    }));
    if (!job) return {};
    Control control(*this, id);
    auto outcome = run_kind(control, *job);
    Run last;
    {
      const std::lock_guard lock(mutex_);
      last = running_[id];
    }
    if (last.interrupted && !outcome) return {};
    return change(id, [&](Job& ended) {
      ended.done = last.done;
      ended.total = last.total;
      ended.finished_at = context_->clock.now();
      ended.state = outcome ? JobState::done : JobState::failed;
      if (outcome)
        ended.result = *outcome;
      else
        ended.message = outcome.error().message;
      if (!outcome) log::error("job {} failed: {} {}", id, outcome.error().message, outcome.error().detail);
    });
  }

  void begin_anew(const std::string& id) {
    const std::lock_guard lock(mutex_);
    running_[id].interrupted = stopping_;
    std::erase(queue_, id);
  }

  /// Edits the job in the store, unless it has ended there.
  Status change(const std::string& id, const std::function<void(Job&)>& edit) {
    return context_->store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(auto job, unit.jobs().find(id));
      if (!job || has_ended(*job)) return {};
      edit(*job);
      return unit.jobs().update(*job);
    });
  }

  Context* context_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::map<std::string, Run> running_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

JobRunner::JobRunner() : impl_(std::make_unique<Impl>()) {}

JobRunner::~JobRunner() = default;

Status JobRunner::start(Context& context, std::size_t threads) {
  return impl_->start(context, threads);
}

void JobRunner::stop() {
  impl_->stop();
}

void JobRunner::enqueue(const std::string& id) {
  impl_->enqueue(id);
}

void JobRunner::interrupt(const std::string& id) {
  impl_->interrupt(id);
}

void JobRunner::show_progress(Job& job) const {
  impl_->show_progress(job);
}

}  // namespace muster::ops
