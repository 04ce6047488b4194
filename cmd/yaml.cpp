// SPDX-License-Identifier: Apache-2.0
#include "cmd/yaml.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <boost/json.hpp>
#include <yaml.h>

namespace muster::cmd {
namespace {

/// Words that some version of YAML reads as null, a boolean or a number.
bool is_reserved_word(std::string_view text) {
  constexpr std::array<std::string_view, 9> words{"y",   "n",    "yes",   "no",  "on",
                                                  "off", "true", "false", "null"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return std::find(words.begin(), words.end(), lower) != words.end();
}

/// Every number, time and special form of YAML begins with something other than a letter, so text that begins
/// with one and is no reserved word can only be text.
bool may_be_plain(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         !is_reserved_word(text);
}

}  // namespace

class YamlWriter::Impl {
 public:
  Impl() {
    good_ = yaml_emitter_initialize(&emitter_) != 0;
    yaml_emitter_set_output(&emitter_, &Impl::append, this);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, -1);
    yaml_event_t event;
    emit(yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), event);
    emit(yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1), event);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { yaml_emitter_delete(&emitter_); }

  void emit(int initialized, yaml_event_t& event) {
    good_ = good_ && initialized != 0 && yaml_emitter_emit(&emitter_, &event) != 0;
  }

  void begin_object() {
    yaml_event_t event;
    emit(yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE), event);
  }
  void end_object() {
    yaml_event_t event;
    emit(yaml_mapping_end_event_initialize(&event), event);
  }
  void begin_list() {
    yaml_event_t event;
    emit(yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE), event);
  }
  void end_list() {
    yaml_event_t event;
    emit(yaml_sequence_end_event_initialize(&event), event);
  }

  void text(std::string_view text) {
    yaml_scalar_style_t style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (may_be_plain(text) && text.find('\n') == std::string_view::npos) style = YAML_PLAIN_SCALAR_STYLE;
    scalar(text, style);
  }
  void scalar(std::string_view text, yaml_scalar_style_t style) {
    yaml_event_t event;
    const auto* bytes = reinterpret_cast<const yaml_char_t*>(text.data());
    emit(yaml_scalar_event_initialize(&event, nullptr, nullptr, bytes, static_cast<int>(text.size()), 1, 1,
                                      style),
         event);
  }

  void value(const wire::Json& json) {
    if (const auto* object = json.if_object()) {
      begin_object();
      for (const auto& member : *object) {
        text({member.key().data(), member.key().size()});
        value(member.value());
      }
      end_object();
    } else if (const auto* list = json.if_array()) {
      begin_list();
      for (const wire::Json& item : *list) value(item);
      end_list();
    } else if (const auto* string = json.if_string()) {
      text({string->data(), string->size()});
    } else {
      scalar(wire::to_text(json), YAML_PLAIN_SCALAR_STYLE);
    }
  }

  void finish() {
    yaml_event_t event;
    emit(yaml_document_end_event_initialize(&event, 1), event);
    emit(yaml_stream_end_event_initialize(&event), event);
  }

  Result<std::string> take() {
    good_ = good_ && yaml_emitter_flush(&emitter_) != 0;
    if (!good_) {
      const char* problem = emitter_.problem == nullptr ? "no memory" : emitter_.problem;
      return fail(ErrorCode::internal, std::string("cannot write YAML: ") + problem);
    }
    return std::exchange(buffer_, {});
  }

 private:
  static int append(void* self, unsigned char* bytes, std::size_t size) {
    static_cast<Impl*>(self)->buffer_.append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }

  yaml_emitter_t emitter_{};
  std::string buffer_;
  bool good_ = false;
};

YamlWriter::YamlWriter() : impl_(std::make_unique<Impl>()) {}
YamlWriter::~YamlWriter() = default;
void YamlWriter::begin_object() {
  impl_->begin_object();
}
void YamlWriter::end_object() {
  impl_->end_object();
}
void YamlWriter::begin_list() {
  impl_->begin_list();
}
void YamlWriter::end_list() {
  impl_->end_list();
}
void YamlWriter::key(std::string_view name) {
  impl_->text(name);
}
void YamlWriter::value(const wire::Json& value) {
  impl_->value(value);
}
void YamlWriter::finish() {
  impl_->finish();
}
Result<std::string> YamlWriter::take() {
  return impl_->take();
}

Result<std::string> to_yaml(const wire::Json& value) {
  YamlWriter writer;
  writer.value(value);
  writer.finish();
  return writer.take();
}

}  // namespace muster::cmd
