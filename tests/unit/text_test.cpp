#include "lib/core/text.h"

#include "tests/support/catch.h"

using namespace microstage;

namespace {

// What json_string promises, from the reader's side: Python's json.loads and surrogateescape.
std::string bytes_of_json(std::string_view json) {
  std::string bytes;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] != '\\') {
      bytes += json[i];
    } else if (json[++i] == 'u') {
      const auto code = static_cast<unsigned>(std::stoul(std::string{json.substr(i + 1, 4)}, nullptr, 16));
      bytes += static_cast<char>(code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code);
      i += 4;
    } else {
      bytes += json[i];
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("a message of several lines becomes one line") {
  CHECK(one_line("a\nb\r\n\tc") == "a b c");
  CHECK(one_line("  a  b ") == "a b");
  CHECK(one_line("").empty());
  CHECK(one_line("\n \n").empty());
  CHECK(one_line("\x1b[31mred\x7f") == "[31mred");
  CHECK(one_line("sch\xc3\xb6n \xff") == "sch\xc3\xb6n \xff");
  CHECK(one_line(std::string_view("a\0b", 3)) == "a b");
}

TEST_CASE("no byte of one_line's result is a control character, whatever goes in") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  for (const char c : one_line(all)) {
    const auto byte = static_cast<unsigned char>(c);
    CHECK((byte >= 0x20 && byte != 0x7f));
  }
}

TEST_CASE("a JSON string of every single byte and every pair of bytes can be turned back") {
  for (int first = 0; first < 256; ++first) {
    const std::string one(1, static_cast<char>(first));
    REQUIRE(bytes_of_json(json_string(one)) == one);
    for (int second = 0; second < 256; ++second) {
      const std::string two{static_cast<char>(first), static_cast<char>(second)};
      if (bytes_of_json(json_string(two)) != two) FAIL("bytes " << first << " " << second);
    }
  }
}

TEST_CASE("valid UTF-8 stays readable in JSON, and anything else is escaped byte by byte") {
  CHECK(json_string("a/b c") == R"("a/b c")");
  CHECK(json_string("\"\\") == R"("\"\\")");
  CHECK(json_string("\n\t\x01\x7f") == R"("\u000a\u0009\u0001\u007f")");
  CHECK(json_string("\xc3\xa4") == "\"\xc3\xa4\"");
  CHECK(json_string("\xf0\x9f\x94\xac") == "\"\xf0\x9f\x94\xac\"");
  CHECK(json_string("\xe4.tif") == R"("\udce4.tif")");
  CHECK(json_string("\xc3") == R"("\udcc3")");            // cut short
  CHECK(json_string("\xc0\xaf") == R"("\udcc0\udcaf")");  // overlong /
  CHECK(json_string("\xe0\x80\xaf") == R"("\udce0\udc80\udcaf")");
  CHECK(json_string("\xf0\x80\x80\xaf") == R"("\udcf0\udc80\udc80\udcaf")");
  CHECK(json_string("\xed\xa0\x80") == R"("\udced\udca0\udc80")");            // a surrogate
  CHECK(json_string("\xf4\x90\x80\x80") == R"("\udcf4\udc90\udc80\udc80")");  // beyond U+10FFFF
  CHECK(json_string("\xed\x9f\xbf") == "\"\xed\x9f\xbf\"");
  CHECK(json_string("\xee\x80\x80") == "\"\xee\x80\x80\"");
  CHECK(json_string("\xf4\x8f\xbf\xbf") == "\"\xf4\x8f\xbf\xbf\"");
}

TEST_CASE("sizes are told in decimal units") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(999) == "999 B");
  CHECK(human_size(1000) == "1.0 kB");
  CHECK(human_size(262'500) == "262.5 kB");
  CHECK(human_size(999'949) == "999.9 kB");
  CHECK(human_size(999'950) == "1.0 MB");
  CHECK(human_size(10'000'000'000) == "10.0 GB");
  CHECK(human_size(2'000'000'000'000'000) == "2.0 PB");
  CHECK(human_size(UINT64_MAX) == "18.4 EB");
}

TEST_CASE("splitting keeps empty parts") {
  using Parts = std::vector<std::string_view>;
  CHECK(split("a b", ' ') == Parts{"a", "b"});
  CHECK(split("", ' ') == Parts{""});
  CHECK(split(" a ", ' ') == Parts{"", "a", ""});
}

TEST_CASE("a prefix is consumed only when it is there") {
  std::string_view text = "ria+file:///x";
  CHECK_FALSE(consume_prefix(text, "ria+ssh://"));
  CHECK(text == "ria+file:///x");
  CHECK(consume_prefix(text, "ria+file://"));
  CHECK(text == "/x");
}

TEST_CASE("only a whole decimal number that fits is a number") {
  std::uint64_t value = 0;
  CHECK(parse_decimal("0", value));
  CHECK(value == 0);
  CHECK(parse_decimal("18446744073709551615", value));
  CHECK(value == UINT64_MAX);
  for (const char* bad : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "1x", "0x10", "1.0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_decimal(bad, value));
  }
}

TEST_CASE("sizes are read as people write them") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("1500") == 1500U);
  CHECK(parse_size("1500b") == 1500U);
  CHECK(parse_size("64KiB") == 65'536U);
  CHECK(parse_size("64k") == 64'000U);
  CHECK(parse_size("200MB") == 200'000'000U);
  CHECK(parse_size("1.5 GB") == 1'500'000'000U);
  CHECK(parse_size("2Ti") == 2'199'023'255'552U);
  for (const char* text :
       {"", " ", "-1", "MB", "1 x", "1MBs", "1i", "1e3", "nan", "inf", "0x10", "99999999EB", "1,5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}
