// SPDX-License-Identifier: Apache-2.0
// What is asked of a job while it runs.
#include "lib/ops/fixture.hpp"
#include "ops/audit.hpp"
#include "ops/backups.hpp"
#include "ops/job_runner.hpp"
#include "ops/jobs.hpp"
#include "ops/settings.hpp"
#include "ports/system_store.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

/// The real store, whose backups go on for as long as the test wants them to.
class SlowStore final : public ports::Store {
 public:
  explicit SlowStore(ports::Store& real) : real_(real) {}
  using ports::Store::read;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    return real_.read(home, freshness, work);
  }
  using ports::Store::write;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    if (!ends_with.empty() && std::filesystem::exists(ends_with))
      return fail(ErrorCode::unavailable, "the daemon is no more");
    return real_.write(home, work);
  }
  ports::StoreHealth health() override { return real_.health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return real_.counters(); }
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    ++backups;
    return real_.backup(path, [&](std::int64_t done, std::int64_t total) {
      while (slow) {
        if (!progress(done, total)) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      return progress(done, total);
    });
  }
  Status verify_backup(const std::string& path) override { return real_.verify_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return real_.fact_of_backup(path, name);
  }
  Status maintain() override { return real_.maintain(); }

  std::atomic<bool> slow{true};
  std::atomic<int> backups{0};
  std::string ends_with;  ///< Nothing is written once there is this file.

 private:
  ports::Store& real_;
};

/// A world whose backups are slow.
class SlowWorld {
 public:
  SlowWorld() { REQUIRE(world.context().jobs.start(slow)); }
  ~SlowWorld() { world.context().jobs.stop(); }
  SlowWorld(const SlowWorld&) = delete;
  SlowWorld& operator=(const SlowWorld&) = delete;

  World world;
  SlowStore store{world.context().store};

 private:
  Context& usual = world.context();
  Context slow{store,        usual.clock,          usual.entropy,         usual.ids,        usual.hasher,
               usual.signer, usual.sealer,         usual.meter,           usual.authorizer, usual.tokens,
               usual.jobs,   usual.login_throttle, usual.initial_settings};
};

template <class Condition>
bool eventually(Condition&& condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

std::string state_of(World& world, const std::string& id) {
  return must(world.run<GetJob>(json_of(R"({"id":%})", id))).at("state").as_string().c_str();
}

bool comes_to(World& world, const std::string& id, const std::string& state) {
  return eventually([&] { return state_of(world, id) == state; });
}

template <class Operation>
std::string move(World& world, const std::string& id) {
  const auto reply = world.run<Operation>(json_of(R"({"id":%})", id));
  if (!reply) return outcome(reply);
  return reply->at("changed").as_bool() ? "changed" : "unchanged";
}

std::string begin_backup(SlowWorld& slow, const std::string& name) {
  const int before = slow.store.backups;
  const auto job = must(slow.world.run<CreateBackup>(json_of(R"({"name":%})", name)));
  REQUIRE(eventually([&] { return slow.store.backups > before; }));
  return std::string(job.at("id").as_string());
}

std::size_t files_in_backups(const World& world) {
  std::size_t count = 0;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(world.folder() + "/backups", missing))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

/// A second daemon on the store of a slow world. Both look around when they are told to.
class Neighbour {
 public:
  Neighbour(SlowWorld& slow, std::size_t second_threads) : usual_(slow.world.context()), store_(slow.store) {
    usual_.jobs.stop();
    REQUIRE(first.start(first_, {"first", is_gone()}));
    REQUIRE(second.start(second_, {"second", is_gone(), second_threads}));
  }
  ~Neighbour() {
    first.stop();
    second.stop();
    next_.stop();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  /// Asked of the first one.
  std::string begin_backup(const std::string& name) {
    Job job;
    job.id = "1000";
    job.kind = "backup";
    job.parameters.text = json_of(R"({"name":%})", name);
    job.created_by = "os:0";
    const int before = store_.backups;
    REQUIRE(store_.write([&](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.jobs().create(job));
      MUSTER_CHECK_OK(first.claim(unit, job.id));
      unit.after_commit([&] { first.enqueue(job.id); });
      return {};
    }));
    REQUIRE(eventually([&] { return store_.backups > before; }));
    return job.id;
  }
  /// As the other daemon's operation does it: nobody tells the first one.
  void set_state(const std::string& id, model::JobState state) {
    REQUIRE(store_.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(auto job, unit.jobs().find(id));
      job->state = state;
      return unit.jobs().update(*job);
    }));
  }

  /// The second one's next process.
  void restart_second() {
    second.stop();
    REQUIRE(next_.start(second_, {"second", is_gone()}));
  }

  JobRunner first;
  JobRunner second;
  std::atomic<bool> first_is_gone{false};

 private:
  using Job = model::Job;
  std::function<Result<bool>(ports::Unit&, const std::string&)> is_gone() {
    return [this](ports::Unit&, const std::string& node) -> Result<bool> {
      return node == "first" && first_is_gone;
    };
  }
  Context context_with(JobRunner& jobs) {
    return {store_,        usual_.clock,          usual_.entropy,         usual_.ids,        usual_.hasher,
            usual_.signer, usual_.sealer,         usual_.meter,           usual_.authorizer, usual_.tokens,
            jobs,          usual_.login_throttle, usual_.initial_settings};
  }

  Context& usual_;
  SlowStore& store_;
  Context first_ = context_with(first);
  Context second_ = context_with(second);
  JobRunner next_;
};

}  // namespace

