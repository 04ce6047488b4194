// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/system_store.hpp"

#include "base/ids.hpp"

#include <limits>

namespace muster::sql {
namespace {

model::Job read_job(Query& query) {
  model::Job job;
  job.id = std::to_string(query.get_integer());
  job.kind = query.get_bytes();
  job.state = static_cast<model::JobState>(query.get_integer());
  job.parameters.text = query.get_bytes();
  job.done = query.get_integer();
  job.total = query.get_integer();
  job.message = query.get_optional_bytes();
  if (auto text = query.get_optional_bytes()) job.result = JsonObject{std::move(*text)};
  job.created_by = query.get_bytes();
  job.created_at = query.get_time();
  job.started_at = query.get_optional_time();
  job.finished_at = query.get_optional_time();
  return job;
}

void bind_result(Query& query, const model::Job& job) {
  if (job.result)
    query.text(job.result->text);
  else
    query.null();
}

}  // namespace

Result<std::optional<ports::RememberedReply>> SqlIdempotencyStore::find(const std::string& key) {
  Query query(connection_, Sql::idempotency_find);
  query.text(key);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<ports::RememberedReply>{};
  ports::RememberedReply reply;
  reply.request_hash = query.get_bytes();
  reply.sealed_reply = query.get_bytes();
  reply.expires_at = query.get_time();
  return std::optional(std::move(reply));
}

Status SqlIdempotencyStore::put(const std::string& key, const ports::RememberedReply& reply) {
  Query query(connection_, Sql::idempotency_put);
  return run(query.text(key).blob(reply.request_hash).blob(reply.sealed_reply).time(reply.expires_at));
}

Result<std::size_t> SqlIdempotencyStore::purge(Time before, std::size_t limit) {
  std::vector<std::string> keys;
  {
    Query query(connection_, Sql::idempotency_purge_find);
    query.time(before).integer(static_cast<std::int64_t>(limit));
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      keys.push_back(query.get_bytes());
    }
  }
  for (const std::string& key : keys) {
    Query query(connection_, Sql::idempotency_delete);
    MUSTER_CHECK_OK(query.text(key).run());
  }
  return keys.size();
}

Status SqlJobStore::create(const model::Job& job) {
  const auto id = UserId::parse(job.id);
  if (!id) return fail(Error::invalid("id", "must be a decimal number"));
  Query insert(connection_, Sql::job_insert);
  insert.integer(id->value)
      .text(job.kind)
      .integer(static_cast<std::int64_t>(job.state))
      .text(job.parameters.text);
  insert.integer(job.done).integer(job.total).text(job.message);
  bind_result(insert, job);
  insert.text(job.created_by).time(job.created_at).time(job.started_at).time(job.finished_at);
  return run(insert);
}

Result<std::optional<model::Job>> SqlJobStore::find(const std::string& id) {
  const auto number = UserId::parse(id);
  if (!number) return std::optional<model::Job>{};
  Query query(connection_, Sql::job_find);
  query.integer(number->value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::Job>{};
  return std::optional(read_job(query));
}

Status SqlJobStore::update(const model::Job& job) {
  const auto id = UserId::parse(job.id);
  if (!id) return fail(ErrorCode::not_found, "no such job");
  Query query(connection_, Sql::job_update);
  query.integer(static_cast<std::int64_t>(job.state)).text(job.parameters.text).integer(job.done);
  query.integer(job.total).text(job.message);
  bind_result(query, job);
  MUSTER_TRY(const std::int64_t changed,
             query.time(job.started_at).time(job.finished_at).integer(id->value).run());
  if (changed == 0) return fail(ErrorCode::not_found, "no such job");
  if (!model::has_ended(job)) return {};
  Query release(connection_, Sql::job_claim_delete);
  return run(release.integer(id->value));
}

Result<std::vector<model::Job>> SqlJobStore::list(std::optional<std::string> after, std::size_t limit) {
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
  if (after) {
    const auto id = UserId::parse(*after);
    if (!id) return fail(Error::invalid("cursor", "is not of this list"));
    below = id->value;
  }
  std::vector<model::Job> jobs;
  Query query(connection_, Sql::job_list);
  query.integer(below).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return jobs;
    jobs.push_back(read_job(query));
  }
}

Result<std::vector<ports::JobClaim>> SqlJobStore::claims() {
  std::vector<ports::JobClaim> claims;
  Query query(connection_, Sql::job_claims);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return claims;
    ports::JobClaim claim;
    claim.job = std::to_string(query.get_integer());
    claim.node = query.get_bytes();
    claims.push_back(std::move(claim));
  }
}

Result<std::optional<ports::JobClaim>> SqlJobStore::claim_of(const std::string& id) {
  const auto number = UserId::parse(id);
  if (!number) return std::optional<ports::JobClaim>{};
  Query query(connection_, Sql::job_claim_find);
  query.integer(number->value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<ports::JobClaim>{};
  return std::optional(ports::JobClaim{id, query.get_bytes()});
}

Status SqlJobStore::claim(const ports::JobClaim& claim) {
  const auto id = UserId::parse(claim.job);
  if (!id) return fail(ErrorCode::not_found, "no such job");
  Query query(connection_, Sql::job_claim_put);
  return run(query.integer(id->value).text(claim.node));
}

Result<std::optional<std::string>> SqlMetaStore::get(const std::string& name) {
  Query query(connection_, Sql::meta_find);
  query.text(name);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<std::string>{};
  return std::optional(query.get_bytes());
}

Status SqlMetaStore::put(const std::string& name, const std::string& value) {
  Query query(connection_, Sql::meta_put);
  return run(query.text(name).blob(value));
}

}  // namespace muster::sql
