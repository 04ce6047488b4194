// SPDX-License-Identifier: Apache-2.0
#include "ops/audit_walk.hpp"

#include "base/log.hpp"
#include "ops/context.hpp"
#include "ops/housekeeping.hpp"
#include "ports/security_store.hpp"
#include "ports/system_store.hpp"

namespace muster::ops {
namespace {

constexpr std::size_t records_at_a_time = 1000;

Result<AuditMark> open_mark(Context& context, const std::string& sealed) {
  MUSTER_TRY(const Secret text, context.sealer.open(sealed, audit_mark_name));
  MUSTER_TRY(const auto json, wire::parse_json(text.reveal()));
  return wire::decode<AuditMark>(json);
}

}  // namespace

Result<bool> AuditWalk::step() {
  const AuditVerdict before = verdict_;
  const Status read = context_.store.read([&](ports::Unit& unit) {
    verdict_ = before;
    return step_in(unit);
  });
  if (!read) return fail(read.error());
  return verdict_.ok && !at_end_;
}

Status AuditWalk::step_in(ports::Unit& unit) {
  MUSTER_TRY(const auto sealed, unit.meta().get(std::string(audit_mark_name)));
  mark_.reset();
  mark_is_forged_ = false;
  if (sealed) {
    auto opened = open_mark(context_, *sealed);
    if (opened)
      mark_ = std::move(*opened);
    else
      mark_is_forged_ = true;
  }
  MUSTER_TRY(const auto records, unit.audit().list({}, verdict_.head_seq, records_at_a_time));
  for (const model::AuditRecord& record : records) {
    check(record, unit);
    if (!verdict_.ok) return {};
  }
  at_end_ = records.size() < records_at_a_time;
  if (!at_end_) return {};
  MUSTER_TRY(const auto head, unit.audit().head());
  check_end(head.first, head.second);
  return {};
}

void AuditWalk::check(const model::AuditRecord& record, ports::Unit& unit) {
  const std::int64_t expected = verdict_.head_seq + 1;
  if (record.seq != expected)
    return broken(expected, record.seq == expected + 1
                                ? "the record is missing"
                                : "the records up to " + std::to_string(record.seq - 1) + " are missing");
  if (unit.audit().chain_hash(verdict_.head_hash, record) != record.hash)
    return broken(record.seq, "the record is not what was written, or not where it was written");
  if (mark_ && mark_->seq == record.seq && mark_->hash != record.hash)
    return broken(record.seq, "the chain was made anew: this record had another hash before");
  if (verdict_.first_seq == 0) verdict_.first_seq = record.seq;
  ++verdict_.records;
  verdict_.head_seq = record.seq;
  verdict_.head_hash = record.hash;
}

void AuditWalk::check_end(std::int64_t head_seq, const std::string& head_hash) {
  const std::int64_t next = verdict_.head_seq + 1;
  if (mark_is_forged_) return broken(next, "the remembered end of the log was changed");
  if (mark_ && mark_->seq > verdict_.head_seq)
    return broken(next, "the end was cut off: there were records up to " + std::to_string(mark_->seq));
  if (head_seq != verdict_.head_seq || head_hash != verdict_.head_hash)
    return broken(next, "the log ends at another record than its head says");
}

void AuditWalk::broken(std::int64_t seq, std::string reason) {
  verdict_.ok = false;
  verdict_.broken_at_seq = seq;
  verdict_.reason = std::move(reason);
}

Status remember_audit_head(Context& context) {
  return context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto head, unit.audit().head());
    if (head.first == 0) return {};
    const std::string name(audit_mark_name);
    MUSTER_TRY(const auto sealed, unit.meta().get(name));
    if (sealed) {
      const auto mark = open_mark(context, *sealed);
      if (!mark) {
        log::error("audit: the remembered end of the log cannot be read; run an audit verification");
        return {};
      }
      if (mark->seq == head.first && mark->hash == head.second) return {};
      MUSTER_TRY(const auto found, unit.audit().list({}, mark->seq - 1, 1));
      if (found.empty() || found.front().seq != mark->seq || found.front().hash != mark->hash) {
        log::error("audit: record {} is not what it was; run an audit verification", mark->seq);
        return {};
      }
    }
    const std::string text = wire::encode(AuditMark{head.first, head.second});
    return unit.meta().put(name, context.sealer.seal(text, audit_mark_name));
  });
}

}  // namespace muster::ops
