#pragma once
// Tables for people, as wide as the terminal. The one place where names from datasets and ledgers reach a
// terminal: what could move the cursor, change colours or reorder text is shown as escapes.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microstage::cli {

// Valid UTF-8 stays; bytes that are none, control characters and invisible characters that change the
// direction or order of text become \xNN of their bytes.
[[nodiscard]] std::string printable(std::string_view bytes);

// Columns that printable text takes on a terminal.
[[nodiscard]] std::size_t display_width(std::string_view text);

// The text in at most `width` columns; what is left out is marked by …, in the middle or at the end.
enum class Shorten { middle, end };
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width, Shorten how);

// The width of the terminal that standard output is, or COLUMNS where that is set; nothing for files and
// pipes.
[[nodiscard]] std::optional<std::size_t> terminal_width();

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  std::size_t least = 0;  // columns it may be narrowed to; 0: never
  Shorten shorten = Shorten::middle;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; raw text, made printable here.
  void add(const std::vector<std::string>& cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Lines with a title, columns that are empty in every row left out.
  [[nodiscard]] std::string text(std::optional<std::size_t> width) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::optional<std::size_t> width) const;
  void append_row(std::string& out, const std::vector<std::string>& cells,
                  const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace microstage::cli
