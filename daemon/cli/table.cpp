#include "daemon/cli/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lib/core/text.h"

namespace microstage::cli {

namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kMark = "…";

struct Range {
  char32_t first;
  char32_t last;
};

// Control characters, marks of direction and order, line and paragraph separators, and other invisible ones.
constexpr std::array kUnsafe{Range{0x00, 0x1f},     Range{0x7f, 0x9f},      Range{0xad, 0xad},
                             Range{0x61c, 0x61c},   Range{0x180e, 0x180e},  Range{0x200b, 0x200f},
                             Range{0x2028, 0x202e}, Range{0x2060, 0x206f},  Range{0xfeff, 0xfeff},
                             Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f}};
// Marks that stand on the character before, and characters that take two columns (the usual ranges).
constexpr std::array kNarrow{Range{0x300, 0x36f},   Range{0x483, 0x489},   Range{0x591, 0x5bd},
                             Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff}, Range{0x20d0, 0x20ff},
                             Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f}};
constexpr std::array kWide{Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},  Range{0x3041, 0xa4cf},
                           Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},  Range{0xfe30, 0xfe6f},
                           Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},  Range{0x1f300, 0x1f64f},
                           Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

template <class Ranges>
bool within(const Ranges& ranges, char32_t character) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return range.first <= character && character <= range.last; });
}

// The character of a valid sequence.
char32_t decode(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first;
  char32_t character = first & (0x7fU >> sequence.size());
  for (const char c : sequence.substr(1))
    character = character << 6U | (static_cast<unsigned char>(c) & 0x3fU);
  return character;
}

std::size_t width_of(std::string_view sequence) {
  const char32_t character = decode(sequence);
  if (within(kNarrow, character)) return 0;
  return within(kWide, character) ? 2 : 1;
}

// The next character of printable text.
std::string_view take(std::string_view& text) {
  const std::string_view sequence = text.substr(0, std::max<std::size_t>(utf8_length(text), 1));
  text.remove_prefix(sequence.size());
  return sequence;
}

// The beginning of `text` in at most `width` columns.
std::string_view beginning(std::string_view text, std::size_t width) {
  std::string_view rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    std::string_view next = rest;
    used += width_of(take(next));
    if (used > width) break;
    rest = next;
  }
  return text.substr(0, text.size() - rest.size());
}

// Its end, likewise.
std::string_view ending(std::string_view text, std::size_t width) {
  std::size_t left = display_width(text);
  while (left > width)
    left -= width_of(take(text));
  return text;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const std::string_view sequence = bytes.substr(0, std::max<std::size_t>(length, 1));
    bytes.remove_prefix(sequence.size());
    if (length != 0 && !within(kUnsafe, decode(sequence))) {
      text += sequence;
      continue;
    }
    for (const char c : sequence) {
      const auto byte = static_cast<unsigned char>(c);
      text += "\\x" + hex({&byte, 1});
    }
  }
  return text;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty())
    width += width_of(take(text));
  return width;
}

std::string shortened(std::string_view text, std::size_t width, Shorten how) {
  if (display_width(text) <= width) return std::string{text};
  if (width == 0) return {};
  const std::size_t kept = width - 1;
  const std::size_t tail = how == Shorten::middle ? kept / 2 : 0;
  return std::string{beginning(text, kept - tail)} + std::string{kMark} + std::string{ending(text, tail)};
}

std::optional<std::size_t> terminal_width() {
  std::uint64_t columns = 0;
  const char* wanted = std::getenv("COLUMNS");  // NOLINT: nobody changes the environment
  if (wanted != nullptr && parse_decimal(wanted, columns) && columns > 0 && columns < 10'000) return columns;
  struct ::winsize size {};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return std::nullopt;
  return size.ws_col;
}

void Table::add(const std::vector<std::string>& cells) {
  std::vector<std::string> row;
  for (const std::string& cell : cells)
    row.push_back(printable(cell));
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

// What the cells need, then narrower where the terminal is: always the widest that may be.
std::vector<std::size_t> Table::widths(std::optional<std::size_t> width) const {
  std::vector<std::size_t> widths(columns_.size());
  std::size_t sum = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const auto& row : rows_)
      widths[i] = std::max(widths[i], display_width(row[i]));
    if (widths[i] == 0) continue;
    widths[i] = std::max(widths[i], display_width(columns_[i].title));
    sum += widths[i] + kGap.size();
  }
  if (sum > 0) sum -= kGap.size();
  while (width && sum > *width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool may = columns_[i].least > 0 && widths[i] > columns_[i].least;
      if (may && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --sum;
  }
  return widths;
}

void Table::append_row(std::string& out, const std::vector<std::string>& cells,
                       const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::string cell = shortened(cells[i], widths[i], columns_[i].shorten);
    const std::string blanks(widths[i] - display_width(cell), ' ');
    if (!line.empty()) line += kGap;
    line += columns_[i].align == Align::left ? cell + blanks : blanks + cell;
  }
  while (line.ends_with(' '))
    line.pop_back();
  out += line + "\n";
}

std::string Table::text(std::optional<std::size_t> width) const {
  const auto widths = this->widths(width);
  std::vector<std::string> titles;
  for (const Column& column : columns_)
    titles.push_back(column.title);
  std::string out;
  append_row(out, titles, widths);
  for (const auto& row : rows_)
    append_row(out, row, widths);
  return out;
}

}  // namespace microstage::cli
