// SPDX-License-Identifier: Apache-2.0
#include "support/mysql_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds time_max{120};

std::string mysql57_folder() {
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/root") + "/.cache/muster/mysql-5.7/server";
}

std::string program_of(ServerKind kind) {
  const std::string path = kind == ServerKind::mariadb ? "/usr/sbin/mariadbd" : mysql57_folder() + "/mysqld";
  if (access(path.c_str(), X_OK) != 0)
    throw std::runtime_error(path + " is not there: tests/run installs what the tests need");
  return path;
}

std::vector<std::string> common_options() {
  std::vector<std::string> options{"--no-defaults", "--innodb-log-file-size=8M"};
  if (geteuid() == 0) options.emplace_back("--user=root");
  return options;
}

void make_data(ServerKind kind, const std::string& folder) {
  std::vector<std::string> command;
  const auto options = common_options();
  if (kind == ServerKind::mariadb) {
    command = {"mariadb-install-db"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--auth-root-authentication-method=normal", "--skip-test-db",
                                   "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"});
  } else {
    command = {program_of(kind)};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--initialize-insecure", "--basedir=" + mysql57_folder(),
                                   "--secure-file-priv=", "--explicit-defaults-for-timestamp",
                                   "--innodb-flush-log-at-trx-commit=0"});
  }
  command.push_back("--datadir=" + folder);
  const Finished made = run(command, {}, {}, time_max);
  if (made.status != 0) throw std::runtime_error("no data folder for the server: " + made.out + made.err);
}

/// Made once for all test programs, and copied by each: making takes seconds.
std::string data_template(ServerKind kind) {
  const std::string name = kind == ServerKind::mariadb ? "mariadb" : "mysql57";
  const std::string ready = std::string(MUSTER_BINARY_DIR) + "/test-data-" + name;
  if (fs::exists(ready)) return ready;
  const TemporaryFolder folder;
  make_data(kind, folder.path() + "/data");
  // Whoever is first puts it there as a whole.
  const std::string mine = ready + "-" + std::to_string(getpid());
  fs::copy(folder.path() + "/data", mine, fs::copy_options::recursive);
  std::error_code taken;
  fs::rename(mine, ready, taken);
  if (taken) fs::remove_all(mine);
  return ready;
}

bool can_bind(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool bound = bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return bound;
}

}  // namespace

int free_port() {
  constexpr int first = 15'000;
  constexpr int last = 31'999;
  static std::mt19937 engine(std::random_device{}());
  std::uniform_int_distribution<int> any(first, last);
  for (int attempt = 0; attempt < 1000; ++attempt)
    if (const int port = any(engine); can_bind(port)) return port;
  throw std::runtime_error("no free port");
}

MysqlServer::MysqlServer(ServerKind kind, std::vector<std::string> options, Origin origin)
    : kind_(kind),
      options_(std::move(options)),
      environment_(std::move(origin.environment)),
      folder_(origin.place) {
  fs::copy(origin.data.empty() ? data_template(kind) : origin.data, folder_.path() + "/data",
           fs::copy_options::recursive);
  // Servers that replicate must not have the same identity.
  fs::remove(folder_.path() + "/data/auto.cnf");
  // Another program may take the port in between.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    if (launch()) return;
  }
  throw std::runtime_error("the server does not start: " + process_->err());
}

