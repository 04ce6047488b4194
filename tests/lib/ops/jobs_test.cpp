// SPDX-License-Identifier: Apache-2.0
#include "ops/jobs.hpp"

#include "adapters/sqlite/sqlite_store.hpp"
#include "lib/ops/fixture.hpp"
#include "ops/audit.hpp"
#include "ops/backups.hpp"
#include "ops/create_role.hpp"
#include "ops/job_runner.hpp"
#include "ops/restore.hpp"
#include "ops/settings.hpp"
#include "ops/tokens.hpp"
#include "ports/system_store.hpp"

#include <atomic>
#include <fstream>
#include <new>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

std::string text(const wire::Json& json, const char* name) {
  return std::string(json.at(name).as_string());
}

wire::Json job(World& world, const std::string& id) {
  return must(world.run<GetJob>(json_of(R"({"id":%})", id)));
}

wire::Json ended(World& world, const std::string& id) {
  for (int i = 0; i < 100'000; ++i) {
    const auto now = job(world, id);
    const std::string state = text(now, "state");
    if (state != "queued" && state != "running") return now;
    std::this_thread::yield();
  }
  FAIL("job " << id << " did not end");
  return {};
}

std::string back_up(World& world, const std::string& name) {
  const auto begun = must(world.run<CreateBackup>(json_of(R"({"name":%})", name)));
  CHECK(text(begun, "state") == "queued");
  const auto done = ended(world, text(begun, "id"));
  INFO(wire::to_text(done));
  CHECK(text(done, "state") == "done");
  return text(begun, "id");
}

/// The real store, whose reads end in want of memory on every thread but the test's own.
class ExhaustedStore final : public ports::Store {
 public:
  explicit ExhaustedStore(ports::Store& store) : store_(store) {}

  using ports::Store::read;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    if (exhausted && std::this_thread::get_id() != test_thread_) throw std::bad_alloc();
    return store_.read(home, freshness, work);
  }
  using ports::Store::write;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    return store_.write(home, work);
  }
  ports::StoreHealth health() override { return store_.health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return store_.counters(); }
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    return store_.backup(path, progress);
  }
  Status verify_backup(const std::string& path) override { return store_.verify_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return store_.fact_of_backup(path, name);
  }
  Status maintain() override { return store_.maintain(); }

  std::atomic<bool> exhausted{true};

 private:
  ports::Store& store_;
  std::thread::id test_thread_ = std::this_thread::get_id();
};

}  // namespace

TEST_CASE("a job that runs out of memory fails, and nothing else does", "[jobs]") {
  World world;
  Context& whole = world.context();
  ExhaustedStore store(whole.store);
  Context context{store,        whole.clock,          whole.entropy,         whole.ids,        whole.hasher,
                  whole.signer, whole.sealer,         whole.meter,           whole.authorizer, whole.tokens,
                  whole.jobs,   whole.login_throttle, whole.initial_settings};
  REQUIRE(whole.jobs.start(context));
  const auto verify = [&] { return ended(world, text(must(world.run<StartAuditVerification>()), "id")); };
  const auto failed = verify();
  CHECK(text(failed, "state") == "failed");
  CHECK(text(failed, "message") == "the job ended with an internal error");
  store.exhausted = false;
  CHECK(text(verify(), "state") == "done");
  whole.jobs.stop();
}

TEST_CASE("a backup is a job whose file verifies", "[jobs][one-database]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer"})"));
  REQUIRE(world.context().jobs.start(world.context()));
  const std::string id = back_up(world, "first.db");
  CHECK(text(job(world, id).at("result"), "name") == "first.db");
  CHECK(must(world.run<VerifyBackup>(R"({"name":"first.db"})")).at("ok").as_bool());
  const auto list = must(world.run<ListBackups>());
  REQUIRE(list.at("items").as_array().size() == 1);
  CHECK(text(list.at("items").at(0), "name") == "first.db");
  CHECK(list.at("items").at(0).at("size_bytes").as_int64() > 0);
  CHECK(outcome(world.run<CreateBackup>(R"({"name":"first.db"})")) == "already_exists");
  const auto unnamed = must(world.run<CreateBackup>());
  CHECK(text(ended(world, text(unnamed, "id")), "state") == "done");
  const auto jobs = must(world.run<ListJobs>(R"({"limit":1})"));
  CHECK(text(jobs.at("items").at(0), "id") == text(unnamed, "id"));
  const auto older =
      must(world.run<ListJobs>(json_of(R"({"cursor":%})", jobs.at("next_cursor").as_string().c_str())));
  CHECK(text(older.at("items").at(0), "id") == id);

  std::ofstream(world.folder() + "/backups/broken.db") << "this is no database, and never was one";
  CHECK(outcome(world.run<VerifyBackup>(R"({"name":"broken.db"})")) == "conflict");
  CHECK(outcome(world.run<RestoreBackup>(R"({"name":"broken.db"})")) == "conflict");
  CHECK(outcome(world.run<VerifyBackup>(R"({"name":"nothing.db"})")) == "not_found");
}

