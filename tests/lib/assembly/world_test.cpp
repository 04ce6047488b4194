// SPDX-License-Identifier: Apache-2.0
#include "assembly/world.hpp"

#include "assembly/load_config.hpp"
#include "lib/assembly/temporary_folder.hpp"
#include "model/builtin_roles.hpp"
#include "ops/authorizer.hpp"
#include "ops/housekeeping.hpp"
#include "ops/invoke.hpp"
#include "ops/list_roles.hpp"
#include "ports/system_store.hpp"

#include <barrier>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>

namespace muster::assembly {
namespace {

using testing::TemporaryFolder;

class SilentMeter final : public ports::Meter {
 public:
  void record(std::string_view, std::string_view, std::chrono::nanoseconds) override {}
};

Config config_in(const TemporaryFolder& folder,
                 std::vector<std::pair<std::string, std::string>> environment = {}) {
  environment.emplace_back("MUSTER_DATA_DIR", folder.path("data"));
  environment.emplace_back("MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "8");
  environment.emplace_back("MUSTER_PASSWORD_ARGON2_ITERATIONS", "1");
  auto loaded = load_config({.environment = std::move(environment)});
  INFO((loaded ? std::string() : loaded.error().message));
  REQUIRE(loaded);
  return loaded->config;
}

std::unique_ptr<World> must_open(const Config& config, ports::Meter& meter) {
  auto world = World::open(config, meter);
  INFO((world ? std::string() : world.error().message + " " + world.error().detail));
  REQUIRE(world);
  return std::move(*world);
}

Error open_error(const Config& config, ports::Meter& meter) {
  auto world = World::open(config, meter);
  REQUIRE_FALSE(world);
  return world.error();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a first start makes a private folder, a private key and the built-in roles") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder);
  const auto world = must_open(config, meter);
  struct stat info {};
  REQUIRE(stat(config.data_dir.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0700U);
  REQUIRE(stat(config.master_key_file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  const auto roles = world->context().authorizer.roles();
  REQUIRE(roles);
  for (const model::Role& builtin : model::builtin_roles()) {
    const model::Role* stored = (*roles)->graph().find(builtin.name);
    REQUIRE(stored != nullptr);
    CHECK(stored->permissions == builtin.permissions);
    CHECK(stored->built_in);
  }
}

TEST_CASE("one daemon at a time uses a data folder, and the next start finds what was there") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder);
  auto world = must_open(config, meter);
  const Error error = open_error(config, meter);
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(contains(error.message, "in use by another musterd"));
  const auto jwks = world->context().signer.jwks();
  world.reset();
  world = must_open(config, meter);
  CHECK(*world->context().signer.jwks() == *jwks);
}

TEST_CASE("another master key, or none, is refused with a clear word") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder);
  must_open(config, meter).reset();
  std::filesystem::rename(config.master_key_file, folder.path("kept.key"));
  const Error missing = open_error(config, meter);
  CHECK(missing.code == ErrorCode::precondition_failed);
  CHECK(contains(missing.message, "is not there, but the database"));
  folder.write("data/master.key", std::string(64, 'a') + "\n");
  chmod(config.master_key_file.c_str(), 0600);
  const Error wrong = open_error(config, meter);
  CHECK(wrong.code == ErrorCode::precondition_failed);
  CHECK(contains(wrong.message, config.master_key_file));
  std::filesystem::rename(folder.path("kept.key"), config.master_key_file);
  must_open(config, meter);
}

TEST_CASE("a configured master key that is not there is not made up") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder, {{"MUSTER_MASTER_KEY_FILE", folder.path("secrets.key")}});
  CHECK(contains(open_error(config, meter).message, "which master_key_file names, is not there"));
  CHECK_FALSE(std::filesystem::exists(folder.path("secrets.key")));
}

TEST_CASE("the clock does not fall below what an earlier daemon saw, and ids stop instead of repeating") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder);
  const Time future = std::chrono::floor<Duration>(std::chrono::system_clock::now()) + std::chrono::hours{24};
  {
    const auto world = must_open(config, meter);
    REQUIRE(world->context().store.write([&](ports::Unit& unit) {
      return unit.meta().put(std::string(ops::clock_mark_name),
                             std::to_string(future.time_since_epoch().count()));
    }));
  }
  const auto world = must_open(config, meter);
  CHECK(world->context().clock.now() >= future);
  CHECK(world->clock_behind() > std::chrono::hours{23});
  const auto id = world->context().ids.next();
  REQUIRE_FALSE(id);
  CHECK(id.error().code == ErrorCode::unavailable);
}

TEST_CASE("a database of a newer Muster is refused and left alone") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const Config config = config_in(folder);
  must_open(config, meter).reset();
  const std::string database = folder.path("data/muster.db");
  {
    // The schema's number is SQLite's user_version: bytes 60 to 63 of the file.
    std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.write("\x00\x00\x27\x0f", 4);
    REQUIRE(file.good());
  }
  const Error error = open_error(config, meter);
  CHECK(error.code == ErrorCode::conflict);
  CHECK(contains(error.message, database));
  CHECK(open_error(config, meter).message == error.message);
}

TEST_CASE("settings that may change at once do, the others stay") {
  const TemporaryFolder folder;
  SilentMeter meter;
  const auto world = must_open(config_in(folder), meter);
  CHECK(world->context().settings()->self_registration);
  world->apply(config_in(folder, {{"MUSTER_USERS_SELF_REGISTRATION", "false"},
                                  {"MUSTER_TOKEN_ACCESS_TTL", "1m"},
                                  {"MUSTER_TOKEN_ISSUER", "someone-else"}}));
  CHECK_FALSE(world->context().settings()->self_registration);
  CHECK(world->context().settings()->token_access_ttl == std::chrono::minutes{1});
  CHECK(world->context().settings()->token_issuer == "muster");
}

class CountingHasher final : public ports::PasswordHasher {
 public:
  CountingHasher(std::atomic<int>& running, std::atomic<int>& most) : running_(running), most_(most) {}
  Result<Secret> hash(const Secret&) override {
    const int now = ++running_;
    int seen = most_.load();
    while (now > seen && !most_.compare_exchange_weak(seen, now)) {
    }
    for (int i = 0; i < 200; ++i) std::this_thread::yield();
    --running_;
    return Secret("hash");
  }
  Result<ports::PasswordMatch> verify(const Secret&, const Secret&) override {
    return ports::PasswordMatch::no;
  }
  void verify_nothing(const Secret&) override {}
  [[nodiscard]] Status check_format(std::string_view) const override { return {}; }

 private:
  std::atomic<int>& running_;
  std::atomic<int>& most_;
};

TEST_CASE("no more hashes run at once than there are permits") {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  GatedHasher gate(std::make_unique<CountingHasher>(running, most), 2);
  constexpr int thread_count = 8;
  constexpr int hashes_each = 25;
  std::barrier start(thread_count);
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int hash = 0; hash < hashes_each; ++hash) (void)gate.hash(Secret("password"));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(most.load() <= 2);
  CHECK(most.load() >= 1);
  CHECK(gate.counters().hashes == thread_count * hashes_each);
  CHECK(gate.counters().running == 0);
}

}  // namespace
}  // namespace muster::assembly
