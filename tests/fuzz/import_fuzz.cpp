// SPDX-License-Identifier: Apache-2.0
// Rows of an import file of any content: nothing may be lost, and what is called an object must be one.
#include "cmd/rows.hpp"
#include "wire/json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

using muster::cmd::ColumnKinds;
using muster::cmd::Row;
using muster::cmd::RowFormat;
using muster::cmd::RowReader;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_rows(std::string_view text, RowFormat format, std::size_t step) {
  static const ColumnKinds columns{{"username", muster::wire::Kind::string},
                                   {"attributes", muster::wire::Kind::object},
                                   {"roles", muster::wire::Kind::list},
                                   {"line", muster::wire::Kind::integer},
                                   {"status", muster::wire::Kind::string}};
  std::size_t at = 0;
  RowReader reader(
      [&](char* buffer, std::size_t size) -> muster::Result<std::size_t> {
        const std::size_t count = std::min({size, step, text.size() - at});
        std::memcpy(buffer, text.data() + at, count);
        at += count;
        return count;
      },
      format, columns, "user");
  std::uint64_t end_bytes = 0;
  for (Row row;;) {
    const auto more = reader.next(row);
    if (!more || !*more) return;
    require(row.end_bytes <= text.size() && row.end_bytes >= end_bytes + row.raw.size());
    require(text.substr(row.end_bytes - row.raw.size(), row.raw.size()) == row.raw);
    require(row.problem.has_value() == row.object.empty());
    end_bytes = row.end_bytes;
    if (row.problem) continue;
    const auto json = muster::wire::parse_json("{\"items\":[" + row.object + "]}");
    // A member that is there twice is the one thing that only the server sees.
    require(!json || json->get_object().at("items").get_array().size() == 1);
    require(json || json.error().message.find("twice") != std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const RowFormat format : {RowFormat::jsonl, RowFormat::csv, RowFormat::text}) {
    read_rows(text, format, 1 + text.size() / 3);
    read_rows(text, format, text.size() + 1);
  }
  return 0;
}
