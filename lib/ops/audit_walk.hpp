// SPDX-License-Identifier: Apache-2.0
/// @file Walks the audit log and checks each link of its chain, a bounded piece at a time. What the chain
/// alone cannot tell, that its end was cut off or that it was made anew from some record on, is told by its
/// head of an earlier time, kept sealed beside it. Belongs to one thread.
#pragma once

#include "ops/audit.hpp"
#include "ports/store.hpp"

#include <optional>

namespace muster::ops {

struct AuditMark {
  std::int64_t seq = 0;
  std::string hash;

  static constexpr auto fields() {
    return std::tuple{field("seq", &AuditMark::seq, ""), field("hash", &AuditMark::hash, "")};
  }
};

class AuditWalk {
 public:
  explicit AuditWalk(Context& context, AuditVerdict verdict = {})
      : context_(context), verdict_(std::move(verdict)) {}

  /// Checks the next piece. False: the verdict is final.
  Result<bool> step();
  [[nodiscard]] const AuditVerdict& verdict() const { return verdict_; }

 private:
  Status step_in(ports::Unit& unit);
  void check(const model::AuditRecord& record, ports::Unit& unit);
  void check_end(std::int64_t head_seq, const std::string& head_hash);
  void broken(std::int64_t seq, std::string reason);

  Context& context_;
  AuditVerdict verdict_;
  std::optional<AuditMark> mark_;
  bool mark_is_forged_ = false;
  bool at_end_ = false;
};

/// Moves the remembered head on, unless the record it names is not there as it was: then verifying must find
/// it.
Status remember_audit_head(Context& context);

}  // namespace muster::ops
