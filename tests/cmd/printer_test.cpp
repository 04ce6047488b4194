// SPDX-License-Identifier: Apache-2.0
#include "cmd/printer.hpp"

#include "cmd/rows.hpp"
#include "cmd/yaml.hpp"

#include <clocale>
#include <memory>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <yaml.h>

namespace muster::cmd {
namespace {

std::string printed(Format format, const std::string& json, const Columns& columns = {}) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = ::open_memstream(&text, &size);
  {
    Printer printer(format, stream, false);
    const auto value = wire::parse_json(json);
    REQUIRE(value);
    REQUIRE(printer.print(*value, columns));
  }
  (void)std::fclose(stream);
  std::string out(text, size);
  std::free(text);
  return out;
}

const std::string list_json = R"({"items":[{"id":"1","name":"a","tags":["x","y"],"note":null},)"
                              R"({"id":"22","name":"b, \"c\"","tags":[],"note":null}],"next_cursor":null})";

/// The scalars of a YAML text as a strict reader resolves them: plain ones with a mark.
std::vector<std::string> yaml_scalars(const std::string& text) {
  yaml_parser_t parser;
  REQUIRE(yaml_parser_initialize(&parser) == 1);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::vector<std::string> scalars;
  for (bool done = false; !done;) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser, &event) != 1) {
      yaml_parser_delete(&parser);
      FAIL("not YAML: " + text);
    }
    done = event.type == YAML_STREAM_END_EVENT;
    if (event.type == YAML_SCALAR_EVENT) {
      const std::string value(reinterpret_cast<const char*>(event.data.scalar.value),
                              event.data.scalar.length);
      scalars.push_back((event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? "plain:" : "quoted:") + value);
    }
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return scalars;
}

}  // namespace

TEST_CASE("a list in every format") {
  const Columns columns{"id", "name", "tags", "note"};
  CHECK(printed(Format::table, list_json, columns) == "ID  NAME    TAGS\n1   a       x,y\n22  b, \"c\"\n");
  CHECK(printed(Format::id, list_json, columns) == "1\n22\n");
  CHECK(printed(Format::jsonl, list_json, columns) ==
        "{\"id\":\"1\",\"name\":\"a\",\"tags\":[\"x\",\"y\"],\"note\":null}\n"
        "{\"id\":\"22\",\"name\":\"b, \\\"c\\\"\",\"tags\":[],\"note\":null}\n");
  CHECK(printed(Format::csv, list_json, columns) ==
        "id,name,tags,note\r\n1,a,\"[\"\"x\"\",\"\"y\"\"]\",\r\n22,\"b, \"\"c\"\"\",[],\r\n");
  CHECK(wire::to_text(*wire::parse_json(printed(Format::json, list_json, columns))) == list_json);
  CHECK(yaml_scalars(printed(Format::yaml, list_json, columns)).size() == 19);
}

TEST_CASE("pages that follow each other print as one list") {
  for (const Format format :
       {Format::json, Format::jsonl, Format::yaml, Format::csv, Format::id, Format::table}) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* const stream = ::open_memstream(&text, &size);
    {
      Printer printer(format, stream, false);
      const Columns columns{"id", "name", "tags", "note"};
      const auto items = wire::parse_json(list_json)->get_object().at("items").get_array();
      REQUIRE(printer.begin_list(columns));
      REQUIRE(printer.items({items[0]}));
      REQUIRE(printer.items({items[1]}));
      REQUIRE(printer.end_list({}));
    }
    (void)std::fclose(stream);
    const std::string out(text, size);
    std::free(text);
    if (format == Format::table)
      CHECK(out == "ID  NAME  TAGS\n1   a     x,y\n22  b, \"c\"\n");
    else if (format == Format::json)
      CHECK(wire::to_text(*wire::parse_json(out)) == list_json);
    else
      CHECK(out == printed(format, list_json, {"id", "name", "tags", "note"}));
  }
}

