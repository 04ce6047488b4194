// SPDX-License-Identifier: Apache-2.0
#include "cmd/files.hpp"

#include "base/system_reason.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::cmd {
namespace {

Result<std::string> folder(const char* variable, const char* below_home) {
  if (const std::string base = environment(variable); !base.empty() && base.front() == '/')
    return base + "/muster";
  if (const std::string home = environment("HOME"); !home.empty()) return home + below_home;
  return fail(ErrorCode::precondition_failed,
              std::string("neither ") + variable + " nor HOME says where musterctl may keep its files");
}

Status write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(ErrorCode::precondition_failed, system_reason());
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> config_folder() {
  return folder("XDG_CONFIG_HOME", "/.config/muster");
}

Result<std::string> state_folder() {
  return folder("XDG_STATE_HOME", "/.local/state/muster");
}

Status make_folder(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorCode::precondition_failed, "cannot make the folder " + part + ": " + system_reason());
    if (end == std::string::npos) return {};
  }
}

Result<std::string> read_file(const std::string& path, std::size_t size_max_bytes) {
  const bool standard_input = path == "-";
  const int file = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument;
    return fail(code, "cannot read " + path + ": " + system_reason());
  }
  std::string content;
  std::string block(64 * 1024, '\0');
  ssize_t size = 0;
  while ((size = ::read(file, block.data(), block.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 || content.size() + static_cast<std::size_t>(size) > size_max_bytes) break;
    content.append(block, 0, static_cast<std::size_t>(size));
  }
  const std::string problem = size < 0 ? system_reason() : "it is too long";
  if (!standard_input) ::close(file);
  if (size != 0) return fail(ErrorCode::invalid_argument, "cannot read " + path + ": " + problem);
  return content;
}

Status write_private_file(const std::string& path, std::string_view content) {
  const auto slash = path.rfind('/');
  if (slash != std::string::npos && slash != 0) MUSTER_CHECK_OK(make_folder(path.substr(0, slash)));
  std::string temporary = path + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);  // Mode 0600.
  if (file < 0) return fail(ErrorCode::precondition_failed, "cannot write " + path + ": " + system_reason());
  auto status = write_all(file, content);
  if (status && fsync(file) != 0) status = fail(ErrorCode::precondition_failed, system_reason());
  ::close(file);
  if (status && ::rename(temporary.c_str(), path.c_str()) != 0)
    status = fail(ErrorCode::precondition_failed, system_reason());
  if (status) return {};
  ::unlink(temporary.c_str());
  return fail(ErrorCode::precondition_failed, "cannot write " + path + ": " + status.error().message);
}

Result<Secret> read_secret_file(const std::string& path) {
  MUSTER_TRY(std::string text, read_file(path, 64 * 1024));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(ErrorCode::invalid_argument, path + " is empty");
  return Secret(std::move(text));
}

FileLock::FileLock(const std::string& path) : path_(path) {}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

Status FileLock::open() {
  const auto slash = path_.rfind('/');
  if (slash != std::string::npos && slash != 0) MUSTER_CHECK_OK(make_folder(path_.substr(0, slash)));
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return fail(ErrorCode::precondition_failed, "cannot lock " + path_ + ": " + system_reason());
  return {};
}

Status FileLock::lock() {
  MUSTER_CHECK_OK(open());
  while (flock(file_, LOCK_EX) != 0)
    if (errno != EINTR)
      return fail(ErrorCode::precondition_failed, "cannot lock " + path_ + ": " + system_reason());
  return {};
}

Result<bool> FileLock::try_lock() {
  MUSTER_CHECK_OK(open());
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return fail(ErrorCode::precondition_failed, "cannot lock " + path_ + ": " + system_reason());
}

}  // namespace muster::cmd
