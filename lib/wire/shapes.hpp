// SPDX-License-Identifier: Apache-2.0
/// @file Which kind of member a field has: what decoding, encoding and the schema branch on.
#pragma once

#include "base/fields.hpp"

#include <optional>
#include <type_traits>
#include <vector>

namespace muster::wire {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_patch : std::false_type {};
template <class T>
struct is_patch<Patch<T>> : std::true_type {};

}  // namespace muster::wire
