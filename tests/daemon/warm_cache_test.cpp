// SPDX-License-Identifier: Apache-2.0
// A daemon that knows who was asked for most, also after it died.
#include "daemon/harness.hpp"

#include <boost/json.hpp>

namespace muster::daemon {
namespace {

using http::Method;
using testing::Running;

std::vector<std::string> add_users(Running& run, int count) {
  std::string items;
  for (int i = 0; i < count; ++i)
    items += (i == 0 ? "" : ",") + std::string(R"({"username":"warm)") + std::to_string(i) + "\"}";
  const auto made = run.admin(Method::post, "/v1/admin/users/import", "{\"items\":[" + items + "]}");
  REQUIRE(made.ok());
  std::vector<std::string> ids;
  for (const auto& each : made.data.at("results").as_array()) ids.emplace_back(each.at("id").as_string());
  return ids;
}

std::string state_of(test::Api& api, const std::string& job) {
  return api.call(Method::get, "/v1/admin/jobs/" + job).text("state");
}

bool ends(test::Api& api, const std::string& job) {
  return test::eventually(
      [&] {
        const std::string state = state_of(api, job);
        return state != "queued" && state != "running";
      },
      std::chrono::seconds(60));
}

TEST_CASE("a warm-up survives the daemon's death and fills the memory of the next one") {
  Running run;
  const auto ids = add_users(run, 200);
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "\"" : ",\"") + id + '"';
  const std::string job =
      run.admin(Method::post, "/v1/admin/cache/warm", "{\"max_rps\":100,\"user_ids\":[" + list + "]}")
          .text("id");
  REQUIRE(!job.empty());
  test::Api before("unix:" + run.daemon.socket());
  REQUIRE(test::eventually([&] {
    const auto now = before.call(Method::get, "/v1/admin/jobs/" + job);
    return now.data.at("done").as_int64() > 10;
  }));
  run.daemon.kill();
  REQUIRE(run.daemon.start());
  test::Api after("unix:" + run.daemon.socket());
  REQUIRE(ends(after, job));
  const auto ended = after.call(Method::get, "/v1/admin/jobs/" + job);
  INFO(ended.body);
  CHECK(ended.text("state") == "done");
  CHECK(ended.data.at("result").at("position").as_int64() == 200);
  const auto stats = after.call(Method::get, "/v1/admin/cache");
  CHECK(stats.data.at("memory_entries").as_int64() == 200);
}

TEST_CASE("who was asked for is known after a restart, and read before the daemon is ready") {
  test::DaemonOptions options = testing::options_with({{"MUSTER_CACHE_WARM_AT_START", "30s"}});
  Running run(std::move(options));
  const auto ids = add_users(run, 300);
  for (int i = 0; i < 100; ++i)
    REQUIRE(run.admin(Method::get, "/v1/users/" + ids[static_cast<std::size_t>(i)]).ok());
  CHECK(run.daemon.stop() == 0);
  REQUIRE(run.daemon.start());
  test::Api api("unix:" + run.daemon.socket());
  REQUIRE(test::eventually([&] { return api.call(Method::get, "/readyz").ok(); }));
  CHECK(api.call(Method::get, "/v1/admin/cache").data.at("memory_entries").as_int64() == 100);
}

TEST_CASE("a damaged file of samples is no trouble") {
  Running run;
  const auto ids = add_users(run, 5);
  for (const std::string& id : ids) REQUIRE(run.admin(Method::get, "/v1/users/" + id).ok());
  CHECK(run.daemon.stop() == 0);
  test::write_file(run.daemon.folder() + "/accesses", "damaged");
  REQUIRE(run.daemon.start());
  CHECK(testing::contains(run.daemon.log(), "which users are asked for is learned anew"));
  test::Api api("unix:" + run.daemon.socket());
  const auto refused = api.call(Method::post, "/v1/admin/cache/warm", R"({"top":5})");
  CHECK(refused.name == "precondition_failed");
  CHECK(testing::contains(refused.message, "nobody was asked for"));
}

}  // namespace
}  // namespace muster::daemon
