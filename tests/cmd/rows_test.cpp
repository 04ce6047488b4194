// SPDX-License-Identifier: Apache-2.0
#include "cmd/rows.hpp"

#include <cstring>

#include <catch2/catch.hpp>

namespace muster::cmd {
namespace {

const ColumnKinds columns{{"username", wire::Kind::string},
                          {"email", wire::Kind::string},
                          {"attributes", wire::Kind::object},
                          {"roles", wire::Kind::list},
                          {"line", wire::Kind::integer}};

/// Hands out the text a few bytes at a time, so that every boundary is met.
ByteSource dripping(std::string text, std::size_t step) {
  return [text = std::move(text), step, at = std::size_t{0}](
             char* buffer, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({step, size, text.size() - at});
    std::memcpy(buffer, text.data() + at, count);
    at += count;
    return count;
  };
}

std::vector<Row> rows_of(const std::string& text, RowFormat format, std::size_t step = 3) {
  RowReader reader(dripping(text, step), format, columns, "user");
  std::vector<Row> rows;
  for (Row row;;) {
    const auto more = reader.next(row);
    if (!more) FAIL(more.error().message);
    if (!*more) return rows;
    rows.push_back(row);
  }
}

std::string refusal(const std::string& text, RowFormat format) {
  RowReader reader(dripping(text, 1000), format, columns, "user");
  Row row;
  for (;;) {
    const auto more = reader.next(row);
    if (!more) return more.error().message;
    REQUIRE(*more);
  }
}

}  // namespace

TEST_CASE("JSONL rows keep their bytes, lines and places") {
  const std::string text =
      "\xef\xbb\xbf{\"username\":\"a\"}\n\n  {\"username\":\"b\"} \r\n{\"username\":\"c\"}";
  for (const std::size_t step : {1, 2, 7, 1000}) {
    const auto rows = rows_of(text, RowFormat::jsonl, step);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].object == "{\"username\":\"a\"}");
    CHECK(rows[0].line == 1);
    CHECK(rows[1].object == "{\"username\":\"b\"}");
    CHECK(rows[1].raw == "  {\"username\":\"b\"} \r\n");
    CHECK(rows[1].line == 3);
    CHECK(rows[1].end_line == 4);
    CHECK(text.substr(rows[1].end_bytes) == "{\"username\":\"c\"}");
    CHECK(rows[2].end_bytes == text.size());
  }
}

TEST_CASE("a JSONL row that is no object fails alone") {
  const auto rows = rows_of("[1]\n{\"a\":1},{\"b\":2}\n{\"a\":\n\"text\"\n{\"a\":\"\xff\"}\n{\"ok\":true}\n" +
                                std::string("{\"a\":") + std::string(40, '[') + std::string(40, ']') + "}\n",
                            RowFormat::jsonl);
  REQUIRE(rows.size() == 7);
  for (const std::size_t bad : {0, 1, 2, 3, 4, 6}) {
    INFO(bad);
    CHECK(rows[bad].problem.has_value());
    CHECK(rows[bad].object.empty());
  }
  CHECK_FALSE(rows[5].problem.has_value());
}

TEST_CASE("CSV cells become JSON of their column's kind") {
  const std::string text =
      "username,email,attributes,roles\r\n"
      "alice,,\"{\"\"a\"\": 1}\",\"x;y\"\r\n"
      "\"b,\"\"q\"\"\nline\",b@example.com,,\"[\"\"z\"\"]\"\r\n"
      "carol,,,\r\n";
  for (const std::size_t step : {1, 5, 1000}) {
    const auto rows = rows_of(text, RowFormat::csv, step);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].object == R"({"username":"alice","attributes":{"a":1},"roles":["x","y"]})");
    CHECK(rows[0].line == 2);
    CHECK(rows[1].object == R"({"username":"b,\"q\"\nline","email":"b@example.com","roles":["z"]})");
    CHECK(rows[1].line == 3);
    CHECK(rows[1].end_line == 5);
    CHECK(rows[2].object == R"({"username":"carol"})");
  }
}

TEST_CASE("a CSV row that does not fit fails alone") {
  const auto rows = rows_of("username,attributes\na\nb,{}\nc,{\nd\"x,\n\"e\"f,\ng,\n", RowFormat::csv);
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].problem == "has 1 cells, but the header names 2");
  CHECK(rows[1].object == R"({"username":"b","attributes":{}})");
  CHECK(rows[2].problem.has_value());
  CHECK(rows[5].object == R"({"username":"g"})");
}

TEST_CASE("a CSV header is checked before anything is done") {
  CHECK(refusal("username,shoe_size\n", RowFormat::csv).find("\"shoe_size\"") != std::string::npos);
  CHECK(refusal("username,username\n", RowFormat::csv).find("twice") != std::string::npos);
  CHECK(refusal("\"username\n", RowFormat::csv).find("does not end") != std::string::npos);
}

TEST_CASE("rows are bounded") {
  const std::string endless(RowReader::row_max_bytes + 10, 'x');
  CHECK(refusal("{}\n" + endless, RowFormat::jsonl).find("line 2: the row is longer") == 0);
  CHECK(refusal("username\n\"" + endless, RowFormat::csv).find("may not end") != std::string::npos);
}

TEST_CASE("plain lines name users, and objects may stand among them") {
  const auto rows = rows_of("alice\n  bob \n{\"user\":\"carol\",\"reason\":\"x\"}\n", RowFormat::text);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].object == R"({"user":"alice"})");
  CHECK(rows[1].object == R"({"user":"bob"})");
  CHECK(rows[2].object == R"({"user":"carol","reason":"x"})");
}

TEST_CASE("a reader goes on where another stopped") {
  const std::string text = "username\na\n\"b\nb\"\nc\n";
  RowReader first(dripping(text, 4), RowFormat::csv, columns, "user");
  Row row;
  REQUIRE(first.next(row).value());
  REQUIRE(first.next(row).value());
  RowReader second(dripping(text.substr(row.end_bytes), 4), RowFormat::csv, columns, "user");
  REQUIRE(second.resume(row.end_bytes, row.end_line, first.header()));
  REQUIRE(second.next(row).value());
  CHECK(row.object == R"({"username":"c"})");
  CHECK(row.line == 5);
  CHECK(row.end_bytes == text.size());
  CHECK_FALSE(second.next(row).value());
}

}  // namespace muster::cmd
