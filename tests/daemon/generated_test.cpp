// SPDX-License-Identifier: Apache-2.0
// What is generated and committed is what this musterd would generate.
#include "support/daemon.hpp"

#include <catch2/catch.hpp>

namespace muster::daemon {
namespace {

void check_same(const std::string& what, const std::string& path) {
  const auto generated = test::run({test::program("musterd"), "--generate", what});
  REQUIRE(generated.status == 0);
  const std::string committed = test::read_file(std::string(MUSTER_SOURCE_DIR) + "/" + path);
  INFO("write it anew: musterd --generate " << what << " > " << path);
  CHECK((generated.out == committed));
}

TEST_CASE("the manual pages, the sample file and the API's description are up to date") {
  check_same("man5", "man/muster.conf.5");
  check_same("man8", "man/musterd.8");
  check_same("sample", "daemon/muster.conf.sample");
  check_same("openapi", "tests/golden/openapi.json");
}

TEST_CASE("man finds nothing wrong with the pages") {
  for (const char* page : {"man/muster.conf.5", "man/musterd.8"}) {
    const auto shown =
        test::run({"groff", "-man", "-Tutf8", "-ww", "-z", std::string(MUSTER_SOURCE_DIR) + "/" + page});
    INFO(page << shown.err);
    if (shown.status == 127) continue;
    CHECK(shown.status == 0);
    CHECK(shown.err.empty());
  }
}

}  // namespace
}  // namespace muster::daemon
