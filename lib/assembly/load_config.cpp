// SPDX-License-Identifier: Apache-2.0
#include "assembly/load_config.hpp"

#include "base/system_reason.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <toml++/toml.h>
#include <unistd.h>

namespace muster::assembly {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view store_password_variable = "MUSTER_STORE_PASSWORD";
constexpr std::string_view redis_password_variable = "MUSTER_REDIS_PASSWORD";

class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {}

  Result<LoadedConfig> run() {
    set_defaults();
    if (sources_.file) read_file(*sources_.file);
    read_environment();
    for (const auto& flag : sources_.flags) {
      const ConfigField* field = find_config_field(flag.field);
      set(*field, flag.value, "flag " + flag.flag);
    }
    fill_in_data_dir();
    if (!problems_.empty()) return fail(problems_error());
    return std::move(loaded_);
  }

 private:
  void problem(const std::string& where, std::string_view name, const std::string& what) {
    problems_.push_back(
        {std::string(name), where + ": " + (name.empty() ? "" : std::string(name) + ": ") + what});
  }

  Error problems_error() {
    Error error{ErrorCode::invalid_argument, {}, {}, problems_, {}};
    for (const FieldError& each : problems_)
      error.message += (error.message.empty() ? "" : "\n") + each.message;
    return error;
  }

  static std::size_t index_of(const ConfigField& field) {
    return static_cast<std::size_t>(&field - config_fields().data());
  }

  void set(const ConfigField& field, std::string_view text, const std::string& where) {
    loaded_.origins[index_of(field)] = where;
    if (auto status = set_config_field(loaded_.config, field, text); !status)
      problem(where, field.name, status.error().message);
  }

  void set_defaults() {
    loaded_.origins.assign(config_fields().size(), "default");
    for (const ConfigField& field : config_fields())
      if (!field.default_text.empty()) (void)set_config_field(loaded_.config, field, field.default_text);
  }

