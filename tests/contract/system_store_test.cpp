// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;

}  // namespace

TEST_CASE("a reply is remembered, replaced and forgotten after its time") {
  STORE_UNDER_TEST(store);
  const ports::RememberedReply first{"hash", std::string("\0sealed", 7), at(100)};
  const ports::RememberedReply second{"other", "bytes", at(200)};
  write(store, [&](Unit& unit) { return unit.idempotency().put("caller/key", first); });
  auto found = read(store, [](Unit& unit) { return unit.idempotency().find("caller/key"); });
  REQUIRE(found);
  CHECK(found->request_hash == "hash");
  CHECK(found->sealed_reply == first.sealed_reply);
  CHECK(found->expires_at == at(100));
  write(store, [&](Unit& unit) { return unit.idempotency().put("caller/key", second); });
  CHECK(read(store, [](Unit& unit) { return unit.idempotency().find("caller/key"); })->request_hash ==
        "other");
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.idempotency().find("other/key"); }));
  write(store, [&](Unit& unit) { return unit.idempotency().put("old", first); });
  std::size_t purged = 0;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_TRY(purged, unit.idempotency().purge(at(150), 10));
    return {};
  });
  CHECK(purged == 1);
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.idempotency().find("old"); }));
  CHECK(read(store, [](Unit& unit) { return unit.idempotency().find("caller/key"); }));
}

TEST_CASE("a job that has not ended may be claimed, by one daemon at a time") {
  STORE_UNDER_TEST(store);
  model::Job job;
  job.kind = "backup";
  job.created_by = "os:0";
  for (const char* id : {"7000", "5000"}) {
    job.id = id;
    write(store, [&](Unit& unit) { return unit.jobs().create(job); });
    write(store, [&](Unit& unit) { return unit.jobs().claim({id, "first"}); });
  }
  write(store, [&](Unit& unit) { return unit.jobs().claim({"7000", "second"}); });
  const auto claims = [&] { return read(store, [](Unit& unit) { return unit.jobs().claims(); }); };
  CHECK(claims() == std::vector<ports::JobClaim>{{"5000", "first"}, {"7000", "second"}});
  CHECK(read(store, [](Unit& unit) { return unit.jobs().claim_of("7000"); }) ==
        ports::JobClaim{"7000", "second"});
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.jobs().claim_of("6000"); }));
  job.id = "7000";
  job.state = model::JobState::paused;
  write(store, [&](Unit& unit) { return unit.jobs().update(job); });
  CHECK(claims().size() == 2);
  job.state = model::JobState::cancelled;
  write(store, [&](Unit& unit) { return unit.jobs().update(job); });
  CHECK(claims() == std::vector<ports::JobClaim>{{"5000", "first"}});
}

TEST_CASE("jobs are found as they were stored, and listed newest first") {
  STORE_UNDER_TEST(store);
  for (int i = 1; i <= 12; ++i) {
    model::Job job;
    job.id = std::to_string(i * 1000);
    job.kind = "backup";
    job.created_by = "os:0";
    job.created_at = at(i);
    write(store, [&](Unit& unit) { return unit.jobs().create(job); });
  }
  auto job = read(store, [](Unit& unit) { return unit.jobs().find("7000"); });
  REQUIRE(job);
  job->state = model::JobState::running;
  job->parameters.text = R"({"path":"/x"})";
  job->done = 5;
  job->total = 10;
  job->message = "half";
  job->result = JsonObject{R"({"a":1})"};
  job->started_at = at(50);
  job->finished_at = at(60);
  write(store, [&](Unit& unit) { return unit.jobs().update(*job); });
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  const auto found = read(again, [](Unit& unit) { return unit.jobs().find("7000"); });
  REQUIRE(found);
  CHECK(found->kind == "backup");
  CHECK(found->state == model::JobState::running);
  CHECK(found->parameters == job->parameters);
  CHECK(found->done == 5);
  CHECK(found->total == 10);
  CHECK(found->message == "half");
  CHECK(found->result == job->result);
  CHECK(found->created_by == "os:0");
  CHECK(found->created_at == at(7));
  CHECK(found->started_at == at(50));
  CHECK(found->finished_at == at(60));
  std::vector<std::string> ids;
  std::optional<std::string> after;
  for (int page = 0; page < 10; ++page) {
    const auto jobs = read(again, [&](Unit& unit) { return unit.jobs().list(after, 5); });
    for (const auto& each : jobs) ids.push_back(each.id);
    if (jobs.size() < 5) break;
    after = ids.back();
  }
  REQUIRE(ids.size() == 12);
  CHECK(ids.front() == "12000");
  CHECK(ids.back() == "1000");
  CHECK_FALSE(read(again, [](Unit& unit) { return unit.jobs().find("1"); }));
  CHECK_FALSE(read(again, [](Unit& unit) { return unit.jobs().find("not a number"); }));
  model::Job other = *found;
  CHECK(code_of(again.write([&](Unit& unit) { return unit.jobs().create(other); })) ==
        ErrorCode::already_exists);
  other.id = "1";
  CHECK(code_of(again.write([&](Unit& unit) { return unit.jobs().update(other); })) == ErrorCode::not_found);
}

TEST_CASE("facts keep any bytes and the last value") {
  STORE_UNDER_TEST(store);
  const std::string bytes("\0\1\xff", 3);
  CHECK_FALSE(read(store, [](Unit& unit) { return unit.meta().get("fact"); }));
  write(store, [](Unit& unit) { return unit.meta().put("fact", "first"); });
  write(store, [&](Unit& unit) { return unit.meta().put("fact", bytes); });
  write(store, [&](Unit& unit) { return unit.meta().put("empty", ""); });
  store_under_test->reopen();
  CHECK(read(store_under_test->store(), [](Unit& unit) { return unit.meta().get("fact"); }) == bytes);
  CHECK(read(store_under_test->store(), [](Unit& unit) { return unit.meta().get("empty"); }) ==
        std::string());
}

}  // namespace muster::contract
