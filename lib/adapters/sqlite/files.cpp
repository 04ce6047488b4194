// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/files.hpp"

#include "base/system_reason.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

namespace muster::sqlite {
namespace {

tl::unexpected<Error> failed(const std::string& path, const std::string& what) {
  return fail(ErrorCode::unavailable, path + ": cannot be " + what + ": " + system_reason());
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

Status create_private_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed(path, "made");
  ::close(descriptor);
  return {};
}

Status sync_path(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(path, "opened");
  const bool synced = ::fsync(descriptor) == 0;
  if (!synced) {
    auto error = failed(path, "written to disk");
    ::close(descriptor);
    return error;
  }
  ::close(descriptor);
  return {};
}

bool have_same_bytes(const std::string& path, const std::string& other) {
  std::error_code error;
  const auto size_bytes = std::filesystem::file_size(path, error);
  if (error || std::filesystem::file_size(other, error) != size_bytes || error) return false;
  std::ifstream one(path, std::ios::binary);
  std::ifstream two(other, std::ios::binary);
  return std::equal(std::istreambuf_iterator<char>(one), {}, std::istreambuf_iterator<char>(two), {});
}

Status replace_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed(to, "replaced");
  return sync_path(folder_of(to));
}

Status copy_file(const std::string& from, const std::string& to) {
  MUSTER_CHECK_OK(create_private_file(to));
  std::error_code error;
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorCode::unavailable, to + ": cannot be written: " + error.message());
  return sync_path(to);
}

}  // namespace muster::sqlite
