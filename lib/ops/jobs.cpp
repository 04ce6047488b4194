// SPDX-License-Identifier: Apache-2.0
#include "ops/jobs.hpp"

#include "ops/context.hpp"
#include "ops/job_runner.hpp"
#include "ops/new_job.hpp"
#include "ports/system_store.hpp"

#include <functional>

namespace muster::ops {
namespace {

using model::Job;
using model::JobState;

Error no_such_job(const std::string& id) {
  return Error{ErrorCode::not_found, "there is no job " + id, {}, {}, {}};
}

/// Moves the job to `wanted`; afterwards the runner is told.
Result<Changed> move_job(Context& context, Call& call, const std::string& id, JobState wanted) {
  return call.commit<Changed>(
      context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<Changed> {
        MUSTER_TRY(auto found, unit.jobs().find(id));
        if (!found) return fail(no_such_job(id));
        Job& job = *found;
        const bool is_there =
            job.state == wanted || (wanted == JobState::queued && job.state == JobState::running);
        if (is_there) return Changed{false};
        if (has_ended(job))
          return fail(ErrorCode::conflict, "the job has ended: it is " + std::string(to_word(job.state)));
        change.target = "job:" + id;
        change.before = wire::encode(job);
        job.state = wanted;
        if (wanted == JobState::cancelled) job.finished_at = context.clock.now();
        MUSTER_CHECK_OK(unit.jobs().update(job));
        change.after = wire::encode(job);
        unit.after_commit([&runner = context.jobs, id, wanted] {
          if (wanted == JobState::queued)
            runner.enqueue(id);
          else
            runner.interrupt(id);
        });
        return Changed{true};
      });
}

}  // namespace

Result<Job> start_job(Context& context, Call& call, const std::string& kind, const JsonObject& parameters,
                      const std::optional<std::string>& noted) {
  MUSTER_TRY(const UserId id, context.ids.next());
  Job job;
  job.id = id.text();
  job.kind = kind;
  job.parameters = parameters;
  job.created_by = call.caller.actor();
  job.created_at = context.clock.now();
  return call.commit<Job>(context, ports::Home::catalog(),
                          [&](ports::Unit& unit, Change& change) -> Result<Job> {
                            MUSTER_CHECK_OK(unit.jobs().create(job));
                            MUSTER_CHECK_OK(context.jobs.claim(unit, job.id));
                            // The id is new at each call, so a plan is made for the kind.
                            change.target = "job:" + kind;
                            change.after = noted ? *noted : wire::encode(job);
                            unit.after_commit([&runner = context.jobs, id = job.id] { runner.enqueue(id); });
                            return job;
                          });
}

Result<ListJobs::Reply> ListJobs::run(Context& context, Call& /*call*/, const Request& request) {
  std::optional<std::string> after;
  if (request.cursor) {
    MUSTER_TRY(const std::int64_t key, read_number_cursor("jobs", *request.cursor));
    after = std::to_string(key);
  }
  std::vector<Job> items;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(items, unit.jobs().list(after, static_cast<std::size_t>(request.limit) + 1));
    return {};
  }));
  for (Job& job : items) context.jobs.show_progress(job);
  return make_page(std::move(items), request.limit, "jobs", [](const Job& job) { return job.id; });
}

Result<GetJob::Reply> GetJob::run(Context& context, Call& /*call*/, const Request& request) {
  std::optional<Job> found;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(found, unit.jobs().find(request.id));
    return {};
  }));
  if (!found) return fail(no_such_job(request.id));
  context.jobs.show_progress(*found);
  return std::move(*found);
}

Result<Changed> PauseJob::run(Context& context, Call& call, const Request& request) {
  return move_job(context, call, request.id, JobState::paused);
}

Result<Changed> ResumeJob::run(Context& context, Call& call, const Request& request) {
  return move_job(context, call, request.id, JobState::queued);
}

Result<Changed> CancelJob::run(Context& context, Call& call, const Request& request) {
  return move_job(context, call, request.id, JobState::cancelled);
}

}  // namespace muster::ops
