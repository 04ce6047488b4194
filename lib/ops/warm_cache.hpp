// SPDX-License-Identifier: Apache-2.0
/// @file Reads the users who are asked for most into the cache before they are asked for, as a job, and says
/// beforehand what hit rate that will give.
#pragma once

#include "model/job.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

#include <functional>

namespace muster::ops {

/// What will be done, and what is expected of it.
struct WarmForecast {
  std::int64_t users = 0;
  std::int64_t room = 0;
  double seconds = 0;
  std::int64_t reads_per_second = 0;
  std::optional<double> hit_rate;
  std::optional<double> hit_rate_low;
  std::optional<double> hit_rate_high;
  std::optional<double> hit_rate_without;

  static constexpr auto fields() {
    using Self = WarmForecast;
    return std::tuple{field("users", &Self::users, "How many users will be read"),
                      field("room", &Self::room, "For how many there is room in memory"),
                      field("seconds", &Self::seconds, "How long it will take, if the store is not busy"),
                      field("reads_per_second", &Self::reads_per_second, "The load on the store, at most"),
                      field("hit_rate", &Self::hit_rate,
                            "How often memory will have who is asked for, of the 10,000 next; null while too "
                            "little was sampled"),
                      field("hit_rate_low", &Self::hit_rate_low, "Nine times in ten it is above this"),
                      field("hit_rate_high", &Self::hit_rate_high, "Nine times in ten it is below this"),
                      field("hit_rate_without", &Self::hit_rate_without,
                            "How often it would with nothing in it to begin with")};
  }
};

/// The job's result.
struct WarmReport {
  std::int64_t users = 0;
  std::int64_t position = 0;
  std::int64_t read = 0;
  std::int64_t already = 0;
  std::int64_t absent = 0;
  std::int64_t failed = 0;
  double seconds = 0;
  std::optional<double> hit_rate_foretold;
  std::optional<double> hit_rate_measured;
  std::int64_t accesses_measured = 0;
  std::string run;

  static constexpr auto fields() {
    using Self = WarmReport;
    return std::tuple{
        field("users", &Self::users, "How many users were to be read"),
        field("position", &Self::position, "How many of them were looked at"),
        field("read", &Self::read, "Read from Redis or the store"),
        field("already", &Self::already, "In memory already"),
        field("absent", &Self::absent, "Users who are not there"),
        field("failed", &Self::failed, "Could not be read"),
        field("seconds", &Self::seconds, "How long that took"),
        field("hit_rate_foretold", &Self::hit_rate_foretold, "As it was foretold"),
        field("hit_rate_measured", &Self::hit_rate_measured,
              "As it was afterwards: memory's hits among what was asked for; null when that was too little"),
        field("accesses_measured", &Self::accesses_measured, "Over how many that was measured"),
        field("run", &Self::run, "Which start of which daemon has them in its memory")};
  }
};

struct WarmCache {
  static constexpr std::int64_t users_max = 50'000;

  struct Request {
    std::optional<std::int64_t> top;
    std::optional<double> fraction;
    std::optional<std::vector<UserId>> user_ids;
    std::int64_t max_rps = 1000;
    std::optional<double> target_hit_rate;

    static constexpr auto fields() {
      return std::tuple{
          field("top", &Request::top, "So many of those who are asked for most, as sampled")
              .range(1, 1'000'000),
          field("fraction", &Request::fraction,
                "This share of all users who were asked for, the hottest: above 0, to 1"),
          field("user_ids", &Request::user_ids, "These users, in this order").length(1, users_max),
          field("max_rps", &Request::max_rps, "At most so many reads a second").range(1, 100'000).optional(),
          field("target_hit_rate", &Request::target_hit_rate,
                "No more of them than are foretold to give this hit rate: above 0, below 1")};
    }
  };
  using Reply = model::Job;

  static constexpr OperationInfo info{
      .name = "warm_cache",
      .summary = "Read the users who are asked for most into the cache",
      .method = "POST",
      .path = "/v1/admin/cache/warm",
      .needs = "warm:cache",
      .http_status = 202,
      .command = "cache warm",
      .help =
          "The reply is the job that reads them, slowly beside other requests: slower still while the store "
          "takes "
          "longer than usual. They come into the memory of the daemon that is asked, and into Redis for "
          "all. A "
          "dry run foretells the hit rate, the time and the load; the job's result has the hit rate that was "
          "measured afterwards, over 10,000 requests or 30 seconds, or until nobody asks for three. A job "
          "that goes on in a daemon that was "
          "started again begins anew: its memory is empty."};

  /// Errors: invalid_argument, precondition_failed (no cache, or nobody is known to be asked for).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

class JobControl;

/// The job.
Result<JsonObject> warm_cache(Context& context, JobControl& control, const model::Job& job);

/// Reads the hottest users before the daemon says that it is ready, while `go_on()`.
void warm_at_start(Context& context, const std::function<bool()>& go_on);

}  // namespace muster::ops