  void read_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return problem(path, "", "cannot be read: " + system_reason());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    try {
      const toml::table table = toml::parse(std::string_view(text));
      read_table(table, "", path);
    } catch (const toml::parse_error& error) {
      problem(path + ":" + std::to_string(error.source().begin.line), "",
              "is not TOML: " + std::string(error.description()));
    }
  }

  void read_table(const toml::table& table, const std::string& prefix, const std::string& path) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      const std::string where = path + ":" + std::to_string(key.source().begin.line);
      const ConfigField* field = find_config_field(name);
      if (field != nullptr) {
        read_node(*field, node, where);
      } else if (const auto* inner = node.as_table(); inner != nullptr && is_section(name)) {
        read_table(*inner, name + ".", path);
      } else {
        problem(where, name, "is not a field; " + known_fields_of(prefix));
      }
    }
  }

  static bool is_section(const std::string& name) {
    const auto fields = config_fields();
    return std::any_of(fields.begin(), fields.end(), [&](const ConfigField& field) {
      return field.name.substr(0, name.size() + 1) == name + ".";
    });
  }

  /// What stands at this level: fields, and sections with a dot behind.
  static std::string known_fields_of(const std::string& prefix) {
    std::set<std::string> names;
    for (const ConfigField& field : config_fields()) {
      if (field.name.substr(0, prefix.size()) != prefix) continue;
      const std::string_view rest = field.name.substr(prefix.size());
      names.insert(std::string(
          rest.substr(0, rest.find('.') == std::string_view::npos ? rest.size() : rest.find('.') + 1)));
    }
    std::string out =
        prefix.empty() ? "the fields are " : "the fields of " + prefix.substr(0, prefix.size() - 1) + " are ";
    for (auto each = names.begin(); each != names.end(); ++each)
      out += (each == names.begin() ? "" : ", ") + *each;
    return out;
  }

  void read_node(const ConfigField& field, const toml::node& node, const std::string& where) {
    const auto wrong_type = [&] { problem(where, field.name, "must be " + allowed_values(field)); };
    loaded_.origins[index_of(field)] = where;
    if (field.kind == ConfigKind::list) {
      const auto* array = node.as_array();
      if (array == nullptr) return wrong_type();
      std::string joined;
      for (const toml::node& item : *array) {
        const auto text = item.value_exact<std::string>();
        if (!text || text->empty() || text->find(',') != std::string::npos) return wrong_type();
        joined += (joined.empty() ? "" : ",") + *text;
      }
      return set(field, joined, where);
    }
    if (field.kind == ConfigKind::boolean) {
      const auto value = node.value_exact<bool>();
      return value ? set(field, *value ? "true" : "false", where) : wrong_type();
    }
    if (field.kind == ConfigKind::integer || (field.kind == ConfigKind::size && node.is_integer())) {
      const auto value = node.value_exact<std::int64_t>();
      return value ? set(field, std::to_string(*value), where) : wrong_type();
    }
    const auto value = node.value_exact<std::string>();
    return value ? set(field, *value, where) : wrong_type();
  }

  void read_environment() {
    std::set<std::string> sections;
    for (const ConfigField& field : config_fields()) {
      const std::string name = environment_name(field);
      for (const auto& [variable, value] : sources_.environment)
        if (variable == name) set(field, value, "environment " + name);
      if (const auto dot = field.name.find('.'); dot != std::string_view::npos)
        sections.insert(name.substr(0, std::string_view("MUSTER_").size() + dot + 1));
    }
    for (const auto& entry : sources_.environment) {
      const std::string& variable = entry.first;
      if (variable == store_password_variable || variable == redis_password_variable) {
        auto& password = variable == store_password_variable ? loaded_.config.store_password
                                                             : loaded_.config.redis_password;
        password = Secret(entry.second);
        continue;
      }
      const bool like_a_field = std::any_of(
          sections.begin(), sections.end(),
          [&](const std::string& section) { return variable.compare(0, section.size(), section) == 0; });
      const auto fields = config_fields();
      const bool known = std::any_of(fields.begin(), fields.end(), [&](const ConfigField& field) {
        return environment_name(field) == variable;
      });
      if (like_a_field && !known)
        loaded_.warnings.push_back("the environment variable " + variable + " names no field and is ignored");
    }
  }

  /// Makes data_dir absolute and puts it where other fields say DATA.
  void fill_in_data_dir() {
    Config& config = loaded_.config;
    std::error_code ignored;
    if (const auto absolute = fs::absolute(config.data_dir, ignored); !absolute.empty())
      config.data_dir = absolute.lexically_normal().string();
    while (config.data_dir.size() > 1 && config.data_dir.back() == '/') config.data_dir.pop_back();
    for (const ConfigField& field : config_fields()) {
      const auto place = field.default_text.find("DATA");
      if (place == std::string_view::npos || loaded_.origins[index_of(field)] != "default") continue;
      std::string text(field.default_text);
      text.replace(place, 4, config.data_dir);
      if (auto status = set_config_field(config, field, text); !status)
        problem("default", field.name, status.error().message);
    }
    // Whoever moves the catalog means the one database, not two.
    const ConfigField* shards = find_config_field("store.shards");
    if (loaded_.origins[index_of(*shards)] == "default") config.store_shards = {config.store_catalog};
  }

  const ConfigSources& sources_;
  LoadedConfig loaded_;
  std::vector<FieldError> problems_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) out.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

Result<LoadedConfig> load_config(const ConfigSources& sources) {
  return Loader(sources).run();
}

std::vector<const ConfigField*> changed_fields(const Config& before, const Config& after) {
  std::vector<const ConfigField*> out;
  for (const ConfigField& field : config_fields())
    if (config_field_text(before, field) != config_field_text(after, field)) out.push_back(&field);
  return out;
}

}  // namespace muster::assembly
