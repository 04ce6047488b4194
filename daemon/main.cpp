// SPDX-License-Identifier: Apache-2.0
#include "assembly/config_text.hpp"
#include "daemon/lifecycle.hpp"
#include "daemon/openapi.hpp"
#include "daemon/options.hpp"

#include <exception>
#include <iostream>

namespace muster::daemon {
namespace {

int generate(const std::string& what) {
  if (what == "man5")
    std::cout << assembly::config_manual();
  else if (what == "man8")
    std::cout << daemon_manual();
  else if (what == "sample")
    std::cout << assembly::sample_config();
  else
    std::cout << openapi_document_indented();
  return 0;
}

int look_at_config(const Options& options) {
  const auto loaded = assembly::load_config(options.sources);
  if (!loaded) {
    std::cerr << loaded.error().message << "\n";
    return 1;
  }
  for (const std::string& warning : loaded->warnings) std::cerr << warning << "\n";
  if (options.task == Task::print_config) std::cout << assembly::print_config(*loaded);
  const auto status = assembly::check_config(*loaded);
  if (!status) std::cerr << status.error().message << "\n";
  return status ? 0 : 1;
}

int run(int argc, const char* const* argv) {
  const ParsedCommandLine parsed = parse_command_line(argc, argv);
  if (!parsed.options) return parsed.exit_status;
  switch (parsed.options->task) {
    case Task::generate:
      return generate(parsed.options->generate);
    case Task::check_config:
    case Task::print_config:
      return look_at_config(*parsed.options);
    case Task::serve:
      break;
  }
  return serve(parsed.options->sources);
}

}  // namespace
}  // namespace muster::daemon

int main(int argc, char** argv) {
  try {
    return muster::daemon::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "musterd: " << error.what() << "\n";
    return 1;
  }
}