TEST_CASE("a backup's name is a name and no path", "[jobs]") {
  World world;
  for (const char* name : {"../muster.db", "a/b", ".hidden", "..", "a b", "ä"}) {
    const std::string request = json_of(R"({"name":%})", name);
    CHECK(outcome(world.run<CreateBackup>(request)) == "invalid_argument");
    CHECK(outcome(world.run<VerifyBackup>(request)) == "invalid_argument");
    CHECK(outcome(world.run<RestoreBackup>(request)) == "invalid_argument");
  }
  Settings settings = *world.context().settings();
  settings.backup_directory.clear();
  world.change_settings(settings);
  CHECK(outcome(world.run<CreateBackup>()) == "conflict");
  CHECK(outcome(world.run<ListBackups>()) == "conflict");
}

TEST_CASE("jobs are paused, resumed and cancelled, and survive a restart", "[jobs]") {
  World world;
  const auto move = [&](auto operation, const std::string& id) {
    return world.run<decltype(operation)>(json_of(R"({"id":%})", id));
  };
  const auto changed = [](const Result<wire::Json>& reply) { return must(reply).at("changed").as_bool(); };
  // Nothing runs yet: what is asked for waits in the store.
  const std::string first = text(must(world.run<StartAuditVerification>()), "id");
  const std::string second = text(must(world.run<StartAuditVerification>()), "id");
  const std::string third = text(must(world.run<StartAuditVerification>()), "id");
  CHECK(changed(move(PauseJob{}, first)));
  CHECK_FALSE(changed(move(PauseJob{}, first)));
  CHECK(changed(move(CancelJob{}, second)));
  CHECK(outcome(move(ResumeJob{}, second)) == "conflict");
  CHECK(outcome(move(PauseJob{}, "7")) == "not_found");
  CHECK(outcome(move(PauseJob{}, "x")) == "not_found");
  world.reopen();
  // As if the daemon had died in the middle of it.
  REQUIRE(world.context().store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(auto running, unit.jobs().find(third));
    running->state = model::JobState::running;
    return unit.jobs().update(*running);
  }));
  world.reopen();
  REQUIRE(world.context().jobs.start(world.context()));
  const auto done = ended(world, third);
  CHECK(text(done, "state") == "done");
  CHECK(done.at("result").at("ok").as_bool());
  CHECK(text(job(world, first), "state") == "paused");
  CHECK(text(job(world, second), "state") == "cancelled");
  CHECK(changed(move(ResumeJob{}, first)));
  CHECK(text(ended(world, first), "state") == "done");
  CHECK(outcome(move(CancelJob{}, first)) == "conflict");
}

TEST_CASE("a restore brings back the data and no token that was good before", "[jobs][one-database]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"kept"})"));
  const UserId ann = world.add_user("ann");
  const SessionId session = world.add_session(ann);
  const auto token =
      world.context().tokens.issue(session, {}, *world.context().settings(), world.context().tokens.epoch());
  REQUIRE(token);
  REQUIRE(world.context().jobs.start(world.context()));
  back_up(world, "first.db");
  must(world.run<CreateRole>(R"({"name":"later"})"));

  Call dry = world.as_operator();
  dry.dry_run = true;
  must(world.run<RestoreBackup>(dry, R"({"name":"first.db"})"));
  CHECK_FALSE(pending_restore(world.folder()).value());
  const auto asked = must(world.run<RestoreBackup>(R"({"name":"first.db"})"));
  CHECK(asked.at("changed").as_bool());
  CHECK(text(asked, "restart") == "needed");
  CHECK_FALSE(must(world.run<RestoreBackup>(R"({"name":"first.db"})")).at("changed").as_bool());
  CHECK_FALSE(finish_restore(world.context()).value());

  world.close();
  const auto pending = pending_restore(world.folder());
  REQUIRE(pending.value());
  const Status installed = sqlite::install_backup((*pending)->path, world.database());
  INFO((installed ? "" : installed.error().message));
  REQUIRE(installed);
  REQUIRE(mark_restored(world.folder()));
  world.open();
  REQUIRE(finish_restore(world.context()).value());
  CHECK_FALSE(finish_restore(world.context()).value());
  CHECK_FALSE(pending_restore(world.folder()).value());
  const auto verified = world.context().tokens.verify(token->access_token, *world.context().settings());
  CHECK_FALSE(verified);
  CHECK(outcome(world.run<CreateRole>(R"({"name":"kept"})")) == "already_exists");
  CHECK(outcome(world.run<CreateRole>(R"({"name":"later"})")) == "ok");
  CHECK(must(world.run<VerifyAudit>()).at("ok").as_bool());
}

}  // namespace muster::ops::testing
