// SPDX-License-Identifier: Apache-2.0
/// @file Every operation of Muster, in the order the documentation shows them. The one place to add one.
#pragma once

#include "ops/get_role.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

using AllOperations = OperationList<GetRole>;

}  // namespace muster::ops
