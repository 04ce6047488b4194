// SPDX-License-Identifier: Apache-2.0
#include "ops/warm_cache.hpp"

#include "base/encoding.hpp"
#include "model/miss_ratio.hpp"
#include "model/pace.hpp"
#include "ops/access_samples.hpp"
#include "ops/context.hpp"
#include "ops/job_runner.hpp"
#include "ops/new_job.hpp"
#include "ports/cache.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>

namespace muster::ops {
namespace {

using Clock = std::chrono::steady_clock;
using Users = std::vector<UserId>;

constexpr std::size_t accesses_measured_max = 10'000;
constexpr std::uint64_t accesses_measured_min = 200;
constexpr std::chrono::seconds measuring_max{30};
/// Nobody asks for anybody.
constexpr std::chrono::seconds idle_max{3};
constexpr std::chrono::milliseconds nap{50};
/// With fewer in memory, what one takes there is not known from them.
constexpr std::uint64_t entries_telling_min = 64;
constexpr std::size_t usual_size_bytes = 640;
/// One after the other: the store does not answer.
constexpr std::int64_t failures_in_a_row_max = 100;
constexpr double at_start_per_second = 5000;

/// What the job is started with.
struct Parameters {
  std::optional<Users> user_ids;
  std::int64_t top = 0;
  std::int64_t max_rps = 0;
  WarmForecast forecast;

  static constexpr auto fields() {
    using Self = Parameters;
    return std::tuple{field("user_ids", &Self::user_ids, "").length(0, WarmCache::users_max),
                      field("top", &Self::top, ""), field("max_rps", &Self::max_rps, ""),
                      field("forecast", &Self::forecast, "")};
  }
};

Error no_cache(const char* why) {
  return Error{ErrorCode::precondition_failed, why, {}, {}, {}};
}

Result<ports::UserCache*> warmable_cache(Context& context) {
  if (context.users_cache == nullptr || context.access_samples == nullptr)
    return fail(no_cache("there is no cache of users"));
  if (context.users_cache->counters().memory_size_bytes_max == 0)
    return fail(no_cache("no users are kept in memory: cache.memory is 0"));
  return context.users_cache;
}

std::size_t room_in(const ports::CacheCounters& counters) {
  const std::uint64_t each = counters.memory_entries < entries_telling_min
                                 ? usual_size_bytes
                                 : counters.memory_size_bytes / counters.memory_entries;
  return counters.memory_size_bytes_max / std::max<std::uint64_t>(each, 1);
}

Status check_warm(const WarmCache::Request& request) {
  const int sources = (request.top ? 1 : 0) + (request.fraction ? 1 : 0) + (request.user_ids ? 1 : 0);
  if (sources > 1)
    return fail(Error::invalid(request.user_ids ? "user_ids" : "fraction",
                               "only one of top, fraction and user_ids says who is read"));
  if (sources == 0 && !request.target_hit_rate)
    return fail(Error::invalid("top", "one of top, fraction, user_ids and target_hit_rate is needed"));
  if (request.fraction && !(*request.fraction > 0 && *request.fraction <= 1))
    return fail(Error::invalid("fraction", "must be above 0 and at most 1"));
  if (request.target_hit_rate && !(*request.target_hit_rate > 0 && *request.target_hit_rate < 1))
    return fail(Error::invalid("target_hit_rate", "must be above 0 and below 1"));
  return {};
}

/// Foretells for the first so many of the users who may be read.
class Foreteller {
 public:
  Foreteller(Context& context, std::size_t room, const std::optional<Users>& named)
      : trace_(context.access_samples->trace()), room_(room), named_(named) {}

  [[nodiscard]] std::optional<model::HitRate> of(std::size_t users) const {
    model::CacheQuestion question;
    question.room = room_;
    question.accesses = accesses_measured_max;
    if (named_)
      question.warm.users.insert(named_->begin(), named_->begin() + static_cast<std::ptrdiff_t>(users));
    else
      question.warm.hottest = users;
    return model::foretell_hit_rate(trace_, question);
  }

