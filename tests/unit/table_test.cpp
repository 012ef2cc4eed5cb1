#include "daemon/cli/table.h"

#include "tests/support/catch.h"

using namespace microstage::cli;

TEST_CASE("what reaches a terminal is text and nothing else") {
  CHECK(printable("plane_07.tif") == "plane_07.tif");
  CHECK(printable("Gehirn_ä_脳.tif") == "Gehirn_ä_脳.tif");
  CHECK(printable("\x1b[31mred\n\t\x7f") == "\\x1b[31mred\\x0a\\x09\\x7f");
  CHECK(printable("bad \xff\xc3 utf") == "bad \\xff\\xc3 utf");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // CSI in C1
  CHECK(printable("gpj.\xe2\x80\xae"
                  "tif") == "gpj.\\xe2\\x80\\xaetif");  // right-to-left override
  CHECK(printable("a\xe2\x80\x8b"
                  "b") == "a\\xe2\\x80\\x8bb");  // invisible
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = printable(std::string("x") + static_cast<char>(byte) + "y");
    for (const char c : text)
      CHECK((static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f));
  }
}

TEST_CASE("widths count columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("äöü") == 3);
  CHECK(display_width("脳") == 2);
  CHECK(display_width("e\xcc\x81") == 1);
  CHECK(display_width("") == 0);
}

TEST_CASE("long text keeps its ends or its beginning, and never more columns than it may have") {
  CHECK(shortened("abcdefgh", 8, Shorten::middle) == "abcdefgh");
  CHECK(shortened("abcdefgh", 5, Shorten::middle) == "ab…gh");
  CHECK(shortened("abcdefgh", 5, Shorten::end) == "abcd…");
  CHECK(shortened("abcdefgh", 1, Shorten::end) == "…");
  CHECK(shortened("abcdefgh", 0, Shorten::end).empty());
  for (std::size_t width = 0; width < 14; ++width) {
    for (const Shorten how : {Shorten::middle, Shorten::end}) {
      const std::string text = shortened("a脳ä脳b脳e\xcc\x81脳", width, how);
      CHECK(display_width(text) <= width);
      CHECK(printable(text) == text);
    }
  }
}

TEST_CASE("a table fits the terminal by narrowing what may be narrowed") {
  Table table(
      {{"SEQ", Align::right}, {"WHAT", Align::left, 6}, {"NEVER"}, {"WHY", Align::left, 4, Shorten::end}});
  table.add({"1", "a_very_long_name.tif", "", "because"});
  table.add({"100", "short", "", ""});
  CHECK(table.text({}) ==
        "SEQ  WHAT                  WHY\n"
        "  1  a_very_long_name.tif  because\n"
        "100  short\n");
  CHECK(table.text(22) ==
        "SEQ  WHAT      WHY\n"
        "  1  a_ve…tif  because\n"
        "100  short\n");
  // Narrower than it can be: it stays readable.
  CHECK(table.text(1) ==
        "SEQ  WHAT    WHY\n"
        "  1  a_v…if  bec…\n"
        "100  short\n");
}

TEST_CASE("hostile cells stay in their line and column") {
  Table table({{"A"}, {"B"}});
  table.add({"x\ny", "\x1b[2J\r"});
  CHECK(table.text({}) == "A       B\nx\\x0ay  \\x1b[2J\\x0d\n");
}
