// SPDX-License-Identifier: Apache-2.0
#include "ops/job_runner.hpp"

#include "base/log.hpp"
#include "base/ticker.hpp"
#include "ops/context.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace muster::ops {
namespace {

using model::Job;
using model::JobState;

constexpr std::chrono::seconds checkpoint_interval{2};
constexpr std::size_t jobs_at_a_time = 500;
constexpr std::chrono::seconds looking_interval{1};

}  // namespace

class JobRunner::Impl {
 public:
  ~Impl() { stop(); }

  Status start(Context& context, JobRunnerTerms terms) {
    context_ = &context;
    terms_ = std::move(terms);
    MUSTER_TRY(auto waiting, take_up());
    {
      const std::lock_guard lock(mutex_);
      for (std::string& id : waiting) put_in_queue(std::move(id));
      for (std::size_t i = 0; i < terms_.threads; ++i) threads_.emplace_back([this] { work(); });
    }
    if (terms_.is_gone) looking_ = std::make_unique<Ticker>(looking_interval, [this] { look(); });
    return {};
  }

  Status claim(ports::Unit& unit, const std::string& id) const {
    return unit.jobs().claim({id, terms_.node});
  }

  Status look_around() {
    std::vector<std::string> to_stop;
    std::vector<std::string> to_run;
    std::vector<std::string> perhaps_left;
    std::vector<ports::JobClaim> to_adopt;
    MUSTER_CHECK_OK(context_->store.read([&](ports::Unit& unit) -> Status {
      to_stop.clear();
      to_run.clear();
      perhaps_left.clear();
      to_adopt.clear();
      MUSTER_TRY(const auto claims, unit.jobs().claims());
      for (const ports::JobClaim& each : claims) {
        MUSTER_TRY(const auto job, unit.jobs().find(each.job));
        if (!job) continue;
        const bool is_unfinished = job->state == JobState::queued || job->state == JobState::running;
        if (each.node == terms_.node) {
          if (!is_unfinished) to_stop.push_back(each.job);
          if (job->state == JobState::queued) to_run.push_back(each.job);
          if (job->state == JobState::running) perhaps_left.push_back(each.job);
          continue;
        }
        to_stop.push_back(each.job);
        if (!is_unfinished || !terms_.is_gone) continue;
        MUSTER_TRY(const bool gone, terms_.is_gone(unit, each.node));
        if (gone) to_adopt.push_back(each);
      }
      return {};
    }));
    for (const std::string& id : to_stop) interrupt(id);
    for (const std::string& id : to_run) enqueue(id);
    for (const std::string& id : perhaps_left)
      if (!is_running(id)) MUSTER_CHECK_OK(queue_again(id));
    for (const ports::JobClaim& each : to_adopt) MUSTER_CHECK_OK(adopt(each));
    return {};
  }