TEST_CASE("a job is run by the daemon that was asked for it, and goes on elsewhere when that is gone",
          "[jobs][one-database]") {
  SlowWorld slow;
  Neighbour neighbour(slow, 0);
  const std::string id = neighbour.begin_backup("a.db");
  REQUIRE(neighbour.second.look_around());
  CHECK(state_of(slow.world, id) == "running");
  // It only seems to be gone, and is still at it.
  neighbour.first_is_gone = true;
  REQUIRE(neighbour.second.look_around());
  CHECK(state_of(slow.world, id) == "queued");
  CHECK(eventually([&] { return files_in_backups(slow.world) == 0; }));
  slow.store.slow = false;
  neighbour.restart_second();
  CHECK(comes_to(slow.world, id, "done"));
  CHECK(files_in_backups(slow.world) == 1);
  CHECK(must(slow.world.run<VerifyBackup>(R"({"name":"a.db"})")).at("ok").as_bool());
}

TEST_CASE("what is asked of a job at another daemon reaches the one that runs it", "[jobs][one-database]") {
  SlowWorld slow;
  Neighbour neighbour(slow, 1);
  const std::string id = neighbour.begin_backup("a.db");
  neighbour.set_state(id, model::JobState::paused);
  CHECK(eventually([&] { return files_in_backups(slow.world) == 0; }));
  neighbour.set_state(id, model::JobState::queued);
  neighbour.second.enqueue(id);
  REQUIRE(eventually([&] { return slow.store.backups == 2; }));
  slow.store.slow = false;
  CHECK(comes_to(slow.world, id, "done"));
}

TEST_CASE("a running job that is paused leaves nothing half done and begins again when it is resumed",
          "[jobs][one-database]") {
  SlowWorld slow;
  World& world = slow.world;
  const std::string id = begin_backup(slow, "a.db");
  CHECK(state_of(world, id) == "running");
  CHECK(move<ResumeJob>(world, id) == "unchanged");
  CHECK(move<PauseJob>(world, id) == "changed");
  CHECK(move<PauseJob>(world, id) == "unchanged");
  CHECK(eventually([&] { return files_in_backups(world) == 0; }));
  CHECK(state_of(world, id) == "paused");

  slow.store.slow = false;
  CHECK(move<ResumeJob>(world, id) == "changed");
  CHECK(comes_to(world, id, "done"));
  CHECK(slow.store.backups == 2);
  CHECK(must(world.run<VerifyBackup>(R"({"name":"a.db"})")).at("ok").as_bool());
  CHECK(move<PauseJob>(world, id) == "conflict");
}

