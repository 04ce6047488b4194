// SPDX-License-Identifier: Apache-2.0
#include "ops/catalogue.hpp"

#include "ops/list.hpp"

namespace muster::ops {
namespace {

template <class... Each>
std::vector<OperationDescription> describe(OperationList<Each...> /*list*/) {
  return {OperationDescription{Each::info, wire::schema_of<typename Each::Request>(),
                               wire::schema_of<typename Each::Reply>()}...};
}

}  // namespace

const std::vector<OperationDescription>& catalogue() {
  static const std::vector<OperationDescription> all = describe(AllOperations{});
  return all;
}

}  // namespace muster::ops
