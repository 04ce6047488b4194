// SPDX-License-Identifier: Apache-2.0
#include "cmd/checkpoint.hpp"

#include "wire/codec.hpp"

#include <filesystem>
#include <functional>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace muster::cmd {

CheckpointFile::CheckpointFile(std::string work, const std::string& source) {
  identity_.work = std::move(work);
  std::error_code problem;
  identity_.file = std::filesystem::absolute(source, problem).lexically_normal().string();
  struct stat status {};
  if (source == "-" || problem || ::stat(source.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  identity_.size_bytes = status.st_size;
  identity_.modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  const auto folder = state_folder();
  if (!folder) return;
  // Only a short name for the file: what it is about stands inside.
  const std::size_t hash = std::hash<std::string>{}(identity_.work + "\n" + identity_.file);
  path_ = *folder + "/bulk-" + std::to_string(hash) + ".json";
}

Result<bool> CheckpointFile::acquire() {
  if (path_.empty()) return true;
  lock_.emplace(path_ + ".lock");
  return lock_->try_lock();
}

Result<std::optional<Checkpoint>> CheckpointFile::load() {
  if (path_.empty()) return std::optional<Checkpoint>();
  const auto text = read_file(path_, 4 << 20);
  if (!text) return std::optional<Checkpoint>();
  const auto json = wire::parse_json(*text);
  const auto kept = json ? wire::decode<Checkpoint>(*json) : Result<Checkpoint>(fail(json.error()));
  if (!kept) return fail(ErrorCode::precondition_failed, path_ + ": " + kept.error().message + "; remove it");
  const bool same = kept->work == identity_.work && kept->file == identity_.file &&
                    kept->size_bytes == identity_.size_bytes && kept->modified_ns == identity_.modified_ns;
  return same ? std::optional(*kept) : std::optional<Checkpoint>();
}

Status CheckpointFile::save(Checkpoint checkpoint) {
  if (path_.empty()) return {};
  checkpoint.work = identity_.work;
  checkpoint.file = identity_.file;
  checkpoint.size_bytes = identity_.size_bytes;
  checkpoint.modified_ns = identity_.modified_ns;
  return write_private_file(path_, wire::encode(checkpoint) + "\n");
}

void CheckpointFile::forget() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace muster::cmd
