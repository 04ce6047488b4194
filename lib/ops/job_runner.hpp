// SPDX-License-Identifier: Apache-2.0
/// @file Runs jobs, one after the other on a bounded number of threads. The store is what is true: a job is
/// queued, paused or cancelled there, and the runner is told after the commit. A job that was running when
/// the daemon died is queued again at the next start and goes on from its last checkpoint. What jobs there
/// are is said in job_kinds.cpp. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/job.hpp"

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

class JobRunner {
 public:
  JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;
  /// Stops.
  ~JobRunner();

  /// Takes up what is queued or was running, and begins to work. `context` must outlive stop(). Once only.
  Status start(Context& context, std::size_t threads = 1);
  /// Interrupts what is running (it goes on at the next start) and waits for it.
  void stop();

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
