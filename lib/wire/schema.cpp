// SPDX-License-Identifier: Apache-2.0
#include "wire/schema.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <boost/json.hpp>

namespace muster::wire {
namespace {

Result<Json> scalar_from_text(Kind kind, std::string_view name, std::string_view text) {
  switch (kind) {
    case Kind::integer: {
      std::int64_t number = 0;
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (status != std::errc{} || end != text.data() + text.size() || text.empty())
        return fail(Error::invalid(std::string(name), "must be a whole number"));
      return Json(number);
    }
    case Kind::number: {
      double number = 0;
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (status != std::errc{} || end != text.data() + text.size() || text.empty() || !std::isfinite(number))
        return fail(Error::invalid(std::string(name), "must be a number"));
      return Json(number);
    }
    case Kind::boolean:
      if (text == "true") return Json(true);
      if (text == "false") return Json(false);
      return fail(Error::invalid(std::string(name), "must be true or false"));
    case Kind::object:
    case Kind::any:
    case Kind::structure: {
      auto parsed = parse_json(text);
      if (!parsed) return fail(Error::invalid(std::string(name), "must be JSON: " + parsed.error().message));
      return std::move(*parsed);
    }
    default:
      return Json(boost::json::string(text.data(), text.size()));
  }
}

}  // namespace

std::string placeholder(const FieldInfo& field) {
  if (!field.rules.one_of.empty()) return std::string(field.rules.one_of);
  switch (field.kind) {
    case Kind::integer: {
      const bool bounded = field.rules.value_max != std::numeric_limits<std::int64_t>::max();
      return bounded ? std::to_string(field.rules.value_min) + ".." + std::to_string(field.rules.value_max)
                     : "number";
    }
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "true|false";
    case Kind::time:
      return "time";
    case Kind::id:
      return "id";
    case Kind::object:
    case Kind::any:
    case Kind::structure:
      return "json";
    case Kind::list:
      return field.item_kind == Kind::structure ? "json" : "text,...";
    case Kind::secret:
      return "secret";
    case Kind::string:
      break;
  }
  return "text";
}

Result<Json> json_from_text(const FieldInfo& field, std::string_view text) {
  if (field.kind != Kind::list) return scalar_from_text(field.kind, field.name, text);
  if (field.item_kind == Kind::structure) return scalar_from_text(Kind::any, field.name, text);
  boost::json::array list;
  while (!text.empty() || !list.empty()) {
    const auto comma = text.find(',');
    MUSTER_TRY(Json item, scalar_from_text(field.item_kind, field.name, text.substr(0, comma)));
    list.push_back(std::move(item));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return Json(std::move(list));
}

std::string text_from_json(const Json& value) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  if (const auto* list = value.if_array()) {
    std::string out;
    for (const Json& item : *list) {
      if (!out.empty()) out += ',';
      out += text_from_json(item);
    }
    return out;
  }
  return to_text(value);
}

}  // namespace muster::wire
