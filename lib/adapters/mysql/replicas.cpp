// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/replicas.hpp"

#include "adapters/mysql/plans.hpp"
#include "adapters/sql/query.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <thread>

namespace muster::mysql {
namespace {

// One that has not answered for longer may be frozen.
constexpr std::chrono::milliseconds silence_max = 3 * beat_interval;

// Of the newest measurement in the mean.
constexpr double weight = 0.2;

Dsn replica_dsn(const Dsn& primary, const Host& host) {
  Dsn dsn = primary;
  dsn.hosts = {host};
  dsn.socket.clear();
  dsn.replicas.clear();
  return dsn;
}

std::size_t random_below(std::size_t count) {
  thread_local std::minstd_rand engine(
      static_cast<std::uint32_t>(std::hash<std::thread::id>()(std::this_thread::get_id())));
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine);
}

}  // namespace

void Beats::note(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  // A replica that was promoted may have had less than what its primary had counted.
  while (!beats_.empty() && beats_.back().number >= number) beats_.pop_back();
  beats_.push_back({number, std::chrono::steady_clock::now()});
  if (beats_.size() > count_max_) beats_.pop_front();
}

std::optional<std::chrono::milliseconds> Beats::lag_of(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  if (beats_.empty() || number < beats_.front().number) return std::nullopt;
  const auto missing =
      std::find_if(beats_.begin(), beats_.end(), [&](const Beat& beat) { return beat.number > number; });
  if (missing == beats_.end()) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               missing->durable_at);
}

Replica::Replica(Servers* servers, Dsn dsn, Secret password, Settings settings, const Beats& beats)
    : endpoint_(std::move(dsn), std::move(password), Writers::several),
      slow_log_({.slow_from = settings.slow_from}, endpoint_.name(), explanations_of(endpoint_)),
      beats_(beats),
      readers_(open_readers(servers, endpoint_.watched_by(slow_log_), ConnectionKind::replica,
                            settings.connections, std::chrono::milliseconds(0), unused_health_)),
      probe_(endpoint_, ConnectionKind::replica),
      ticker_(beat_interval, [this] { measure(); }) {}

bool Replica::is_good() const {
  const Clock::time_point answered{Clock::duration(answered_at_.load())};
  return good_ && Clock::now() - answered < silence_max;
}

ports::ReplicaReport Replica::report() const {
  ports::ReplicaReport report;
  report.host = endpoint_.dsn().hosts.front().text();
  report.is_read_from = is_good();
  if (const std::int64_t lag = lag_milliseconds_; lag >= 0) report.lag = std::chrono::milliseconds(lag);
  report.slow_statements = slow_log_.count();
  return report;
}

double Replica::cost() const {
  return latency_microseconds_ * static_cast<double>(1 + readers_.counts().in_use);
}

Result<Replica::Measured> Replica::ask() {
  const auto began = Clock::now();
  MUSTER_CHECK_OK(probe_.begin_reading(ports::View::looks));
  sql::Query query(probe_, sql::Sql::counter_find);
  query.text("probe");
  MUSTER_TRY(const bool found, query.next());
  const std::int64_t number = found ? query.get_integer() : 0;
  return Measured{number, std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began)};
}

void Replica::measure() {
  const auto measured = ask();
  probe_.rollback();
  probe_.take_trouble();
  if (!measured) lag_milliseconds_ = -1;
  if (!measured) return set_good(false, measured.error().message + ": " + measured.error().detail);
  const auto taken = static_cast<double>(measured->taken.count());
  const double mean = latency_microseconds_;
  latency_microseconds_ = mean == 0 ? taken : mean + (taken - mean) * weight;
  answered_at_ = Clock::now().time_since_epoch().count();
  const auto lag = beats_.lag_of(measured->number);
  lag_milliseconds_ = lag ? lag->count() : -1;
  if (!lag) return set_good(false, "it is not known how far it is behind");
  set_good(*lag <= endpoint_.dsn().replica_lag_max, "it is " + std::to_string(lag->count()) + " ms behind");
}

void Replica::set_good(bool good, const std::string& reason) {
  const std::lock_guard lock(turn_mutex_);
  if (good == good_) return;
  good_ = good;
  if (good)
    log::info("replica {} is read from now", endpoint_.name());
  else
    log::warn("replica {} is not read from now: {}", endpoint_.name(), reason);
}

std::optional<Status> Replica::read(const ports::Freshness& freshness,
                                    const std::function<Status(ports::Unit&)>& work) {
  sql::Readers::Outcome outcome = readers_.try_read(work, freshness);
  if (outcome.trouble) set_good(false, outcome.trouble->error.message + ": " + outcome.trouble->error.detail);
  return std::move(outcome.status);
}

Replicas::Replicas(Servers* servers, const Endpoint& primary, Replica::Settings settings)
    : beats_(primary.dsn().replica_lag_max) {
  for (const Host& host : primary.dsn().replicas)
    replicas_.push_back(std::make_unique<Replica>(servers, replica_dsn(primary.dsn(), host),
                                                  primary.password(), settings, beats_));
}

std::vector<ports::ReplicaReport> Replicas::report() const {
  std::vector<ports::ReplicaReport> reports;
  for (const auto& each : replicas_) reports.push_back(each->report());
  return reports;
}

Replica* Replicas::choose() {
  std::vector<Replica*> good;
  for (const auto& replica : replicas_)
    if (replica->is_good()) good.push_back(replica.get());
  if (good.empty()) return nullptr;
  // The better one of two: with the best one of all, everybody would go to the same.
  const std::size_t first = random_below(good.size());
  if (good.size() == 1) return good[first];
  const std::size_t second = (first + 1 + random_below(good.size() - 1)) % good.size();
  return good[first]->cost() <= good[second]->cost() ? good[first] : good[second];
}

std::optional<Status> Replicas::read(const ports::Freshness& freshness,
                                     const std::function<Status(ports::Unit&)>& work) {
  if (freshness.recency == ports::Recency::strict) return std::nullopt;
  Replica* const replica = choose();
  if (replica == nullptr) return std::nullopt;
  auto status = replica->read(freshness, work);
  if (status) ++reads_;
  return status;
}

void Replicas::rest(std::size_t kept) {
  for (const auto& replica : replicas_) replica->rest(kept);
}

}  // namespace muster::mysql
