// SPDX-License-Identifier: Apache-2.0
/// @file One use of a prepared statement: parameters and columns in their order, reset when it goes. A
/// failure to prepare shows at the first next() or run(). Belongs to its connection's thread.
#pragma once

#include "adapters/sql/connection.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace muster::sql {

inline std::int64_t to_microseconds(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_microseconds(std::int64_t value) {
  return Time{Duration{value}};
}

class Query {
 public:
  Query(Connection& connection, Sql name, std::size_t rows = 1) : prepared_(connection.prepare(name, rows)) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() {
    if (prepared_) (*prepared_)->reset();
  }

  Query& integer(std::int64_t value) {
    if (prepared_) (*prepared_)->bind_integer(parameter_++, value);
    return *this;
  }
  Query& null() {
    if (prepared_) (*prepared_)->bind_null(parameter_++);
    return *this;
  }
  /// An lvalue must live until this Query goes; a temporary is copied.
  Query& text(const std::string& value) { return bind_text(value, Lifetime::until_reset); }
  Query& text(std::string&& value) { return bind_text(value, Lifetime::call); }
  Query& text(const char* value) { return bind_text(value, Lifetime::call); }
  Query& text(const std::optional<std::string>& value) { return value ? text(*value) : null(); }
  Query& text(std::optional<std::string>&& value) = delete;
  Query& blob(const std::string& value) { return bind_blob(value, Lifetime::until_reset); }
  Query& blob(std::string&& value) { return bind_blob(value, Lifetime::call); }
  Query& blob(std::string_view value) { return bind_blob(value, Lifetime::call); }
  Query& time(Time value) { return integer(to_microseconds(value)); }
  Query& time(const std::optional<Time>& value) { return value ? time(*value) : null(); }

  /// True: a row is there, and columns are read from its first on.
  Result<bool> next() {
    column_ = 0;
    if (!prepared_) return fail(prepared_.error());
    return (*prepared_)->step();
  }
  /// Runs it to its end; the number of rows changed.
  Result<std::int64_t> run() {
    for (;;) {
      MUSTER_TRY(const bool row, next());
      if (!row) return (*prepared_)->changed();
    }
  }

  std::int64_t get_integer() { return (*prepared_)->integer(column_++); }
  std::string get_bytes() { return std::string((*prepared_)->bytes(column_++)); }
  Time get_time() { return from_microseconds(get_integer()); }
  std::optional<std::string> get_optional_bytes() {
    if (skip_null()) return std::nullopt;
    return get_bytes();
  }
  std::optional<Time> get_optional_time() {
    if (skip_null()) return std::nullopt;
    return get_time();
  }

 private:
  Query& bind_text(std::string_view value, Lifetime lifetime) {
    if (prepared_) (*prepared_)->bind_text(parameter_++, value, lifetime);
    return *this;
  }
  Query& bind_blob(std::string_view value, Lifetime lifetime) {
    if (prepared_) (*prepared_)->bind_blob(parameter_++, value, lifetime);
    return *this;
  }
  bool skip_null() {
    if (!(*prepared_)->is_null(column_)) return false;
    ++column_;
    return true;
  }

  Result<Statement*> prepared_;
  int parameter_ = 0;
  int column_ = 0;
};

/// Runs a statement that only changes.
inline Status run(Query& query) {
  MUSTER_CHECK_OK(query.run());
  return {};
}

}  // namespace muster::sql
