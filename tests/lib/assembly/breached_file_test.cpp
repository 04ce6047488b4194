// SPDX-License-Identifier: Apache-2.0
#include "assembly/breached_file.hpp"

#include "assembly/load_config.hpp"
#include "assembly/world.hpp"
#include "lib/assembly/temporary_folder.hpp"
#include "ops/create_user.hpp"
#include "ops/invoke.hpp"

#include <fstream>

#include <catch2/catch.hpp>

namespace muster::assembly {
namespace {

class SilentMeter final : public ports::Meter {
 public:
  void record(std::string_view, std::string_view, std::chrono::nanoseconds) override {}
};

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

TEST_CASE("a file of breached passwords: no file, a file with either line ending, one that is not there") {
  const testing::TemporaryFolder folder;
  const auto none = read_breached_file("");
  REQUIRE(none);
  CHECK(*none == nullptr);

  write(folder.path("list"), "Vantablack-9 heron\r\nOtherwise_Unlisted\n");
  const auto list = read_breached_file(folder.path("list"));
  REQUIRE(list);
  CHECK((*list)->size() == 2);
  CHECK((*list)->contains("vantablack-9 HERON"));
  CHECK((*list)->contains("otherwise_unlisted"));

  const auto missing = read_breached_file(folder.path("missing"));
  REQUIRE_FALSE(missing);
  REQUIRE(missing.error().fields.size() == 1);
  CHECK(missing.error().fields.front().field == "password.breached_file");
  CHECK(missing.error().message.find(folder.path("missing")) != std::string::npos);
}

TEST_CASE("what the file lists is refused as a password, also after a reload; a lost file changes nothing") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path("list");
  write(path, "Vantablack-9 heron\n");
  auto loaded = load_config({.environment = {{"MUSTER_DATA_DIR", folder.path("data")},
                                             {"MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "8"},
                                             {"MUSTER_PASSWORD_BREACHED_FILE", path}}});
  REQUIRE(loaded);
  SilentMeter meter;
  auto world = World::open(loaded->config, meter);
  REQUIRE(world);
  const auto register_with = [&](const std::string& name, const std::string& password) {
    ops::Call call;
    return ops::invoke<ops::CreateUser>((*world)->context(), call,
                                        {{"username", name}, {"password", password}});
  };
  const auto refused = register_with("ada", "Vantablack-9 heron");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("attackers try first") != std::string::npos);
  CHECK(register_with("ada", "Lampblack-7 egret soup"));

  write(path, "Lampblack-7 egret soup\n");
  (*world)->apply(loaded->config);
  CHECK_FALSE(register_with("bea", "Lampblack-7 egret soup"));
  CHECK(register_with("bea", "Vantablack-9 heron"));

  REQUIRE(std::remove(path.c_str()) == 0);
  (*world)->apply(loaded->config);
  CHECK_FALSE(register_with("cid", "Lampblack-7 egret soup"));
}

}  // namespace
}  // namespace muster::assembly
