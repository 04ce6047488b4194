// SPDX-License-Identifier: Apache-2.0
#include "ops/master_key.hpp"

#include "base/encoding.hpp"

namespace muster::ops {
namespace {

constexpr std::string_view check_context = "master-key-check";
constexpr std::string_view check_plain = "muster";

}  // namespace

std::string master_key_check_value(ports::Sealer& sealer) {
  return hex_encode(sealer.seal(check_plain, check_context));
}

Status check_master_key(ports::Sealer& sealer, const std::string& check_value) {
  const auto sealed = hex_decode(check_value);
  if (sealed) {
    const auto opened = sealer.open(*sealed, check_context);
    if (opened && opened->reveal() == check_plain) return {};
  }
  return fail(ErrorCode::precondition_failed,
              "the master key is not the one this data was written with: put the right master key file back");
}

}  // namespace muster::ops