bool MysqlServer::launch() {
  // The user under test has no right that would lift it over limits, such as those of a read-only server.
  const std::string first_statements = folder_.path() + "/init.sql";
  write_file(first_statements, std::string("SET sql_log_bin = 0;\n") +
                                   (kind_ == ServerKind::mariadb ? "SET wsrep_on = OFF;\n" : "") +
                                   "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n"
                                   "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
                                   "CREATE USER IF NOT EXISTS 'muster'@'127.0.0.1';\n"
                                   "GRANT ALL ON `muster\\_%`.* TO 'muster'@'127.0.0.1';\n");
  std::vector<std::string> command{program_of(kind_)};
  const auto common = common_options();
  command.insert(command.end(), common.begin(), common.end());
  command.insert(command.end(), {"--datadir=" + folder_.path() + "/data", "--port=" + std::to_string(port_),
                                 "--bind-address=127.0.0.1", "--socket=" + folder_.path() + "/socket",
                                 "--pid-file=" + folder_.path() + "/pid", "--skip-name-resolve",
                                 "--innodb-buffer-pool-size=64M", "--performance-schema=OFF",
                                 "--max-connections=300", "--innodb-flush-log-at-trx-commit=2",
                                 "--skip-innodb-doublewrite", "--init-file=" + first_statements});
  if (kind_ == ServerKind::mysql57)
    command.insert(command.end(), {"--basedir=" + mysql57_folder(), "--secure-file-priv=",
                                   "--explicit-defaults-for-timestamp", "--log-syslog=0"});
  command.insert(command.end(), options_.begin(), options_.end());
  process_ = std::make_unique<Process>(command, folder_.path(), environment_);
  const bool settled = eventually(
      [&] {
        return process_->err().find("ready for connections") != std::string::npos || !process_->is_running();
      },
      time_max);
  return settled && process_->is_running();
}

void MysqlServer::kill() {
  process_->signal(SIGKILL);
  process_->wait(time_max);
}

void MysqlServer::stop() {
  process_->signal(SIGTERM);
  if (!process_->wait(time_max))
    throw std::runtime_error("the server does not shut down: " + process_->err());
}

void MysqlServer::start() {
  if (!launch()) throw std::runtime_error("the server does not start again: " + process_->err());
}

void MysqlServer::freeze() const {
  process_->signal(SIGSTOP);
  const std::string tasks = "/proc/" + std::to_string(process_->id()) + "/task";
  const auto is_stopped = [](const fs::directory_entry& task) {
    return read_file(task.path() / "stat").find(") T ") != std::string::npos;
  };
  const bool frozen = eventually(
      [&] { return std::all_of(fs::directory_iterator(tasks), fs::directory_iterator(), is_stopped); });
  if (!frozen) throw std::runtime_error("the server cannot be stopped");
}

std::string MysqlServer::create_database() {
  const std::string name = "muster_" + std::to_string(getpid()) + "_" + std::to_string(++databases_);
  execute("CREATE DATABASE " + name);
  return name;
}

std::string MysqlServer::execute(const std::string& statements, const std::string& database) const {
  std::vector<std::string> command{
      "mariadb",     "--no-defaults", "--host=127.0.0.1",    "--port=" + std::to_string(port_),
      "--user=root", "--batch",       "--skip-column-names", "--skip-ssl"};
  if (!database.empty()) command.push_back(database);
  const Finished done = run(command, {}, statements);
  if (done.status != 0) throw std::runtime_error(statements + ": " + done.err);
  return done.out;
}

std::string MysqlServer::dsn(const std::string& database, const std::string& parameters) const {
  return "mysql://muster@127.0.0.1:" + std::to_string(port_) + "/" + database +
         (parameters.empty() ? "" : "?" + parameters);
}

void MysqlServer::replicate(const MysqlServer& primary) const {
  const std::string position =
      kind_ == ServerKind::mariadb ? "MASTER_USE_GTID = slave_pos" : "MASTER_AUTO_POSITION = 1";
  execute("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = " + std::to_string(primary.port()) +
          ", MASTER_USER = 'root', MASTER_CONNECT_RETRY = 1, " + position + "; START SLAVE");
}

std::vector<std::string> replication_options(ServerKind kind, int number) {
  std::vector<std::string> options{"--log-bin=binlog", "--server-id=" + std::to_string(number),
                                   "--binlog-format=ROW", "--log-slave-updates"};
  if (kind == ServerKind::mysql57)
    options.insert(options.end(), {"--gtid-mode=ON", "--enforce-gtid-consistency=ON",
                                   "--master-info-repository=TABLE", "--relay-log-info-repository=TABLE"});
  return options;
}

MysqlServer& shared_server(ServerKind kind) {
  if (kind == ServerKind::mariadb) {
    static MysqlServer mariadb(ServerKind::mariadb);
    return mariadb;
  }
  static MysqlServer mysql57(ServerKind::mysql57);
  return mysql57;
}

}  // namespace muster::test
