// SPDX-License-Identifier: Apache-2.0
#include "base/system_reason.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>
#include <unistd.h>

namespace muster::cmd {
namespace {

/// A file that is there whole or not at all: written beside its place, then renamed.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (stream_ != nullptr) (void)std::fclose(stream_);
    if (!kept_ && opened_) ::unlink(temporary_.c_str());
  }

  Result<std::FILE*> open() {
    const int file = mkostemp(temporary_.data(), 0);  // Mode 0600: it may hold password hashes.
    opened_ = file >= 0;
    stream_ = opened_ ? ::fdopen(file, "w") : nullptr;
    if (stream_ == nullptr)
      return fail(ErrorCode::invalid_argument, "cannot write " + path_ + ": " + system_reason());
    return stream_;
  }
  Status keep() {
    const bool written = std::fflush(stream_) == 0 && ::fsync(::fileno(stream_)) == 0;
    if (!written || ::rename(temporary_.c_str(), path_.c_str()) != 0)
      return fail(ErrorCode::precondition_failed, "cannot write " + path_ + ": " + system_reason());
    kept_ = true;
    return {};
  }

 private:
  std::string path_;
  std::string temporary_;
  std::FILE* stream_ = nullptr;
  bool opened_ = false;
  bool kept_ = false;
};

Result<wire::Exit> run_export(Run& run) {
  const auto& operation = operation_of("user export");
  MUSTER_TRY(const Prepared prepared, prepare(run, operation));
  run.printer.prefer(Format::jsonl, run.globals.format_given);
  Format format = run.printer.format();
  if (const std::string given = run.values.get("format"); !given.empty())
    format = given == "csv" ? Format::csv : Format::jsonl;
  Columns columns = columns_of(operation);
  if (!run.values.has("include-hashes")) std::erase(columns, "password_hash");
  // Of no use on the way back in.
  std::erase_if(columns, [](const std::string& name) { return name == "line" || name == "password"; });
  const auto path = run.values.find("to");
  if (!path) {
    Printer printer(format, stdout, false);
    Run out{run.command, run.values, run.globals, run.terminal, printer, run.connection, run.nouns};
    return print_all_pages(out, prepared.path, prepared.query, columns);
  }
  NewFile file(*path);
  MUSTER_TRY(std::FILE* const stream, file.open());
  Printer printer(format, stream, false);
  Run out{run.command, run.values, run.globals, run.terminal, printer, run.connection, run.nouns};
  MUSTER_TRY(const wire::Exit exit, print_all_pages(out, prepared.path, prepared.query, columns));
  MUSTER_CHECK_OK(file.keep());
  return exit;
}

}  // namespace

Command export_users() {
  Command command = generic("user export");
  std::erase_if(command.options,
                [](const Option& option) { return option.name == "all" || option.name == "cursor"; });
  command.help +=
      " One JSON object a line, or CSV: what import reads. In CSV a cell that a spreadsheet would take for a "
      "formula, or that has control characters, begins with '; import takes that off again.";
  command.options.push_back({.name = "format",
                             .placeholder = "jsonl|csv",
                             .description = "How the users are written; jsonl by default",
                             .words = {"jsonl", "csv"}});
  command.options.push_back({.name = "to",
                             .placeholder = "FILE",
                             .description = "Write to this file, which appears when it is complete",
                             .completes = Completes::file});
  command.examples = {
      {"Everything, to be imported elsewhere", "musterctl user export --include-hashes --to users.jsonl"}};
  command.run = run_export;
  return command;
}

}  // namespace muster::cmd
