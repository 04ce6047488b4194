// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sqlite/database.hpp"

#include <filesystem>

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::sqlite::test {
namespace {

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Writes 16 KiB facts until one fails; how many were acknowledged.
std::pair<int, Error> fill(ports::Store& store, const std::string& prefix) {
  const std::string value(16 << 10, 'v');
  for (int i = 0; i < 10'000; ++i) {
    const Status status = put(store, prefix + std::to_string(i), value);
    if (!status) return {i, status.error()};
  }
  FAIL("the disk did not fill up");
  return {};
}

void check_all_there(ports::Store& store, const std::string& prefix, int count) {
  for (int i = 0; i < count; ++i) CHECK(get(store, prefix + std::to_string(i)).has_value());
}

void check_read_only(ports::Store& store, const Error& error, const std::string& reason) {
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(mentions(error.message, reason));
  CHECK_FALSE(store.health().writable);
  CHECK(mentions(store.health().reason, reason));
  // Refused at once while nothing has changed, and reads go on.
  const Status refused = put(store, "refused", std::string(64 << 10, 'r'));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().retry_after == std::chrono::seconds(1));
  CHECK_FALSE(get(store, "refused"));
}

/// A file system of a few MiB; nothing where this user may not mount.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = size_bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_ = SIG_DFL;
};

}  // namespace

TEST_CASE("a full disk makes the store read-only, loses nothing, and heals when space returns") {
  const Folder folder;
  const SmallDisk disk(folder.file("disk"));
  if (!disk.mounted()) {
    WARN("this user cannot mount a small file system; the limit on the file's size is tested instead");
    return;
  }
  SqliteOptions options;
  options.path = folder.file("disk/muster.db");
  const std::string filler = folder.file("disk/filler");
  int count = 0;
  int later = 0;
  {
    const auto store = open_store(options);
    write_file(filler, std::string(2 << 20, 'f'));
    const auto [filled, error] = fill(*store, "a");
    count = filled;
    CHECK(count > 0);
    check_read_only(*store, error, "full");
    check_all_there(*store, "a", count);
    std::filesystem::remove(filler);
    REQUIRE(eventually([&] { return store->health().writable; }));
    for (; later < 10; ++later) REQUIRE(put(*store, "b" + std::to_string(later), std::string(16 << 10, 'v')));
  }
  const auto store = open_store(options);
  check_all_there(*store, "a", count);
  check_all_there(*store, "b", later);
  CHECK_FALSE(get(*store, "a" + std::to_string(count)));
}

TEST_CASE("an input/output error makes the store read-only until it has passed") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  int count = 0;
  {
    const auto store = open_store(options);
    {
      const FileSizeLimit limit(2 << 20);
      const auto [filled, error] = fill(*store, "a");
      count = filled;
      check_read_only(*store, error, "input/output error");
      check_all_there(*store, "a", count);
    }
    REQUIRE(eventually([&] { return store->health().writable; }));
    REQUIRE(put(*store, "after", "1"));
  }
  const auto store = open_store(options);
  check_all_there(*store, "a", count);
  CHECK(get(*store, "after") == "1");
}

TEST_CASE("a limit on the database's size is kept like a full disk") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.size_max_bytes = 2 << 20;
  const auto store = open_store(options);
  const auto [count, error] = fill(*store, "a");
  CHECK(count > 20);
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(mentions(error.message, "full"));
  check_all_there(*store, "a", count);
}

TEST_CASE("a read-only database file is named when the store opens") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  REQUIRE(::chmod(options.path.c_str(), 0400) == 0);
  if (::geteuid() == 0) {
    // Permissions do not bind root, so somebody else tries.
    constexpr uid_t nobody = 65534;
    REQUIRE(::chown(folder.path().c_str(), nobody, nobody) == 0);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      REQUIRE(::chown(entry.path().c_str(), nobody, nobody) == 0);
  }
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const auto opened = open(options);
    if (opened) ::_exit(3);
    const Error& error = opened.error();
    const bool clear = error.code == ErrorCode::unavailable && mentions(error.message, options.path) &&
                       mentions(error.message, "read-only");
    ::_exit(clear ? 0 : 4);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace muster::sqlite::test
