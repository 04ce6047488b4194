// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/statements.hpp"

#include <array>
#include <utility>

namespace muster::sql {
namespace {

/// As the compiler writes it: what stands behind the last colon of "... [Statement =
/// muster::sql::Sql::count]".
template <Sql Statement>
constexpr std::string_view written_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text = text.substr(0, text.find_first_of(";]", text.find("Sql::")));
  return text.substr(text.rfind(':') + 1);
}

template <std::size_t... Numbers>
constexpr auto written_names(std::index_sequence<Numbers...> /*numbers*/) {
  return std::array{written_name<static_cast<Sql>(Numbers)>()...};
}

constexpr auto names = written_names(std::make_index_sequence<static_cast<std::size_t>(Sql::count)>());
static_assert(names[static_cast<std::size_t>(Sql::user_insert)] == "user_insert");

}  // namespace

std::string_view name_of(Sql statement) {
  return names.at(static_cast<std::size_t>(statement));
}

}  // namespace muster::sql
