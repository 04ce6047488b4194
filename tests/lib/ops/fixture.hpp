// SPDX-License-Identifier: Apache-2.0
/// @file A whole installation for tests of operations: a real SQLite store in a temporary folder, or several
/// as one, real keys and tokens, cheap Argon2, and a clock that the test moves.
#pragma once

#include "base/encoding.hpp"
#include "lib/adapters/sharded/mortal_store.hpp"
#include "ops/context.hpp"
#include "ops/invoke.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops::testing {

class TestClock final : public ports::Clock {
 public:
  [[nodiscard]] Time now() override { return Time(Duration(microseconds_.load())); }
  void advance(Duration by) { microseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> microseconds_{1'800'000'000'000'000};  // 2027-01-15
};

class TestMeter final : public ports::Meter {
 public:
  void record(std::string_view /*operation*/, std::string_view /*outcome*/,
              std::chrono::nanoseconds /*took*/) override {
    ++records;
  }
  std::atomic<int> records{0};
};

class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// How many databases users are spread over beside the catalog, as MUSTER_TEST_SHARDS says; 0: one database
/// has everything.
std::size_t shards_asked_for();

class World {
 public:
  explicit World(std::size_t shards = shards_asked_for());
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  TestClock clock;
  TestMeter meter;
  /// Of all databases, where there are several.
  const std::shared_ptr<sharded::testing::Fate> fate = std::make_shared<sharded::testing::Fate>();

  Context& context();
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  [[nodiscard]] std::string database() const { return folder() + "/muster.db"; }

  /// As a restart of the daemon: everything in memory is gone.
  void close();
  void open();
  void reopen() {
    close();
    open();
  }
  /// Replaces the settings.
  void change_settings(const Settings& settings);

  /// A store on what is there.
  std::unique_ptr<ports::Store> open_store();

  /// A user without a password, put into the store directly.
  UserId add_user(const std::string& username);
  /// A live session of the user, put into the store directly; issued at the clock's time and the current
  /// epoch.
  SessionId add_session(UserId user);

  /// `step` for each of these users, those of one part in one unit there.
  void write_by_part(const std::vector<UserId>& users,
                     const std::function<Status(ports::Unit&, UserId)>& step);

  Call as_operator() const;
  Call as_user(UserId user) const;

  /// Invokes with the request's JSON; the reply's JSON.
  template <class Operation>
  Result<wire::Json> run(Call& call, std::string_view request = "{}") {
    auto json = wire::parse_json(request);
    if (!json) return fail(json.error());
    auto reply = invoke<Operation>(context(), call, *json);
    if (!reply) return fail(reply.error());
    return wire::parse_json(*reply);
  }
  template <class Operation>
  Result<wire::Json> run(std::string_view request = "{}") {
    Call call = as_operator();
    return run<Operation>(call, request);
  }
  template <class Operation>
  Result<wire::Json> run_as(UserId user, std::string_view request = "{}") {
    Call call = as_user(user);
    return run<Operation>(call, request);
  }

 private:
  struct Parts;

  const std::size_t shards_;
  TemporaryFolder folder_;
  std::unique_ptr<Parts> parts_;
};

/// The reply, or the test fails saying the error.
wire::Json must(Result<wire::Json> reply);
/// The error's name, "ok" for none.
std::string outcome(const Result<wire::Json>& reply);
std::string message(const Result<wire::Json>& reply);

/// {"id":"123","role":"editor"} from text with % for the next value.
template <class... Values>
std::string json_of(std::string_view pattern, const Values&... values) {
  std::string out;
  const std::string texts[] = {std::string(values)...};
  std::size_t next = 0;
  for (const char c : pattern)
    if (c == '%')
      out += '"' + texts[next++] + '"';
    else
      out += c;
  return out;
}

}  // namespace muster::ops::testing
