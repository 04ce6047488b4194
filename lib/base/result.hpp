// SPDX-License-Identifier: Apache-2.0
/// @file A value or an Error. Every call that can fail returns one; ignoring it does not compile.
/// MUSTER_TRY unwraps or returns the error to the caller.
#pragma once

#include "base/error.hpp"

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace muster {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other)
      : tl::expected<T, Error>(std::move(other)) {}  // NOLINT(google-explicit-constructor): wanted
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(detail), {}, {}});
}

}  // namespace muster

#define MUSTER_CONCAT_(a, b) a##b
#define MUSTER_CONCAT(a, b) MUSTER_CONCAT_(a, b)

#define MUSTER_TRY_(temporary, declaration, expression)                                 \
  auto temporary = (expression);                                                        \
  if (!temporary) return tl::unexpected<::muster::Error>(std::move(temporary).error()); \
  declaration = std::move(temporary).value()

/// MUSTER_TRY(auto user, store.find(id)); returns find's error from the enclosing function if it has one.
#define MUSTER_TRY(declaration, expression) \
  MUSTER_TRY_(MUSTER_CONCAT(muster_try_, __LINE__), declaration, expression)

/// The same for a Status: MUSTER_CHECK_OK(store.remove(id));
#define MUSTER_CHECK_OK(expression)                                              \
  do {                                                                           \
    if (auto muster_status_ = (expression); !muster_status_)                     \
      return tl::unexpected<::muster::Error>(std::move(muster_status_).error()); \
  } while (false)
