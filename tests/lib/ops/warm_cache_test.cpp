// SPDX-License-Identifier: Apache-2.0
#include "ops/warm_cache.hpp"

#include "lib/ops/fixture.hpp"
#include "ops/access_samples.hpp"
#include "ops/job_runner.hpp"
#include "ops/jobs.hpp"
#include "ports/cache.hpp"
#include "support/cache_traces.hpp"

#include <cmath>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

/// An installation whose users are asked for as a trace says.
class Asked {
 public:
  explicit Asked(std::size_t users) : zipf_(users, 1.0) {
    world.context().access_samples = &samples;
    for (std::size_t i = 0; i < users; ++i) users_.push_back(world.add_user("user" + std::to_string(i)));
    REQUIRE(world.context().jobs.start(world.context()));
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() { world.context().jobs.stop(); }

  UserId next() { return users_[zipf_(random_())]; }
  void sample(int accesses) {
    for (int i = 0; i < accesses; ++i) samples.note(next());
  }
  wire::Json job(const std::string& id) { return must(world.run<GetJob>(json_of(R"({"id":%})", id))); }
  /// Until `is_good(job)`; true.
  template <class IsGood>
  bool reaches(const std::string& id, const IsGood& is_good) {
    for (int i = 0; i < 30'000; ++i) {
      if (is_good(job(id))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  bool ends(const std::string& id) {
    return reaches(id, [](const wire::Json& now) {
      return now.at("state") != "queued" && now.at("state") != "running";
    });
  }
  std::string start(const std::string& request) {
    return std::string(must(world.run<WarmCache>(request)).at("id").as_string());
  }

  World world;
  AccessSamples samples;

 private:
  test::Zipf zipf_;
  test::Random random_{7};
  std::vector<UserId> users_;
};

std::string field_at_fault(Asked& asked, const std::string& request) {
  const auto reply = asked.world.run<WarmCache>(request);
  REQUIRE(!reply);
  return reply.error().fields.empty() ? std::string() : reply.error().fields.front().field;
}

}  // namespace

TEST_CASE("after a warm-up memory hits as often as was foretold", "[warm_cache]") {
  Asked asked(1000);
  asked.sample(60'000);
  const std::string id = asked.start(R"({"top":200,"max_rps":100000})");
  // Measuring has begun.
  REQUIRE(asked.reaches(id, [](const wire::Json& now) { return now.at("done").as_int64() == 200; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  auto& cache = *asked.world.context().users_cache;
  for (int i = 0; i < 14'000; ++i) {
    const UserId user = asked.next();
    if (!cache.find_in_memory(user, std::nullopt)) REQUIRE(cache.find(user, std::nullopt));
  }
  REQUIRE(asked.ends(id));
  const auto job = asked.job(id);
  INFO(wire::to_text(job));
  REQUIRE(job.at("state") == "done");
  const auto& result = job.at("result");
  CHECK(result.at("read").as_int64() == 200);
  CHECK(result.at("accesses_measured").as_int64() >= 10'000);
  CHECK(std::abs(result.at("hit_rate_measured").as_double() - result.at("hit_rate_foretold").as_double()) <
        0.03);
  const auto& forecast = job.at("parameters").at("forecast");
  CHECK(forecast.at("hit_rate_low").as_double() < forecast.at("hit_rate").as_double());
  CHECK(forecast.at("hit_rate_without").as_double() < forecast.at("hit_rate").as_double());
}

TEST_CASE("a dry run of a warm-up foretells and reads nobody", "[warm_cache]") {
  Asked asked(300);
  asked.sample(20'000);
  Call call = asked.world.as_operator();
  call.dry_run = true;
  REQUIRE(asked.world.run<WarmCache>(call, R"({"fraction":0.5,"max_rps":100})"));
  const auto plan = must(wire::parse_json(*call.plan_reply));
  CHECK(plan.at("after").at("users").as_int64() == 150);
  CHECK(plan.at("after").at("seconds").as_double() == Approx(1.5));
  CHECK(plan.at("after").at("reads_per_second").as_int64() == 100);
  CHECK(plan.at("after").at("hit_rate").as_double() > 0.5);
  CHECK(asked.world.context().users_cache->counters().memory_entries == 0);

  // The fewest for a hit rate.
  Call second = asked.world.as_operator();
  second.dry_run = true;
  REQUIRE(asked.world.run<WarmCache>(second, R"({"target_hit_rate":0.975})"));
  const auto target = must(wire::parse_json(*second.plan_reply));
  CHECK(target.at("after").at("hit_rate").as_double() >= 0.975);
  CHECK(target.at("after").at("users").as_int64() < 300);
}

TEST_CASE("a warm-up that is paused goes on where it was", "[warm_cache]") {
  Asked asked(150);
  asked.sample(5'000);
  const std::string id = asked.start(R"({"top":100,"max_rps":150})");
  REQUIRE(asked.reaches(id, [](const wire::Json& now) { return now.at("done").as_int64() >= 20; }));
  must(asked.world.run<PauseJob>(json_of(R"({"id":%})", id)));
  const auto read = [&] { return asked.world.context().users_cache->counters().loads; };
  REQUIRE(asked.reaches(id, [](const wire::Json& now) { return now.at("state") == "paused"; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto before = read();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(read() == before);
  CHECK(before < 100);
  must(asked.world.run<ResumeJob>(json_of(R"({"id":%})", id)));
  REQUIRE(asked.ends(id));
  const auto job = asked.job(id);
  INFO(wire::to_text(job));
  CHECK(job.at("state") == "done");
  CHECK(job.at("result").at("position").as_int64() == 100);
  CHECK(job.at("result").at("hit_rate_measured").is_null());
  CHECK(read() == 100);
}

TEST_CASE("named users are warmed, and those who are not there are counted", "[warm_cache]") {
  Asked asked(2);
  const UserId there = asked.next();
  const std::string id =
      asked.start(json_of(R"({"user_ids":[%,%,%],"max_rps":100000})", there.text(), "12345", there.text()));
  REQUIRE(asked.ends(id));
  const auto result = asked.job(id).at("result");
  INFO(wire::to_text(result));
  CHECK(result.at("read").as_int64() == 1);
  CHECK(result.at("already").as_int64() == 1);
  CHECK(result.at("absent").as_int64() == 1);
  CHECK(result.at("hit_rate_foretold").is_null());
}

TEST_CASE("a warm-up says what is wrong with a request", "[warm_cache]") {
  Asked asked(10);
  CHECK(outcome(asked.world.run<WarmCache>(R"({"top":5})")) == "precondition_failed");
  asked.sample(2'000);
  CHECK(field_at_fault(asked, "{}") == "top");
  CHECK(field_at_fault(asked, R"({"top":0})") == "top");
  CHECK(field_at_fault(asked, R"({"top":5,"fraction":0.5})") == "fraction");
  CHECK(field_at_fault(asked, R"({"top":5,"user_ids":["1"]})") == "user_ids");
  CHECK(field_at_fault(asked, R"({"user_ids":[]})") == "user_ids");
  CHECK(field_at_fault(asked, R"({"user_ids":["x"]})") == "user_ids[0]");
  CHECK(field_at_fault(asked, R"({"fraction":1.5})") == "fraction");
  CHECK(field_at_fault(asked, R"({"fraction":0})") == "fraction");
  CHECK(field_at_fault(asked, R"({"top":5,"target_hit_rate":1})") == "target_hit_rate");
  CHECK(field_at_fault(asked, R"({"top":1,"target_hit_rate":0.999})") == "target_hit_rate");
  CHECK(field_at_fault(asked, R"({"top":5,"max_rps":0})") == "max_rps");
  asked.world.context().users_cache = nullptr;
  CHECK(outcome(asked.world.run<WarmCache>(R"({"top":5})")) == "precondition_failed");
}

}  // namespace muster::ops::testing