  /// The fewest that are foretold to give that. Error: invalid_argument.
  [[nodiscard]] Result<std::size_t> fewest_for(double target, std::size_t users) const {
    const auto best = of(users);
    if (!best)
      return fail(
          Error::invalid("target_hit_rate", "nothing can be foretold: too few requests were sampled so far"));
    if (best->expected < target)
      return fail(Error::invalid("target_hit_rate",
                                 "cannot be reached: all " + std::to_string(users) +
                                     " users together are foretold to give " +
                                     std::to_string(std::round(best->expected * 1000) / 1000).substr(0, 5)));
    std::size_t too_few = 0;
    std::size_t enough = users;
    while (enough - too_few > std::max<std::size_t>(enough / 100, 1)) {
      const std::size_t middle = too_few + (enough - too_few) / 2;
      (of(middle)->expected < target ? too_few : enough) = middle;
    }
    return enough;
  }

 private:
  model::AccessTrace trace_;
  std::size_t room_;
  const std::optional<Users>& named_;
};

double rounded(double rate) {
  return std::round(rate * 10'000) / 10'000;
}

Result<Parameters> plan_warm(Context& context, const WarmCache::Request& request) {
  MUSTER_CHECK_OK(check_warm(request));
  MUSTER_TRY(const ports::UserCache* const cache, warmable_cache(context));
  const std::size_t known = request.user_ids ? request.user_ids->size() : context.access_samples->users();
  if (known == 0) return fail(no_cache("nobody was asked for yet, as far as this daemon has sampled"));
  std::size_t users = known;
  if (request.top) users = std::min(users, static_cast<std::size_t>(*request.top));
  if (request.fraction)
    users = static_cast<std::size_t>(std::ceil(static_cast<double>(known) * *request.fraction));
  const std::size_t room = room_in(cache->counters());
  const Foreteller foreteller(context, room, request.user_ids);
  if (request.target_hit_rate) {
    MUSTER_TRY(users, foreteller.fewest_for(*request.target_hit_rate, users));
  }
  Parameters out;
  out.user_ids = request.user_ids;
  if (out.user_ids) out.user_ids->resize(users);
  out.top = static_cast<std::int64_t>(users);
  out.max_rps = request.max_rps;
  out.forecast.users = out.top;
  out.forecast.room = static_cast<std::int64_t>(room);
  out.forecast.seconds = static_cast<double>(users) / static_cast<double>(request.max_rps);
  out.forecast.reads_per_second = request.max_rps;
  if (const auto rate = foreteller.of(users)) {
    out.forecast.hit_rate = rounded(rate->expected);
    out.forecast.hit_rate_low = rounded(rate->low);
    out.forecast.hit_rate_high = rounded(rate->high);
    out.forecast.hit_rate_without = rounded(foreteller.of(0)->expected);
  }
  return out;
}

/// Waits, in naps. False: it must stop.
bool wait(Clock::time_point until, const std::function<bool()>& go_on) {
  std::mutex mutex;
  std::condition_variable timer;
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    if (!go_on()) return false;
    std::unique_lock lock(mutex);
    timer.wait_until(lock, std::min(until, now + nap));
  }
  return go_on();
}

/// One user into the cache. How long the store (or Redis) took; nothing where memory had it. Errors: the
/// cache's.
Result<std::optional<model::Pace::Duration>> warm_one(ports::UserCache& cache, UserId user,
                                                      WarmReport& report) {
  using Took = std::optional<model::Pace::Duration>;
  if (cache.find_in_memory(user, std::nullopt)) {
    ++report.already;
    return Took();
  }
  const auto began = Clock::now();
  auto found = cache.find(user, std::nullopt);
  const auto took = std::chrono::duration_cast<model::Pace::Duration>(Clock::now() - began);
  if (!found) {
    ++report.failed;
    return fail(std::move(found).error());
  }
  ++((*found)->is_there() ? report.read : report.absent);
  return Took(took);
}

/// From report.position on. Errors: unavailable (it must stop, or the store does not answer).
Status warm_all(ports::UserCache& cache, const Users& users, double per_second_max, WarmReport& report,
                const std::function<bool()>& go_on) {
  constexpr model::Pace::Duration slow = std::chrono::seconds{1};
  model::Pace pace(per_second_max);
  std::int64_t failures_in_a_row = 0;
  for (; report.position < static_cast<std::int64_t>(users.size()); ++report.position) {
    const auto began = Clock::now();
    const auto warmed = warm_one(cache, users[static_cast<std::size_t>(report.position)], report);
    failures_in_a_row = warmed ? 0 : failures_in_a_row + 1;
    if (failures_in_a_row == failures_in_a_row_max) return fail(warmed.error());
    const bool cost_nothing = warmed && !*warmed;
    const auto pause = cost_nothing ? model::Pace::Duration(0) : pace.after(warmed ? **warmed : slow);
    if (!wait(cost_nothing ? began : Clock::now() + pause, go_on))
      return fail(ErrorCode::unavailable, "the job was interrupted");
  }
  return {};
}

/// What memory had of what was asked for, from now on. False: it must stop.
bool measure(const ports::UserCache& cache, WarmReport& report, const std::function<bool()>& go_on) {
  const ports::CacheCounters before = cache.counters();
  const auto until = Clock::now() + measuring_max;
  std::uint64_t hits = 0;
  std::uint64_t asked = 0;
  auto last_asked = Clock::now();
  while (asked < accesses_measured_max && Clock::now() < std::min(until, last_asked + idle_max)) {
    if (!wait(Clock::now() + nap, go_on)) return false;
    const ports::CacheCounters now = cache.counters();
    hits = now.memory_hits - before.memory_hits;
    const std::uint64_t asked_now = hits + now.memory_misses - before.memory_misses;
    if (asked_now > asked) last_asked = Clock::now();
    asked = asked_now;
  }
  report.accesses_measured = static_cast<std::int64_t>(asked);
  if (asked >= accesses_measured_min)
    report.hit_rate_measured = rounded(static_cast<double>(hits) / static_cast<double>(asked));
  return true;
}

/// Differs for each start of a daemon: another's memory has nothing of what was read.
const std::string& this_run(Context& context) {
  static const std::string run = hex_encode(context.entropy.bytes(8));
  return run;
}

Result<WarmReport> report_of(Context& context, const model::Job& job, const Parameters& parameters) {
  WarmReport report;
  if (job.result) {
    MUSTER_TRY(const auto state, wire::parse_json(job.result->text));
    MUSTER_TRY(report, wire::decode<WarmReport>(state));
  }
  if (report.run != this_run(context)) report = {};
  report.run = this_run(context);
  report.hit_rate_foretold = parameters.forecast.hit_rate;
  return report;
}

}  // namespace

Result<WarmCache::Reply> WarmCache::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const Parameters parameters, plan_warm(context, request));
  return start_job(context, call, "cache_warm", JsonObject{wire::encode(parameters)},
                   wire::encode(parameters.forecast));
}

