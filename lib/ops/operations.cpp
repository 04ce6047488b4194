// SPDX-License-Identifier: Apache-2.0
#include "ops/catalogue.hpp"
#include "ops/list.hpp"

namespace muster::ops {
namespace {

template <class... Each>
std::vector<Operation> callable(OperationList<Each...> /*list*/) {
  const OperationDescription* description = catalogue().data();
  return {Operation{description++, &invoke<Each>, &invoke_from_memory<Each>}...};
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = callable(AllOperations{});
  return all;
}

}  // namespace muster::ops
