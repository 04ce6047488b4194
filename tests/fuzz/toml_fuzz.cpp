// SPDX-License-Identifier: Apache-2.0
// A configuration file of any content is loaded or refused with a place and a reason; what was loaded shows
// values that load again.
#include "assembly/config.hpp"
#include "assembly/load_config.hpp"
#include "base/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace {

/// A file that exists in memory only.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("muster.conf", MFD_CLOEXEC)) { MUSTER_CHECK(descriptor_ >= 0); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  void fill(std::string_view bytes) const {
    MUSTER_CHECK(ftruncate(descriptor_, 0) == 0);
    MUSTER_CHECK(pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::assembly;
  static const MemoryFile file;
  file.fill(std::string_view(reinterpret_cast<const char*>(data), size));
  ConfigSources sources;
  sources.file = file.path();
  const auto loaded = load_config(sources);
  if (!loaded) {
    MUSTER_CHECK(loaded.error().code == muster::ErrorCode::invalid_argument);
    MUSTER_CHECK(!loaded.error().message.empty());
    return 0;
  }
  MUSTER_CHECK(loaded->origins.size() == config_fields().size());
  muster::assembly::Config copy = loaded->config;
  for (const ConfigField& field : config_fields()) {
    const std::string text = config_field_text(loaded->config, field);
    MUSTER_CHECK(set_config_field(copy, field, text).has_value());
    MUSTER_CHECK(config_field_text(copy, field) == text);
  }
  return 0;
}
