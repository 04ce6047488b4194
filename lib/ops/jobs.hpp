// SPDX-License-Identifier: Apache-2.0
/// @file Long work and the operator's hand on it. What runs it is job_runner.hpp.
#pragma once

#include "model/job.hpp"
#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct ListJobs {
  struct Request {
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<model::Job>;

  static constexpr OperationInfo info{.name = "list_jobs",
                                      .summary = "List jobs, newest first",
                                      .method = "GET",
                                      .path = "/v1/admin/jobs",
                                      .needs = "read:job",
                                      .command = "job list"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct JobName {
  std::string id;

  static constexpr auto fields() {
    return std::tuple{field("id", &JobName::id, "The job's id").length(1, 32)};
  }
};

struct GetJob {
  using Request = JobName;
  using Reply = model::Job;

  static constexpr OperationInfo info{.name = "get_job",
                                      .summary = "Show one job",
                                      .method = "GET",
                                      .path = "/v1/admin/jobs/{id}",
                                      .needs = "read:job",
                                      .command = "job get"};

  /// Error: not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct PauseJob {
  using Request = JobName;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "pause_job",
                                      .summary = "Pause a job",
                                      .method = "POST",
                                      .path = "/v1/admin/jobs/{id}/pause",
                                      .needs = "update:job",
                                      .command = "job pause"};

  /// Errors: not_found, conflict (it ended).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct ResumeJob {
  using Request = JobName;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "resume_job",
                                      .summary = "Go on with a paused job",
                                      .method = "POST",
                                      .path = "/v1/admin/jobs/{id}/resume",
                                      .needs = "update:job",
                                      .command = "job resume"};

  /// Errors: not_found, conflict (it ended).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct CancelJob {
  using Request = JobName;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "cancel_job",
                                      .summary = "Cancel a job",
                                      .method = "POST",
                                      .path = "/v1/admin/jobs/{id}/cancel",
                                      .needs = "update:job",
                                      .command = "job cancel",
                                      .destructive = true};

  /// Errors: not_found, conflict (it ended otherwise).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
