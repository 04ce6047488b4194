// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/dsn.hpp"
#include "adapters/redis/url.hpp"
#include "assembly/load_config.hpp"
#include "base/networks.hpp"

#include <filesystem>
#include <set>

#include <sys/un.h>
#include <unistd.h>

namespace muster::assembly {
namespace {

namespace fs = std::filesystem;

class Checker {
 public:
  explicit Checker(const LoadedConfig& loaded) : loaded_(loaded), config_(loaded.config) {}

  Status run() {
    check_tls("http.tls", config_.http_tls_certificate_file, config_.http_tls_private_key_file);
    check_tls("admin.tls", config_.admin_tls_certificate_file, config_.admin_tls_private_key_file);
    if (!config_.admin_listen.empty() && config_.admin_tls_certificate_file.empty())
      add("admin.listen",
          "needs admin.tls.certificate_file and admin.tls.private_key_file: operators' tokens "
          "do not travel in the clear");
    check_proxies();
    check_store();
    check_redis();
    if (config_.token_refresh_ttl < config_.token_access_ttl)
      add("token.refresh_ttl", "must not be shorter than token.access_ttl");
    if (config_.feed_poll_interval * 4 > config_.revocation_max_staleness)
      add("feed.poll_interval", "must not be longer than a quarter of revocation.max_staleness");
    check_socket();
    check_data_dir();
    if (problems_.empty()) return {};
    Error error{ErrorCode::invalid_argument, {}, {}, problems_, {}};
    for (const FieldError& each : problems_)
      error.message += (error.message.empty() ? "" : "\n") + each.message;
    return fail(std::move(error));
  }

 private:
  void add(std::string_view name, const std::string& what) {
    const ConfigField* field = find_config_field(name);
    const auto index = static_cast<std::size_t>(field - config_fields().data());
    problems_.push_back({std::string(name), loaded_.origins[index] + ": " + std::string(name) + ": " + what});
  }

  void check_tls(const std::string& section, const std::string& certificate, const std::string& key) {
    const std::string certificate_name = section + ".certificate_file";
    const std::string key_name = section + ".private_key_file";
    if (certificate.empty() && key.empty()) return;
    if (certificate.empty()) return add(key_name, "needs " + certificate_name + " too");
    if (key.empty()) return add(certificate_name, "needs " + key_name + " too");
    if (access(certificate.c_str(), R_OK) != 0) add(certificate_name, "cannot be read: " + certificate);
    if (access(key.c_str(), R_OK) != 0) add(key_name, "cannot be read: " + key);
  }

  void check_proxies() {
    if (const auto networks = Networks::parse(config_.http_trusted_proxies); !networks)
      add("http.trusted_proxies", networks.error().message);
  }

  void check_store() {
    check_dsn("store.catalog", config_.store_catalog);
    std::set<std::string> seen;
    for (const std::string& each : config_.store_shards) {
      check_dsn("store.shards", each);
      if (!seen.insert(each).second) add("store.shards", each + " stands there twice");
    }
  }

  void check_dsn(const char* field, const std::string& text) {
    constexpr std::string_view scheme = "sqlite:///";
    if (mysql::Dsn::has_scheme(text)) {
      const auto dsn = mysql::Dsn::parse(text);
      if (!dsn) add(field, dsn.error().message);
    } else if (!text.starts_with(scheme) || text.size() == scheme.size()) {
      add(field,
          "must be sqlite:// and an absolute path, such as sqlite:///var/lib/muster/muster.db, or "
          "mysql://user@host:port/database");
    }
  }

  void check_redis() {
    const std::string& file = config_.redis_password_file;
    if (!file.empty() && access(file.c_str(), R_OK) != 0)
      add("redis.password_file", "cannot be read: " + file);
    if (config_.redis_url.empty()) return;
    if (const auto url = redis::Url::parse(config_.redis_url); !url) add("redis.url", url.error().message);
  }

  void check_socket() {
    constexpr std::size_t length_max = sizeof(sockaddr_un::sun_path) - 1;
    if (config_.admin_socket.size() > length_max)
      add("admin.socket", "the path " + config_.admin_socket + " has " +
                              std::to_string(config_.admin_socket.size()) +
                              " bytes, and a Unix socket's may have " + std::to_string(length_max) +
                              "; set admin.socket to a shorter one");
  }

  void check_data_dir() {
    const fs::path data_dir = config_.data_dir;
    std::error_code error;
    if (fs::exists(data_dir, error)) {
      if (!fs::is_directory(data_dir, error)) return add("data_dir", config_.data_dir + " is not a folder");
      if (access(data_dir.c_str(), R_OK | W_OK | X_OK) != 0)
        add("data_dir", config_.data_dir + " cannot be written by this user");
      return;
    }
    fs::path parent = data_dir.parent_path();
    while (!parent.empty() && parent != parent.parent_path() && !fs::exists(parent, error))
      parent = parent.parent_path();
    if (!fs::is_directory(parent, error) || access(parent.c_str(), W_OK | X_OK) != 0)
      add("data_dir", config_.data_dir + " is not there and cannot be made in " + parent.string());
  }

  const LoadedConfig& loaded_;
  const Config& config_;
  std::vector<FieldError> problems_;
};

}  // namespace

Status check_config(const LoadedConfig& loaded) {
  return Checker(loaded).run();
}

}  // namespace muster::assembly
