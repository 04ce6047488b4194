// SPDX-License-Identifier: Apache-2.0
#include "assembly/config_text.hpp"
#include "assembly/load_config.hpp"
#include "assembly/world.hpp"
#include "lib/assembly/temporary_folder.hpp"

#include <regex>
#include <set>

#include <catch2/catch.hpp>

namespace muster::assembly {
namespace {

using testing::TemporaryFolder;

LoadedConfig must_load(const ConfigSources& sources) {
  auto loaded = load_config(sources);
  INFO((loaded ? std::string() : loaded.error().message));
  REQUIRE(loaded);
  return std::move(*loaded);
}

Error must_fail(const ConfigSources& sources) {
  const auto loaded = load_config(sources);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::invalid_argument);
  return loaded.error();
}

std::string origin_of(const LoadedConfig& loaded, std::string_view name) {
  return loaded.origins[static_cast<std::size_t>(find_config_field(name) - config_fields().data())];
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("every field's default is allowed, documented and says what is allowed") {
  std::set<std::string> environment_names;
  std::set<std::string_view> names;
  for (const ConfigField& field : config_fields()) {
    INFO(field.name);
    CHECK(names.insert(field.name).second);
    CHECK(environment_names.insert(environment_name(field)).second);
    CHECK(field.description.size() > 20);
    CHECK(field.description.back() == '.');
    CHECK_FALSE(allowed_values(field).empty());
    Config config;
    if (!field.default_text.empty()) CHECK(set_config_field(config, field, field.default_text));
    CHECK(config_field_text(config, field) == field.default_text);
  }
}

TEST_CASE("a value survives being written and read again") {
  const LoadedConfig loaded = must_load({});
  for (const ConfigField& field : config_fields()) {
    INFO(field.name);
    Config copy;
    const std::string text = config_field_text(loaded.config, field);
    if (!text.empty()) CHECK(set_config_field(copy, field, text));
    CHECK(config_field_text(copy, field) == text);
  }
  CHECK(changed_fields(loaded.config, with_reloadable(loaded.config, loaded.config)).empty());
}

TEST_CASE("numbers outside their range are refused at both ends") {
  for (const ConfigField& field : config_fields()) {
    if (field.kind != ConfigKind::integer) continue;
    INFO(field.name);
    Config config;
    CHECK(set_config_field(config, field, std::to_string(field.minimum)));
    CHECK(set_config_field(config, field, std::to_string(field.maximum)));
    CHECK_FALSE(set_config_field(config, field, std::to_string(field.minimum - 1)));
    CHECK_FALSE(set_config_field(config, field, std::to_string(field.maximum + 1)));
    CHECK_FALSE(set_config_field(config, field, "many"));
    CHECK_FALSE(set_config_field(config, field, ""));
  }
}

TEST_CASE("defaults under DATA follow data_dir") {
  const LoadedConfig loaded = must_load({.flags = {{"--data-dir", "data_dir", "/srv/muster/"}}});
  CHECK(loaded.config.data_dir == "/srv/muster");
  CHECK(loaded.config.admin_socket == "/srv/muster/musterd.sock");
  CHECK(loaded.config.master_key_file == "/srv/muster/master.key");
  CHECK(loaded.config.store_catalog == "sqlite:///srv/muster/muster.db");
  CHECK(loaded.config.store_shards == std::vector<std::string>{"sqlite:///srv/muster/muster.db"});
  CHECK(origin_of(loaded, "admin.socket") == "default");
}

TEST_CASE("a flag beats the environment, which beats the file, which beats the default") {
  const TemporaryFolder folder;
  const std::string file = folder.write("muster.conf",
                                        "data_dir = \"/srv/a\"\n"
                                        "[http]\n"
                                        "listen = \"127.0.0.1:1\"\n"
                                        "workers = 7\n"
                                        "worker_queue = 70\n");
  ConfigSources sources;
  sources.file = file;
  sources.environment = {{"MUSTER_HTTP_LISTEN", "127.0.0.1:2"}, {"MUSTER_HTTP_WORKERS", "8"}};
  sources.flags = {{"--listen", "http.listen", "127.0.0.1:3"}};
  const LoadedConfig loaded = must_load(sources);
  CHECK(loaded.config.http_listen == "127.0.0.1:3");
  CHECK(origin_of(loaded, "http.listen") == "flag --listen");
  CHECK(loaded.config.http_workers == 8);
  CHECK(origin_of(loaded, "http.workers") == "environment MUSTER_HTTP_WORKERS");
  CHECK(loaded.config.http_worker_queue == 70);
  CHECK(origin_of(loaded, "http.worker_queue") == file + ":5");
  CHECK(origin_of(loaded, "http.hashing_queue") == "default");
}

TEST_CASE("every problem is reported at once, with its line and what is allowed") {
  const TemporaryFolder folder;
  const std::string file = folder.write("muster.conf",
                                        "colour = \"blue\"\n"
                                        "[http]\n"
                                        "workers = 0\n"
                                        "listn = \"127.0.0.1:1\"\n"
                                        "gzip = \"yes\"\n"
                                        "[token]\n"
                                        "access_ttl = \"15 minutes\"\n"
                                        "algorithm = \"none\"\n"
                                        "[http.limits]\n"
                                        "body_size = \"1TiB\"\n");
  const Error error = must_fail({.file = file});
  CHECK(error.fields.size() == 7);
  const auto says = [&](const std::string& text) {
    INFO(error.message << "\n-- lacks --\n" << text);
    CHECK(contains(error.message, text));
  };
  says(file + ":1: colour: is not a field; the fields are ");
  says(file + ":3: http.workers: must be a whole number from 1 to 1024");
  says(file + ":4: http.listn: is not a field; the fields of http are ");
  says(file + ":5: http.gzip: must be true or false");
  says(file + ":7: token.access_ttl: must be a duration such as \"15m\" from 10s to 1d");
  says(file + ":8: token.algorithm: must be one of \"ES256\", \"RS256\", \"HS256\"");
  says(file + ":10: http.limits.body_size: must be a size such as \"64KiB\" from 1KiB to 256MiB");
}

TEST_CASE("what is not TOML, or not there, is named with its place") {
  const TemporaryFolder folder;
  const std::string file = folder.write("muster.conf", "data_dir = \"/srv\"\n[http\n");
  CHECK(contains(must_fail({.file = file}).message, file + ":2: is not TOML: "));
  CHECK(
      contains(must_fail({.file = folder.path("none")}).message, folder.path("none") + ": cannot be read: "));
}

TEST_CASE("the environment is checked like the file, and typing errors in it are told") {
  const Error error = must_fail({.environment = {{"MUSTER_HTTP_WORKERS", "many"}}});
  CHECK(contains(error.message, "environment MUSTER_HTTP_WORKERS: http.workers: must be a whole number"));
  const LoadedConfig loaded =
      must_load({.environment = {{"MUSTER_HTTP_LISTN", "x"}, {"MUSTER_TOKEN", "secret"}, {"HOME", "/root"}}});
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(contains(loaded.warnings.front(), "MUSTER_HTTP_LISTN"));
}

TEST_CASE("addresses must name a host and a port") {
  const ConfigField& field = *find_config_field("http.listen");
  Config config;
  for (const char* good : {"127.0.0.1:8080", "[::1]:0", "localhost:65535"})
    CHECK(set_config_field(config, field, good));
  for (const char* bad :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:65536", "::1:80", "a b:1", "http://x:1", "off"}) {
    INFO(bad);
    CHECK_FALSE(set_config_field(config, field, bad));
  }
  CHECK(set_config_field(config, *find_config_field("admin.listen"), "off"));
  CHECK(config.admin_listen.empty());
}

std::string check_error(const TemporaryFolder& folder, const std::string& text) {
  ConfigSources sources;
  sources.file = folder.write("muster.conf", "data_dir = \"" + folder.path("data") + "\"\n" + text);
  const auto status = check_config(must_load(sources));
  return status ? std::string() : status.error().message;
}

TEST_CASE("the password of the store comes from the environment and is shown nowhere") {
  const LoadedConfig loaded = must_load({.environment = {{"MUSTER_STORE_PASSWORD", "swordfish"}}});
  CHECK(loaded.config.store_password.reveal() == "swordfish");
  CHECK(loaded.warnings.empty());
  for (const ConfigField& field : config_fields())
    CHECK_FALSE(contains(config_field_text(loaded.config, field), "swordfish"));
}

TEST_CASE("fields are checked together and against the machine") {
  const TemporaryFolder folder;
  CHECK(check_error(folder, "").empty());
  const std::string pem = folder.write("a.pem", "x");
  CHECK(contains(check_error(folder, "[http.tls]\ncertificate_file = \"" + pem + "\"\n"),
                 "http.tls.certificate_file: needs http.tls.private_key_file too"));
  CHECK(contains(
      check_error(folder, "[http.tls]\ncertificate_file = \"" + pem + "\"\nprivate_key_file = \"/none\"\n"),
      "http.tls.private_key_file: cannot be read: /none"));
  CHECK(contains(check_error(folder, "[admin]\nlisten = \"127.0.0.1:0\"\n"),
                 "admin.listen: needs admin.tls.certificate_file"));
  CHECK(contains(check_error(folder, "[store]\ncatalog = \"postgres://root@localhost/x\"\n"),
                 "store.catalog: must be sqlite://"));
  CHECK(contains(check_error(folder, "[store]\ncatalog = \"mysql://root:secret@localhost/x\"\n"),
                 "store.catalog: user: a password must not stand in the address"));
  CHECK(contains(check_error(folder, "[store]\ncatalog = \"mysql://root@localhost/x?ssl=1\"\n"),
                 "store.catalog: ssl: is not a parameter"));
  CHECK(contains(check_error(folder, "[store]\nshards = [\"file:///tmp/other.db\"]\n"),
                 "store.shards: must be sqlite:// and an absolute path"));
  CHECK(contains(check_error(folder, "[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]\n"),
                 "http.trusted_proxies: proxy is no address or network"));
  CHECK(contains(check_error(folder, "[token]\naccess_ttl = \"1d\"\nrefresh_ttl = \"1h\"\n"),
                 "token.refresh_ttl: must not be shorter"));
  CHECK(contains(check_error(folder, "[admin]\nsocket = \"/" + std::string(120, 's') + "\"\n"),
                 "has 121 bytes, and a Unix socket's may have 107"));
}

TEST_CASE("the sample file holds every field, and reads as the defaults when its marks are taken away") {
  const TemporaryFolder folder;
  std::string text = std::regex_replace(sample_config(), std::regex("\n#([a-z_]+ = )"), "\n$1");
  text = std::regex_replace(text, std::regex("DATA"), "/var/lib/muster");
  const LoadedConfig from_sample = must_load({.file = folder.write("muster.conf", text)});
  const LoadedConfig defaults = must_load({});
  CHECK(changed_fields(from_sample.config, defaults.config).empty());
  for (const ConfigField& field : config_fields()) {
    INFO(field.name);
    CHECK(origin_of(from_sample, field.name) != "default");
    CHECK(contains(config_manual(),
                   "\n.B " + std::regex_replace(std::string(field.name), std::regex("-"), "\\-")));
  }
  must_load({.file = folder.write("untouched.conf", sample_config())});
}

TEST_CASE("--print-config shows each field with its origin, as TOML") {
  const TemporaryFolder folder;
  const LoadedConfig loaded = must_load({.environment = {{"MUSTER_HTTP_WORKERS", "9"}}});
  const std::string printed = print_config(loaded);
  CHECK(std::count(printed.begin(), printed.end(), '\n') ==
        static_cast<std::ptrdiff_t>(config_fields().size()));
  CHECK(std::regex_search(printed, std::regex("http\\.workers = 9 +# environment MUSTER_HTTP_WORKERS\n")));
  CHECK(std::regex_search(printed, std::regex("token\\.access_ttl = \"15m\" +# default\n")));
  const LoadedConfig again = must_load({.file = folder.write("printed.conf", printed)});
  CHECK(changed_fields(loaded.config, again.config).empty());
}

TEST_CASE("a reload takes only what may change at once") {
  const LoadedConfig before = must_load({});
  const LoadedConfig after =
      must_load({.environment = {{"MUSTER_HTTP_WORKERS", "9"}, {"MUSTER_LOG_LEVEL", "debug"}}});
  CHECK(changed_fields(before.config, after.config).size() == 2);
  const Config merged = with_reloadable(before.config, after.config);
  CHECK(merged.log_level == "debug");
  CHECK(merged.http_workers == before.config.http_workers);
}

}  // namespace
}  // namespace muster::assembly
