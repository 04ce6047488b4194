// SPDX-License-Identifier: Apache-2.0
/// @file Long work that outlives the command that asked for it.
#pragma once

#include "base/fields.hpp"
#include "base/time.hpp"

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace muster {
namespace model {
enum class JobState : std::uint8_t { queued, running, paused, done, failed, cancelled };
}  // namespace model

template <>
struct EnumWords<model::JobState> {
  static constexpr std::array<std::pair<model::JobState, std::string_view>, 6> words{
      {{model::JobState::queued, "queued"},
       {model::JobState::running, "running"},
       {model::JobState::paused, "paused"},
       {model::JobState::done, "done"},
       {model::JobState::failed, "failed"},
       {model::JobState::cancelled, "cancelled"}}};
};

namespace model {

struct Job {
  std::string id;    ///< Time-ordered: a decimal number from the same source as user ids.
  std::string kind;  ///< "backup", "audit_verify".
  JobState state = JobState::queued;
  JsonObject parameters;
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: not known.
  std::optional<std::string> message;
  std::optional<JsonObject> result;
  std::string created_by;
  Time created_at;
  std::optional<Time> started_at;
  std::optional<Time> finished_at;

  static constexpr auto fields() {
    return std::tuple{
        field("id", &Job::id, "The job's id"),
        field("kind", &Job::kind, "What it does"),
        field("state", &Job::state, "Where it stands").one_of("queued|running|paused|done|failed|cancelled"),
        field("parameters", &Job::parameters, "What it was asked"),
        field("done", &Job::done, "Units of work done"),
        field("total", &Job::total, "Units of work in all; 0 while that is not known"),
        field("message", &Job::message, "What it says last"),
        field("result", &Job::result, "What came out"),
        field("created_by", &Job::created_by, "Who asked for it"),
        field("created_at", &Job::created_at, "When it was asked for"),
        field("started_at", &Job::started_at, "When it began"),
        field("finished_at", &Job::finished_at, "When it ended")};
  }
};

inline bool has_ended(const Job& job) {
  return job.state == JobState::done || job.state == JobState::failed || job.state == JobState::cancelled;
}

}  // namespace model
}  // namespace muster
