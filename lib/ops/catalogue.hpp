// SPDX-License-Identifier: Apache-2.0
/// @file Every operation as data: its declaration and the shape of its request and reply (for musterctl,
/// OpenAPI, man pages), and how to call it (for musterd). Both are made from list.hpp. Built on first use,
/// then constant: thread-safe.
#pragma once

#include "ops/invoke.hpp"
#include "ops/operation.hpp"
#include "wire/schema.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::ops {

struct OperationDescription {
  OperationInfo info;
  wire::Schema request;
  wire::Schema reply;
};

struct Operation {
  const OperationDescription* description;
  Result<std::string> (*invoke)(Context&, Call&, const wire::Json&);
  std::optional<Result<std::string>> (*invoke_from_memory)(Context&, Call&, const wire::Json&);
};

/// In the order of list.hpp. Links no operation's code: what musterctl uses.
const std::vector<OperationDescription>& catalogue();

const std::vector<Operation>& operations();

}  // namespace muster::ops