TEST_CASE("one object in every format") {
  const std::string json = R"({"id":"7","name":"a\u001b[31mb","meta":{"k":[1,2]},"none":null,"on":true})";
  CHECK(printed(Format::table, json) ==
        "ID    7\nNAME  a\\x1b[31mb\nMETA  {\"k\":[1,2]}\nNONE\nON    true\n");
  CHECK(printed(Format::id, json) == "7\n");
  CHECK(printed(Format::csv, json) ==
        "id,name,meta,none,on\r\n7,\"'\"\"a\\u001b[31mb\"\"\",\"{\"\"k\"\":[1,2]}\",,true\r\n");
  CHECK(printed(Format::jsonl, json) == json + "\n");
  CHECK(printed(Format::json, "{}") == "{}\n");
  CHECK(printed(Format::json, "null") == "null\n");
  CHECK(printed(Format::table, "null").empty());
}

TEST_CASE("an empty list is still a list") {
  const std::string empty = R"({"items":[],"next_cursor":null})";
  CHECK(printed(Format::csv, empty, {"id", "name"}) == "id,name\r\n");
  CHECK(printed(Format::table, empty, {"id", "name"}).empty());
  CHECK(printed(Format::id, empty).empty());
  CHECK(wire::to_text(*wire::parse_json(printed(Format::json, empty))) == empty);
}

TEST_CASE("YAML keeps strings strings") {
  boost::json::object object;
  const std::vector<std::string> tricky{
      "true",  "No",     "null", "~", "",      "1",    "0x1f", "1e3", "1_000", "12:30:45", "2026-01-31",
      "=",     "<<",     ".inf", "-", "- a",   "a: b", "a #b", "#a",  "'a'",   "\"a\"",    "two\nlines\n",
      " lead", "trail ", "\t",   "y", "é",     "[x]",  "{x}",  "*a",  "&a",    "!a",       "%a",
      "@a",    "`a",     "|",    ">", "a\x1b", "? a",  "NaN",  "OFF"};
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < tricky.size(); ++i) object["k" + std::to_string(i)] = tricky[i];
  const auto text = to_yaml(wire::Json(object));
  REQUIRE(text);
  const auto scalars = yaml_scalars(*text);
  REQUIRE(scalars.size() == tricky.size() * 2);
  for (std::size_t i = 0; i < tricky.size(); ++i) {
    const std::string& read = scalars[i * 2 + 1];
    INFO(tricky[i]);
    CHECK(read.substr(read.find(':') + 1) == tricky[i]);
    if (tricky[i] != "NaN" && tricky[i] != "a\x1b") CHECK(read.starts_with("quoted:"));
  }
  CHECK(*to_yaml(*wire::parse_json(R"({"a":1,"b":null,"c":true,"d":1.5,"e":"plain text"})")) ==
        "a: 1\nb: null\nc: true\nd: 1.5\ne: plain text\n");
}

TEST_CASE("what CSV writes, the row reader reads") {
  for (const std::string cell : {"plain", "a,b", "\"", "a\"b", "line\nbreak", "\r", "", " "}) {
    std::string record = csv_record({cell, "x"});
    record.resize(record.size() - 2);
    const auto cells = csv_cells(record);
    REQUIRE(cells);
    CHECK(*cells == std::vector<std::string>{cell, "x"});
  }
}

TEST_CASE("a CSV cell is no formula and no command, and comes back as it was") {
  for (const std::string text : {"plain",
                                 "=1+1",
                                 "+cmd|' /C calc'!A0",
                                 "-x",
                                 "@SUM(A1)",
                                 "\tx",
                                 "\rx",
                                 "'=x",
                                 "''",
                                 "'\"x\"",
                                 "'",
                                 "'\"",
                                 "'quoted'",
                                 "+4915112345678",
                                 "-1.5",
                                 "+",
                                 "a\x1b[31mb",
                                 "a\rb",
                                 "a\tb\nc",
                                 "\x7f",
                                 "\xc2\x9b"
                                 "31m",
                                 "\xc2\xa0\\x1b",
                                 "d\xc3\xa9j\xc3\xa0 vu",
                                 "'\xc2\x85",
                                 ""}) {
    const std::string cell = csv_cell(text);
    INFO(text << " is " << cell);
    CHECK(csv_text(cell) == text);
    CHECK(cell.find_first_of("\x1b\r\x7f") == std::string::npos);
    CHECK(cell.find("\xc2\x9b") == std::string::npos);
    CHECK((cell.empty() || std::string_view("=@\t\r").find(cell[0]) == std::string_view::npos));
  }
  CHECK(csv_cell("=1+1") == "'=1+1");
  CHECK(csv_cell("+4915112345678") == "+4915112345678");
  CHECK(csv_cell("+1-1") == "'+1-1");
  CHECK(csv_cell("a\x1b[31mb") == "'\"a\\u001b[31mb\"");
  CHECK(csv_cell("O'Brien") == "O'Brien");
  // Text that is not of our making stays what it is.
  for (const std::string cell : {"'tis", "'\"not JSON", "'\"a\" b"}) CHECK(csv_text(cell) == cell);
}

TEST_CASE("widths are those of the terminal") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("\xff") == 1);
  CHECK(printable("a\x1b]0;x\x07\n\xc2\x9b") == "a\\x1b]0;x\\x07\\n\\x9b");
  CHECK(printable("a\u202ebc\u2066d\u200e\u2014") == "a\ufffdbc\ufffdd\ufffd\u2014");
}

}  // namespace muster::cmd
