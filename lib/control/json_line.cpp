#include "lib/control/json_line.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "lib/core/text.h"

namespace microstage::control {

namespace {

constexpr std::size_t kMostMembers = 64;
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

// Reads from the front of a line. What is wrong is kept until the caller asks.
class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line), rest_(line) {}

  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorKind::invalid,
                std::string{what} + " at byte " + std::to_string(line_.size() - rest_.size() + 1));
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  [[nodiscard]] bool take(std::string_view word) {
    skip_blanks();
    return consume_prefix(rest_, word);
  }
  [[nodiscard]] bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

  Result<std::string> text() {
    if (!take("\"")) return wrong("a text is missing");
    std::string bytes;
    while (!rest_.empty() && rest_.front() != '"') {
      const bool escape = rest_.front() == '\\';
      const std::size_t length = escape ? 0 : utf8_length(rest_);
      if (escape) {
        rest_.remove_prefix(1);
        if (!take_escape(bytes)) return wrong("an escape that stands for nothing");
      } else if (length == 0) {
        return wrong("bytes that are no UTF-8");
      } else if (static_cast<unsigned char>(rest_.front()) < 0x20) {
        return wrong("a control character");
      } else {
        bytes += rest_.substr(0, length);
        rest_.remove_prefix(length);
      }
    }
    if (rest_.empty()) return wrong("a text without its end");
    rest_.remove_prefix(1);
    return bytes;
  }

  Result<std::uint64_t> number() {
    skip_blanks();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto length = static_cast<std::size_t>(end - rest_.data());
    if (error != std::errc{} || value > kLargest || (rest_.front() == '0' && length > 1))
      return wrong("neither a text nor a whole number");
    rest_.remove_prefix(length);
    return value;
  }

  [[nodiscard]] bool begins_text() {
    skip_blanks();
    return rest_.starts_with('"');
  }

 private:
  // What follows a backslash.
  [[nodiscard]] bool take_escape(std::string& bytes) {
    if (rest_.empty()) return false;
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    if (letter == 'u') return take_code(bytes);
    const std::size_t index = kLetters.find(letter);
    if (index == std::string_view::npos) return false;
    bytes += kMeanings[index];
    return true;
  }

  [[nodiscard]] std::optional<std::uint32_t> take_hex() {
    if (rest_.size() < 4) return std::nullopt;
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    if (error != std::errc{} || end != rest_.data() + 4) return std::nullopt;
    rest_.remove_prefix(4);
    return code;
  }

  // The four digits after \u, and the second half of a pair.
  [[nodiscard]] bool take_code(std::string& bytes) {
    const auto code = take_hex();
    if (!code || *code == 0) return false;
    if (*code >= 0xdc80 && *code <= 0xdcff) {  // a byte that is no UTF-8
      bytes += static_cast<char>(*code - 0xdc00);
      return true;
    }
    if (*code < 0xd800 || *code > 0xdfff) {
      append_utf8(bytes, *code);
      return true;
    }
    if (*code >= 0xdc00 || !consume_prefix(rest_, "\\u")) return false;
    const auto low = take_hex();
    if (!low || *low < 0xdc00 || *low > 0xdfff) return false;
    append_utf8(bytes, 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00));
    return true;
  }

  static void append_utf8(std::string& bytes, std::uint32_t code) {
    const auto tail = [&](unsigned shift) { bytes += static_cast<char>(0x80U | ((code >> shift) & 0x3fU)); };
    if (code < 0x80) {
      bytes += static_cast<char>(code);
    } else if (code < 0x800) {
      bytes += static_cast<char>(0xc0U | (code >> 6U));
      tail(0);
    } else if (code < 0x10000) {
      bytes += static_cast<char>(0xe0U | (code >> 12U));
      tail(6);
      tail(0);
    } else {
      bytes += static_cast<char>(0xf0U | (code >> 18U));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view line_;
  std::string_view rest_;
};

Status read_member(Reader& reader, std::vector<JsonMember>& members) {
  auto name = reader.text();
  if (!name) return fail(name.error());
  const bool twice = std::any_of(members.begin(), members.end(),
                                 [&](const JsonMember& other) { return other.name == *name; });
  if (members.size() == kMostMembers) return reader.wrong("too many members");
  if (twice) return reader.wrong("a name that came before");
  if (!reader.take(":")) return reader.wrong("a colon is missing");
  JsonMember member{std::move(*name), {}};
  if (reader.begins_text()) {
    auto value = reader.text();
    if (!value) return fail(value.error());
    member.value = std::move(*value);
  } else {
    const auto value = reader.number();
    if (!value) return fail(value.error());
    member.value = *value;
  }
  members.push_back(std::move(member));
  return {};
}

}  // namespace

Result<std::vector<JsonMember>> parse_json_line(std::string_view line) {
  Reader reader(line);
  std::vector<JsonMember> members;
  if (!reader.take("{")) return reader.wrong("no JSON object");
  for (bool more = !reader.take("}"); more;) {
    if (auto read = read_member(reader, members); !read) return fail(read.error());
    more = reader.take(",");
    if (!more && !reader.take("}")) return reader.wrong("a comma or the end is missing");
  }
  if (!reader.at_end()) return reader.wrong("something after the object");
  return members;
}

}  // namespace microstage::control
