// SPDX-License-Identifier: Apache-2.0
// Jobs of a daemon that dies in the middle of them.
#include "daemon/harness.hpp"

#include <map>

#include <boost/json.hpp>

namespace muster::daemon {
namespace {

using http::Method;
using testing::Running;

std::map<std::string, int> states(test::Api& api) {
  std::map<std::string, int> out;
  const auto jobs = api.call(Method::get, "/v1/admin/jobs?limit=1000");
  REQUIRE(jobs.ok());
  for (const auto& job : jobs.data.at("items").as_array()) ++out[job.at("state").as_string().c_str()];
  return out;
}

TEST_CASE("jobs that wait, run or are paused survive the daemon's death and are done once") {
  constexpr int count = 150;
  Running run;
  for (int i = 0; i < count; ++i) {
    const auto path = i % 2 == 0 ? "/v1/admin/backups" : "/v1/admin/audit/verify";
    const std::string body = i % 2 == 0 ? R"({"name":"b)" + std::to_string(i) + R"(.db"})" : "{}";
    const auto begun = run.admin(Method::post, path, body);
    INFO(begun.message);
    REQUIRE(!begun.text("id").empty());
  }
  // Behind so many others, it is paused before it begins.
  const std::string paused = run.admin(Method::post, "/v1/admin/backups", R"({"name":"p.db"})").text("id");
  REQUIRE(run.admin(Method::post, "/v1/admin/jobs/" + paused + "/pause").ok());
  run.daemon.kill();
  REQUIRE(run.daemon.start());
  test::Api api("unix:" + run.daemon.socket());
  const auto unfinished = [&] {
    auto now = states(api);
    return now["queued"] + now["running"];
  };
  CHECK(test::eventually([&] { return unfinished() == 0; }, std::chrono::seconds(120)));
  auto last = states(api);
  CHECK(last["failed"] == 0);
  CHECK(last["done"] == count);
  CHECK(last["paused"] == 1);
  CHECK(api.call(Method::post, "/v1/admin/jobs/" + paused + "/resume").ok());
  CHECK(test::eventually([&] { return states(api)["done"] == count + 1; }));
  const auto backups = api.call(Method::get, "/v1/admin/backups?limit=1000");
  CHECK(backups.data.at("items").as_array().size() == count / 2 + 1);
}

}  // namespace
}  // namespace muster::daemon