Result<JsonObject> warm_cache(Context& context, JobControl& control, const model::Job& job) {
  MUSTER_TRY(const auto json, wire::parse_json(job.parameters.text));
  MUSTER_TRY(const auto parameters, wire::decode<Parameters>(json));
  MUSTER_TRY(ports::UserCache* const cache, warmable_cache(context));
  MUSTER_TRY(WarmReport report, report_of(context, job, parameters));
  const Users users = parameters.user_ids
                          ? *parameters.user_ids
                          : context.access_samples->hottest(static_cast<std::size_t>(parameters.top));
  report.users = static_cast<std::int64_t>(users.size());
  const auto began = Clock::now() - std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(report.seconds));
  Status kept;
  const auto go_on = [&] {
    if (report.position < report.users)
      report.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    kept = control.checkpoint(JsonObject{wire::encode(report)}, Keep::now_and_then);
    return kept && control.report(report.position, report.users);
  };
  const Status warmed = warm_all(*cache, users, static_cast<double>(parameters.max_rps), report, go_on);
  MUSTER_CHECK_OK(kept);
  MUSTER_CHECK_OK(warmed);
  if (!measure(*cache, report, go_on)) {
    MUSTER_CHECK_OK(kept);
    return fail(ErrorCode::unavailable, "the job was interrupted");
  }
  return JsonObject{wire::encode(report)};
}

void warm_at_start(Context& context, const std::function<bool()>& go_on) {
  const auto cache = warmable_cache(context);
  if (!cache) return;
  const Users users = context.access_samples->hottest(room_in((*cache)->counters()));
  WarmReport report;
  (void)warm_all(**cache, users, at_start_per_second, report, go_on);
}

}  // namespace muster::ops
