// The format of git's configuration files, as the page git-config(1) describes it under "Syntax".

#include <algorithm>
#include <cctype>

#include "lib/annex/git_config.h"

namespace microstage::annex {

namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return result;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // One variable: its full name and value. False at the end, and where the text is wrong (see failed()).
  bool next(std::string& name, std::string& value) {
    for (;;) {
      skip_blanks_and_comments();
      if (rest_.empty()) return false;
      if (rest_.front() != '[') break;
      if (!take_section()) return give_up();
    }
    const std::string variable = take_while(is_name_character);
    if (variable.empty() || section_.empty()) return give_up();
    name = section_ + "." + lower(variable);
    skip_spaces();
    if (rest_.empty() || rest_.front() == '\n' || rest_.front() == '#' || rest_.front() == ';') {
      value = "true";
      return true;
    }
    return (take('=') && take_value(value)) || give_up();
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  bool give_up() {
    failed_ = true;
    return false;
  }

  char pop() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    pop();
    return true;
  }

  template <class Wanted>
  std::string take_while(const Wanted& wanted) {
    std::string text;
    while (!rest_.empty() && wanted(rest_.front()))
      text += pop();
    return text;
  }

  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r'))
      pop();
  }

  void skip_blanks_and_comments() {
    for (;;) {
      skip_spaces();
      if (!rest_.empty() && (rest_.front() == '#' || rest_.front() == ';'))
        take_while([](char c) { return c != '\n'; });
      if (!take('\n')) return;
    }
  }

  // [section], [section.sub] or [section "sub"]
  bool take_section() {
    pop();
    section_ = lower(take_while([](char c) { return is_name_character(c) || c == '.'; }));
    skip_spaces();
    if (take('"')) {
      section_ += '.';
      while (!rest_.empty() && rest_.front() != '"') {
        if (rest_.front() == '\\') pop();
        if (rest_.empty() || rest_.front() == '\n') return false;
        section_ += pop();
      }
      if (!take('"')) return false;
    }
    return take(']') && !section_.empty();
  }

  bool take_escape(std::string& value) {
    if (rest_.empty()) return false;
    switch (const char c = pop()) {
      case '\n':
        return true;
      case 'n':
        value += '\n';
        return true;
      case 't':
        value += '\t';
        return true;
      case 'b':
        value += '\b';
        return true;
      default:
        value += c;
        return c == '"' || c == '\\';
    }
  }

  bool take_value(std::string& value) {
    value.clear();
    skip_spaces();
    bool quoted = false;
    std::size_t kept = 0;  // blanks behind it are dropped
    while (!rest_.empty() && (quoted || (rest_.front() != '#' && rest_.front() != ';'))) {
      const char c = pop();
      if (c == '\n') {
        if (quoted) return false;
        break;
      }
      if (c == '"') {
        quoted = !quoted;
        kept = value.size();
      } else if (c == '\\') {
        if (!take_escape(value)) return false;
        kept = value.size();
      } else {
        value += c;
        if (quoted || (c != ' ' && c != '\t' && c != '\r')) kept = value.size();
      }
    }
    value.resize(kept);
    return !quoted;
  }

  std::string_view rest_;
  std::string section_;
  std::size_t line_ = 1;
  bool failed_ = false;
};

}  // namespace

Result<GitConfig> GitConfig::parse_file(std::string_view text) {
  GitConfig config;
  Parser parser(text);
  std::string name;
  std::string value;
  while (parser.next(name, value))
    config.entries_.emplace(name, value);
  if (parser.failed())
    return fail(ErrorKind::invalid, "bad configuration in line " + std::to_string(parser.line()));
  return config;
}

}  // namespace microstage::annex
