// SPDX-License-Identifier: Apache-2.0
/// @file Runs jobs, one after the other on a bounded number of threads. The store is what is true: a job is
/// queued, paused or cancelled there, and the runner is told after the commit. A job that was running when
/// the daemon died is queued again at the next start and goes on from its last checkpoint. Of several daemons
/// the one that was asked for a job claims it; when that daemon is gone another takes the claim, and the
/// former one can no longer change the job. What jobs there are is said in job_kinds.cpp. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/job.hpp"
#include "ports/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace muster::ops {

struct Context;

enum class Keep : std::uint8_t { now_and_then, at_once };

/// The running job's hand on itself.
class JobControl {
 public:
  virtual ~JobControl() = default;

  /// Says how far it is. False: it must stop soon, because it was paused or cancelled or the daemon ends;
  /// it then returns an error, which nobody sees. One that came to its end nevertheless is done.
  virtual bool report(std::int64_t done, std::int64_t total) = 0;
  /// Keeps a state to go on from in job.result. Now and then: may be called often, writes seldom.
  virtual Status checkpoint(const JsonObject& state, Keep keep) = 0;
};

struct JobKind {
  std::string_view name;
  /// The job's result. `job.result` holds the last checkpoint when it goes on.
  Result<JsonObject> (*run)(Context& context, JobControl& control, const model::Job& job);
};

const JobKind* find_job_kind(std::string_view name);

struct JobRunnerTerms {
  /// This daemon, as its claims say.
  std::string node = "this";
  /// Whether a daemon, another one, runs no longer, as the unit sees it. Null: there never is another.
  std::function<Result<bool>(ports::Unit& unit, const std::string& node)> is_gone;
  std::size_t threads = 1;
};

class JobRunner {
 public:
  JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;
  /// Stops.
  ~JobRunner();

  /// Takes up what is queued or was running and is nobody else's, and begins to work. `context` must outlive
  /// stop(). Once only.
  Status start(Context& context, JobRunnerTerms terms = {});
  /// Interrupts what is running (it goes on at the next start) and waits for it.
  void stop();

  /// In the unit that creates the job: this daemon is to run it.
  Status claim(ports::Unit& unit, const std::string& id) const;
  /// Looks what other daemons have done to the jobs of this one, and takes over those of daemons that are
  /// gone. Called now and then where there may be others.
  Status look_around();
  /// From after_commit: the job was queued.
  void enqueue(const std::string& id);
  /// From after_commit: the job was paused or cancelled.
  void interrupt(const std::string& id);
  /// Puts the progress of a running job, which the store hears of late, into `job`.
  void show_progress(model::Job& job) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::ops
