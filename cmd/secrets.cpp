// SPDX-License-Identifier: Apache-2.0
#include "cmd/secrets.hpp"

#include "cmd/files.hpp"
#include "cmd/terminal.hpp"

namespace muster::cmd {
namespace {

constexpr std::string_view token_field = "token";

std::string option_name(std::string_view field) {
  return field == token_field ? "file" : "password-file";
}

}  // namespace

Option secret_option(std::string_view field) {
  if (field == token_field)
    return {.name = "file",
            .placeholder = "FILE",
            .description = "Read the token from this file; standard input by default",
            .completes = Completes::file};
  return {.name = option_name(field),
          .placeholder = "FILE",
          .description =
              "Read the password from this file; - is standard input. Otherwise it comes from "
              "MUSTER_PASSWORD, or is asked for on a terminal",
          .completes = Completes::file};
}

Result<std::optional<Secret>> secret_value(Run& run, std::string_view field, bool required) {
  const bool is_token = field == token_field;
  if (const auto path = run.values.find(option_name(field))) {
    MUSTER_TRY(Secret secret, read_secret_file(*path));
    return std::optional<Secret>(std::move(secret));
  }
  if (!is_token)
    if (std::string text = environment("MUSTER_PASSWORD"); !text.empty())
      return std::optional<Secret>(Secret(std::move(text)));
  if (!required) return std::optional<Secret>();
  if (run.terminal.can_ask()) {
    MUSTER_TRY(Secret secret, run.terminal.ask_secret(is_token ? "Token: " : "Password: "));
    const bool chosen_now = !is_token && run.command.noun == "user";
    if (chosen_now) {
      MUSTER_TRY(const Secret again, run.terminal.ask_secret("The same again: "));
      if (!(again == secret))
        return fail(ErrorCode::invalid_argument, "the two passwords differ; nothing was done");
    }
    return std::optional<Secret>(std::move(secret));
  }
  if (!is_token)
    return fail(ErrorCode::invalid_argument,
                "a password is needed: --password-file FILE (- is standard input) or MUSTER_PASSWORD");
  MUSTER_TRY(Secret secret, read_secret_file("-"));
  return std::optional<Secret>(std::move(secret));
}

}  // namespace muster::cmd