TEST_CASE("a running job that is cancelled ends for good, and the next one runs", "[jobs][one-database]") {
  SlowWorld slow;
  World& world = slow.world;
  const std::string first = begin_backup(slow, "a.db");
  const auto waiting = must(world.run<CreateBackup>(R"({"name":"b.db"})"));
  const std::string second(waiting.at("id").as_string());
  CHECK(move<CancelJob>(world, first) == "changed");
  slow.store.slow = false;
  CHECK(comes_to(world, second, "done"));
  CHECK(state_of(world, first) == "cancelled");
  CHECK(move<ResumeJob>(world, first) == "conflict");
  CHECK(move<CancelJob>(world, first) == "unchanged");
  CHECK(files_in_backups(world) == 1);
}

TEST_CASE("a job that is paused and resumed before its run has ended is run once more, not lost",
          "[jobs][one-database]") {
  SlowWorld slow;
  World& world = slow.world;
  const std::string id = begin_backup(slow, "a.db");
  for (int i = 0; i < 3; ++i) {
    CHECK(move<PauseJob>(world, id) == "changed");
    CHECK(move<ResumeJob>(world, id) == "changed");
  }
  slow.store.slow = false;
  CHECK(comes_to(world, id, "done"));
  CHECK(files_in_backups(world) == 1);
}

TEST_CASE("a job that is paused and resumed just as it begins is not lost", "[jobs][one-database]") {
  World world;
  ports::Store& store = world.context().store;
  const std::string id(must(world.run<StartAuditVerification>()).at("id").as_string());
  std::promise<void> entered;
  std::promise<void> let_go;
  // All that follows is committed in this order, in one go.
  std::thread holder([&] {
    static_cast<void>(store.write([&](ports::Unit&) -> Status {
      entered.set_value();
      let_go.get_future().wait();
      return {};
    }));
  });
  entered.get_future().wait();
  std::string paused;
  std::string resumed;
  const auto queued = [&](std::uint64_t count) {
    return eventually([&] { return store.counters().queue_length == count; });
  };
  std::thread pausing([&] { paused = move<PauseJob>(world, id); });
  bool in_order = queued(1);
  std::thread resuming([&] { resumed = move<ResumeJob>(world, id); });
  in_order = queued(2) && in_order;
  const Status started = world.context().jobs.start(world.context());
  in_order = queued(3) && in_order;
  let_go.set_value();
  for (std::thread* each : {&holder, &pausing, &resuming}) each->join();
  REQUIRE(started);
  REQUIRE(in_order);
  CHECK(paused == "changed");
  CHECK(resumed == "changed");
  CHECK(comes_to(world, id, "done"));
}

TEST_CASE("a job that was running when the daemon ended is done by the next one", "[jobs][one-database]") {
  SlowWorld slow;
  World& world = slow.world;
  const std::string running = begin_backup(slow, "a.db");
  const std::string queued(must(world.run<CreateBackup>(R"({"name":"b.db"})")).at("id").as_string());
  const std::string paused(must(world.run<CreateBackup>(R"({"name":"c.db"})")).at("id").as_string());
  CHECK(move<PauseJob>(world, paused) == "changed");
  world.context().jobs.stop();
  CHECK(state_of(world, running) == "running");
  CHECK(files_in_backups(world) == 0);
  world.reopen();
  REQUIRE(world.context().jobs.start(world.context()));
  CHECK(comes_to(world, running, "done"));
  CHECK(comes_to(world, queued, "done"));
  CHECK(state_of(world, paused) == "paused");
  CHECK(files_in_backups(world) == 2);
}

TEST_CASE("a backup that had its name when the daemon died is done at the next start",
          "[jobs][one-database]") {
  SlowWorld slow;
  World& world = slow.world;
  slow.store.ends_with = world.folder() + "/backups/a.db";
  slow.store.slow = false;
  const std::string id = begin_backup(slow, "a.db");
  REQUIRE(eventually([&] { return files_in_backups(world) == 1; }));
  world.context().jobs.stop();
  CHECK(state_of(world, id) == "running");
  world.reopen();
  REQUIRE(world.context().jobs.start(world.context()));
  CHECK(comes_to(world, id, "done"));
  CHECK(must(world.run<VerifyBackup>(R"({"name":"a.db"})")).at("ok").as_bool());
}

}  // namespace muster::ops::testing
