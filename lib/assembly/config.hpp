// SPDX-License-Identifier: Apache-2.0
/// @file The daemon's configuration as a value, and the one table that describes its fields: type, default,
/// range, meaning, and whether a reload changes it. Loading, printing and the manual are made from the table.
/// The table is constant: thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::assembly {

/// Defaults stand in the table (config_fields.cpp); a Config is made by load_config().
struct Config {
  std::string data_dir;
  std::string master_key_file;

  std::string http_listen;
  std::string http_tls_certificate_file;
  std::string http_tls_private_key_file;
  std::int64_t http_reactors = 0;
  std::int64_t http_workers = 0;
  std::int64_t http_worker_queue = 0;
  std::int64_t http_hashing_queue = 0;
  Duration http_request_time{};
  Duration http_drain_time{};
  bool http_gzip = false;
  std::int64_t http_target_size_max = 0;
  std::int64_t http_header_size_max = 0;
  std::int64_t http_header_count_max = 0;
  std::int64_t http_body_size_max = 0;
  std::int64_t http_connections_max = 0;
  std::int64_t http_connections_per_address_max = 0;
  std::vector<std::string> http_trusted_proxies;
  std::int64_t http_pipelined_max = 0;
  std::int64_t http_output_pending_max = 0;
  Duration http_header_time{};
  Duration http_body_time{};
  Duration http_write_time{};
  Duration http_idle_time{};

  std::string admin_socket;  ///< Empty: off.
  std::string admin_listen;  ///< Empty: off.
  std::string admin_tls_certificate_file;
  std::string admin_tls_private_key_file;

  std::string store_catalog;
  std::vector<std::string> store_shards;  ///< Never empty.
  Secret store_password;                  ///< Of the environment only: no field, so that nothing prints it.
  std::int64_t store_readers = 0;
  std::int64_t store_write_queue = 0;
  Duration store_slow_statement{};

  std::string token_algorithm;
  Duration token_access_ttl{};
  Duration token_refresh_ttl{};
  std::string token_issuer;
  std::string token_audience;
  Duration token_key_rotation_interval{};
  std::int64_t token_remembered_max = 0;

  std::string password_breached_file;
  std::int64_t argon2_memory_kib = 0;
  std::int64_t argon2_iterations = 0;
  std::int64_t argon2_parallelism = 0;

  std::int64_t session_per_user_max = 0;
  std::int64_t login_failures_max = 0;
  std::int64_t login_failures_in_a_row_max = 0;
  std::int64_t login_failures_per_address_max = 0;
  Duration login_failure_window{};
  bool users_self_registration = false;
  Duration revocation_max_staleness{};
  Duration feed_poll_interval{};
  std::string node_name;  ///< Empty: the host's.
  std::int64_t authorization_remembered_users_max = 0;

  std::string redis_url;  ///< Empty: off.
  std::string redis_password_file;
  Secret redis_password;  ///< Of the environment only, as store_password.
  std::int64_t cache_memory = 0;
  Duration cache_memory_ttl{};
  std::int64_t cache_filter = 0;
  Duration cache_redis_ttl{};
  Duration cache_negative_ttl{};
  Duration cache_warm_at_start{};
  std::int64_t cache_loads_max = 0;

  std::string backup_directory;
  std::string log_level;
  std::string log_format;
  std::string log_access;
};

enum class ConfigKind : std::uint8_t { boolean, integer, duration, size, text, path, address, choice, list };
enum class Reload : std::uint8_t { at_once, needs_restart };

using ConfigMember = std::variant<bool Config::*, std::int64_t Config::*, Duration Config::*,
                                  std::string Config::*, std::vector<std::string> Config::*>;

struct ConfigField {
  std::string_view name;  ///< "http.listen"
  ConfigKind kind;
  ConfigMember member;
  /// As text. `DATA` in it stands for data_dir. Empty or "off": the field is not set.
  std::string_view default_text;
  std::int64_t minimum = 0;  ///< Of an integer, a size in bytes, a duration in microseconds, a text's length.
  std::int64_t maximum = 0;
  std::string_view choices = {};  ///< With `|` between them.
  Reload reload = Reload::needs_restart;
  std::string_view description = {};
};

/// In the order in which the documentation shows them; the fields of a section stand together.
std::span<const ConfigField> config_fields();
const ConfigField* find_config_field(std::string_view name);

/// "a whole number from 1 to 1024": what may stand there.
std::string allowed_values(const ConfigField& field);
/// "integer", "duration": for the manual.
std::string_view kind_word(ConfigKind kind);
/// Error: invalid_argument, saying what is allowed.
Status set_config_field(Config& config, const ConfigField& field, std::string_view text);
std::string config_field_text(const Config& config, const ConfigField& field);
/// "MUSTER_HTTP_LISTEN"
std::string environment_name(const ConfigField& field);

}  // namespace muster::assembly
