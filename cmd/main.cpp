// SPDX-License-Identifier: Apache-2.0
#include "cmd/program.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
  return muster::cmd::run_program(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
