// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/mysql/database.hpp"

namespace muster::mysql::test {

MysqlOptions options_for(const std::string& dsn) {
  const auto parsed = Dsn::parse(dsn);
  INFO(dsn << (parsed ? "" : ": " + parsed.error().message));
  REQUIRE(parsed);
  MysqlOptions options;
  options.dsn = *parsed;
  return options;
}

std::unique_ptr<ports::Store> open_store(const MysqlOptions& options) {
  auto opened = open(options);
  INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
  REQUIRE(opened);
  return std::move(*opened);
}

Error open_error(const MysqlOptions& options) {
  const auto opened = open(options);
  REQUIRE_FALSE(opened);
  return opened.error();
}

Status put(ports::Store& store, const std::string& name, const std::string& value) {
  return store.write([&](ports::Unit& unit) { return unit.meta().put(name, value); });
}

std::optional<std::string> get(ports::Store& store, const std::string& name) {
  std::optional<std::string> value;
  const Status status = store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(value, unit.meta().get(name));
    return {};
  });
  INFO((status ? "" : status.error().message + " / " + status.error().detail));
  REQUIRE(status);
  return value;
}

Status try_read(ports::Store& store) {
  return store.read([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().get("any"));
    return {};
  });
}

void partition_tables(MysqlServer& server, const std::string& database) {
  std::string statements;
  for (const char* each : {"users PARTITION BY KEY (id)", "user_names PARTITION BY KEY (value)",
                           "credentials PARTITION BY KEY (user_id)", "sessions PARTITION BY KEY (user_id)",
                           "grants PARTITION BY KEY (user_id)", "name_guards PARTITION BY KEY (user_id)"})
    statements += std::string("ALTER TABLE ") + each + " PARTITIONS 16;";
  server.execute(statements, database);
}

}  // namespace muster::mysql::test
