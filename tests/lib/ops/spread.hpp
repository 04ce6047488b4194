// SPDX-License-Identifier: Apache-2.0
/// @file A daemon's world over a catalog and some shards, real SQLite databases in a temporary folder.
#pragma once

#include "assembly/load_config.hpp"
#include "assembly/world.hpp"
#include "lib/ops/fixture.hpp"
#include "ops/create_user.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {

/// A daemon's world over a catalog and some shards.
class Spread {
 public:
  explicit Spread(std::size_t shards) {
    std::string dsns;
    // A folder more, for one that is added.
    for (std::size_t i = 1; i <= shards + 1; ++i)
      std::filesystem::create_directory(std::filesystem::path(path(i)).parent_path());
    for (std::size_t i = 1; i <= shards; ++i) dsns += (i == 1 ? "" : ",") + dsn(i);
    environment_ = {{"MUSTER_DATA_DIR", folder_.path().string() + "/data"},
                    {"MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "8"},
                    {"MUSTER_PASSWORD_ARGON2_ITERATIONS", "1"}};
    if (shards != 0) environment_.emplace_back("MUSTER_STORE_SHARDS", dsns);
    open();
  }

  void close() { world_.reset(); }
  void open() {
    close();
    auto loaded = assembly::load_config({.environment = environment_});
    INFO((loaded ? std::string() : loaded.error().message));
    REQUIRE(loaded);
    auto world = assembly::World::open(loaded->config, meter_);
    INFO((world ? std::string() : world.error().message + " " + world.error().detail));
    REQUIRE(world);
    world_ = std::move(*world);
  }

  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  [[nodiscard]] std::string path(std::size_t shard) const {
    return folder() + "/shard" + std::to_string(shard) + "/muster.db";
  }
  [[nodiscard]] std::string dsn(std::size_t shard) const { return "sqlite://" + path(shard); }
  Context& context() { return world_->context(); }

  template <class Operation>
  Result<wire::Json> run(Call& call, std::string_view request = "{}") {
    // Without the test library's macros: it is not made for several threads.
    MUSTER_TRY(const wire::Json json, wire::parse_json(request));
    auto reply = invoke<Operation>(context(), call, json);
    if (!reply) return fail(reply.error());
    return wire::parse_json(*reply);
  }
  template <class Operation>
  Result<wire::Json> run(std::string_view request = "{}") {
    Call call = as_operator();
    return run<Operation>(call, request);
  }
  static Call as_operator() {
    Call call;
    call.caller.kind = Caller::Kind::operator_local;
    call.source = "unix";
    return call;
  }
  std::string add_user(const std::string& name) {
    const auto user = must(run<CreateUser>(R"({"username":")" + name + R"(","email":")" + name +
                                           R"(@example.com","password":"plume-lantern-47-quarry"})"));
    return std::string(user.at("id").as_string());
  }

 private:
  TemporaryFolder folder_;
  TestMeter meter_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::unique_ptr<assembly::World> world_;
};

}  // namespace muster::ops::testing