  void stop() {
    looking_.reset();
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

  void look() {
    const Status looked = look_around();
    if (!looked) log::warn("jobs of other daemons: {} {}", looked.error().message, looked.error().detail);
  }

  [[nodiscard]] bool is_running(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return running_.contains(id);
  }

  /// One that was interrupted because it had been paused, and was resumed meanwhile.
  Status queue_again(const std::string& id) {
    return context_->store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(auto job, unit.jobs().find(id));
      MUSTER_TRY(const bool ours, is_ours(unit, id));
      if (!job || !ours || job->state != JobState::running || is_running(id)) return {};
      job->state = JobState::queued;
      unit.after_commit([this, id] { enqueue(id); });
      return unit.jobs().update(*job);
    });
  }

  /// Unless somebody else was quicker.
  Status adopt(const ports::JobClaim& former) {
    return context_->store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const auto claim, unit.jobs().claim_of(former.job));
      MUSTER_TRY(auto job, unit.jobs().find(former.job));
      if (claim != former || !job || has_ended(*job)) return {};
      if (job->state == JobState::running) job->state = JobState::queued;
      MUSTER_CHECK_OK(unit.jobs().update(*job));
      MUSTER_CHECK_OK(unit.jobs().claim({former.job, terms_.node}));
      unit.after_commit([this, id = former.job] {
        log::info("job {} is taken over: its daemon is gone", id);
        enqueue(id);
      });
      return {};
    });
  }

  /// Whether this daemon may run the job: it has the claim, or nobody who is there has.
  Result<bool> may_take(ports::Unit& unit, const std::string& id) const {
    MUSTER_TRY(const auto claim, unit.jobs().claim_of(id));
    if (!claim || claim->node == terms_.node || !terms_.is_gone) return true;
    return terms_.is_gone(unit, claim->node);
  }
  Result<bool> is_ours(ports::Unit& unit, const std::string& id) const {
    MUSTER_TRY(const auto claim, unit.jobs().claim_of(id));
    return claim && claim->node == terms_.node;
  }

  /// Queues the job again if it was running, and claims it. False: it is another daemon's, or has ended.
  Result<bool> take(ports::Unit& unit, const std::string& id) const {
    MUSTER_TRY(auto job, unit.jobs().find(id));
    if (!job || has_ended(*job)) return false;
    MUSTER_TRY(const bool may, may_take(unit, id));
    if (!may) return false;
    if (job->state == JobState::running) {
      job->state = JobState::queued;
      MUSTER_CHECK_OK(unit.jobs().update(*job));
    }
    MUSTER_CHECK_OK(claim(unit, id));
    return true;
  }

  /// The ids of unfinished jobs that are this daemon's now, oldest first.
  Result<std::vector<std::string>> take_up() {
    std::vector<std::string> waiting;
    std::set<std::string> ready;
    MUSTER_CHECK_OK(context_->store.read([&](ports::Unit& unit) -> Status {
      waiting.clear();
      ready.clear();
      std::optional<std::string> after;
      for (;;) {
        MUSTER_TRY(const auto jobs, unit.jobs().list(after, jobs_at_a_time));
        for (const Job& job : jobs) {
          after = job.id;
          if (job.state != JobState::running && job.state != JobState::queued) continue;
          waiting.push_back(job.id);
          MUSTER_TRY(const bool ours, is_ours(unit, job.id));
          if (ours && job.state == JobState::queued) ready.insert(job.id);
        }
        if (jobs.size() < jobs_at_a_time) return {};
      }
    }));
    std::reverse(waiting.begin(), waiting.end());
    if (ready.size() == waiting.size()) return waiting;
    std::vector<std::string> taken;
    const Status claimed = context_->store.write([&](ports::Unit& unit) -> Status {
      taken.clear();
      for (const std::string& id : waiting) {
        MUSTER_TRY(const bool is_taken, take(unit, id));
        if (is_taken) taken.push_back(id);
      }
      return {};
    });
    if (!claimed) return fail(claimed.error());
    return taken;
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
      MUSTER_TRY(const bool ours, is_ours(unit, id));
      if (!job || job->state != JobState::queued || !ours) {
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

  /// Edits the job in the store, unless it has ended there. Error: conflict, when another daemon has it.
  Status change(const std::string& id, const std::function<void(Job&)>& edit) {
    return context_->store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(auto job, unit.jobs().find(id));
      if (!job || has_ended(*job)) return {};
      MUSTER_TRY(const bool ours, is_ours(unit, id));
      if (!ours) {
        interrupt(id);
        return fail(ErrorCode::conflict, "another daemon has taken the job over");
      }
      edit(*job);
      return unit.jobs().update(*job);
    });
  }

  Context* context_ = nullptr;
  JobRunnerTerms terms_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::map<std::string, Run> running_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::unique_ptr<Ticker> looking_;
};

JobRunner::JobRunner() : impl_(std::make_unique<Impl>()) {}

JobRunner::~JobRunner() = default;

Status JobRunner::start(Context& context, JobRunnerTerms terms) {
  return impl_->start(context, std::move(terms));
}

Status JobRunner::claim(ports::Unit& unit, const std::string& id) const {
  return impl_->claim(unit, id);
}

Status JobRunner::look_around() {
  return impl_->look_around();
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
