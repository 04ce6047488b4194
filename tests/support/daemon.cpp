// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"

#include "wire/encode.hpp"

#include <csignal>
#include <regex>

#include <boost/json.hpp>

namespace muster::test {

std::string program(std::string_view name) {
  return std::string(MUSTER_BINARY_DIR) + "/bin/" + std::string(name);
}

Daemon::Daemon(std::string data_folder, DaemonOptions options)
    : folder_(std::move(data_folder)), options_(std::move(options)) {}

Process& Daemon::launch() {
  std::vector<std::string> command = options_.prefix;
  for (const std::string& each :
       {program("musterd"), std::string("--data-dir"), folder_, std::string("--listen"), options_.listen})
    command.push_back(each);
  Environment environment = {{"MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "1024"},
                             {"MUSTER_PASSWORD_ARGON2_ITERATIONS", "1"},
                             {"MUSTER_PASSWORD_ARGON2_PARALLELISM", "1"}};
  for (const auto& each : options_.environment) environment.push_back(each);
  std::filesystem::create_directories(folder_ + ".run");
  process_ = std::make_unique<Process>(command, folder_ + ".run", environment);
  return *process_;
}

bool Daemon::start() {
  launch();
  return wait_until_it_serves();
}

bool Daemon::wait_until_it_serves() {
  static const std::regex serving(R"(serves at (?:http://)?([^ ,]+:[0-9]+))");
  const bool told = eventually(
      [&] {
        const std::string text = log();
        std::smatch match;
        if (std::regex_search(text, match, serving)) {
          address_ = match[1];
          return true;
        }
        return !process_->is_running();
      },
      std::chrono::seconds(60));
  return told && process_->is_running();
}

int Daemon::stop() {
  process_->signal(SIGTERM);
  const auto status = process_->wait(std::chrono::seconds(60));
  return status.value_or(-1);
}

void Daemon::kill() {
  process_->signal(SIGKILL);
  process_->wait(std::chrono::seconds(10));
}

std::string Outcome::text(std::string_view member) const {
  const auto* object = data.if_object();
  const auto* value = object == nullptr ? nullptr : object->if_contains(member);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : wire::to_text(*value);
}

Api::Api(const std::string& server)
    : client_(std::make_unique<http::Client>(
          http::ClientOptions{server, std::chrono::milliseconds(30'000), {}})) {}
Api::~Api() = default;
Api::Api(Api&&) noexcept = default;

Outcome Api::call(http::Method method, const std::string& target, const std::string& body,
                  const std::string& token, const std::string& idempotency_key, http::Headers headers) {
  if (!body.empty()) headers.add("Content-Type", "application/json");
  if (!token.empty()) headers.add("Authorization", "Bearer " + token);
  if (!idempotency_key.empty()) headers.add("Idempotency-Key", idempotency_key);
  const auto response = client_->send(method, target, headers, body);
  Outcome outcome;
  if (!response) {
    outcome.name = "unreachable";
    outcome.message = response.error().message;
    return outcome;
  }
  outcome.status = response->status;
  outcome.headers = response->headers;
  outcome.body = response->body;
  auto json = wire::parse_json(response->body);
  if (!json || !json->is_object()) {
    outcome.name = "not_an_envelope";
    outcome.message = response->body;
    return outcome;
  }
  const auto& object = json->get_object();
  const auto* name = object.if_contains("error");
  outcome.name = name == nullptr ? "ok" : std::string(name->get_string());
  if (const auto* message = object.if_contains("message"))
    outcome.message = std::string(message->get_string());
  if (const auto* data = object.if_contains("data")) outcome.data = *data;
  return outcome;
}

}  // namespace muster::test
