// SPDX-License-Identifier: Apache-2.0
#include "cmd/server.hpp"

#include "cmd/contexts.hpp"
#include "cmd/files.hpp"
#include "cmd/globals.hpp"

#include <filesystem>
#include <system_error>
#include <vector>

#include <arpa/inet.h>

namespace muster::cmd {
namespace {

/// With an absolute path, so that a login made in one folder is found from another.
Result<Server> explicit_server(std::string address, std::string certificates, std::string chosen_by) {
  if (auto status = check_address(address); !status) {
    Error error = std::move(status).error();
    error.message = chosen_by + ": " + error.message;
    return fail(std::move(error));
  }
  if (address.starts_with("unix:")) {
    std::error_code problem;
    const auto path = std::filesystem::absolute(address.substr(5), problem);
    if (!problem) address = "unix:" + path.lexically_normal().string();
  }
  while (address.ends_with('/')) address.pop_back();
  return Server{std::move(address), std::move(certificates), std::move(chosen_by)};
}

std::vector<std::string> local_sockets() {
  std::vector<std::string> paths;
  if (const std::string folder = environment("MUSTER_DATA_DIR"); !folder.empty())
    paths.push_back(folder + "/musterd.sock");
  paths.insert(paths.end(),
               {"/run/muster/musterd.sock", "/var/lib/muster/musterd.sock", "./muster-data/musterd.sock"});
  return paths;
}

}  // namespace

Status check_address(const std::string& address) {
  for (const std::string scheme : {"unix:", "https://", "http://"})
    if (address.starts_with(scheme) && address.size() > scheme.size()) return {};
  return fail(ErrorCode::invalid_argument,
              "the server must be unix:PATH, https://HOST:PORT or http://HOST:PORT, not \"" + address + "\"");
}

bool is_readable_on_the_way(const std::string& address) {
  constexpr std::string_view scheme = "http://";
  if (!address.starts_with(scheme)) return false;
  std::string_view host = std::string_view(address).substr(scheme.size());
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return !host.starts_with("[::1]");
  host = host.substr(0, host.rfind(':'));
  in_addr number{};
  constexpr unsigned char loopback = 127;
  if (inet_pton(AF_INET, std::string(host).c_str(), &number) == 1)
    return *reinterpret_cast<const unsigned char*>(&number) != loopback;
  return host != "localhost" && !host.ends_with(".localhost");
}

Result<Server> resolve_server(const Globals& globals) {
  const std::string certificates = globals.certificate_authority_file.empty()
                                       ? environment("MUSTER_CA_FILE")
                                       : globals.certificate_authority_file;
  if (globals.server) return explicit_server(*globals.server, certificates, "--server");
  const std::string from_environment = environment("MUSTER_SERVER");
  if (!globals.context && !from_environment.empty())
    return explicit_server(from_environment, certificates, "MUSTER_SERVER");
  MUSTER_TRY(const Contexts contexts, load_contexts());
  if (const auto name = globals.context ? globals.context : contexts.current) {
    const ServerContext* const context = contexts.find(*name);
    if (context == nullptr)
      return fail(
          Error::invalid("--context", "there is no context " + *name + "; see musterctl context list"));
    return explicit_server(
        context->server,
        certificates.empty() ? context->certificate_authority_file.value_or("") : certificates,
        "context " + *name);
  }
  std::string tried;
  for (const std::string& path : local_sockets()) {
    std::error_code problem;
    if (std::filesystem::is_socket(path, problem))
      return explicit_server("unix:" + path, certificates, "the local socket");
    tried += (tried.empty() ? "" : ", ") + path;
  }
  return fail(ErrorCode::unavailable, "found no musterd: no socket at " + tried +
                                          "; start it, or say --server, MUSTER_SERVER or a context");
}

}  // namespace muster::cmd
