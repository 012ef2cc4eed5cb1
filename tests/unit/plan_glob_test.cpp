#include "daemon/core/plan/glob.h"

#include <string>

#include "tests/support/catch.h"

using microstage::core::glob_matches;
using microstage::core::has_glob;

TEST_CASE("patterns are those of shells") {
  const auto matches = [](std::string_view pattern, std::string_view text) {
    CAPTURE(pattern, text);
    return glob_matches(pattern, text);
  };
  CHECK(matches("B20_01*", "B20_0197"));
  CHECK(matches("B20_01*", "B20_01"));
  CHECK_FALSE(matches("B20_01*", "B20_0297"));
  CHECK_FALSE(matches("B20_01", "B20_0197"));
  CHECK(matches("*97", "B20_0197"));
  CHECK(matches("*", ""));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK_FALSE(matches("?", ""));
  CHECK(matches("B20_019?", "B20_0197"));
  CHECK(matches("*_0*7", "B20_0197"));
  CHECK_FALSE(matches("*_0*7", "B20_0198"));
  CHECK(matches("*ab*ab", "xabyab"));
  CHECK(matches("a**b", "ab"));
  CHECK(matches("B20_01[0-4]?", "B20_0142"));
  CHECK_FALSE(matches("B20_01[0-4]?", "B20_0152"));
  CHECK(matches("[!0-9]*", "B20"));
  CHECK_FALSE(matches("[^0-9]*", "20"));
  CHECK(matches("[]-]", "]"));
  CHECK(matches("[]-]", "-"));
  CHECK(matches("[a-]", "-"));
  CHECK(matches("[\\]x]", "]"));
  CHECK(matches("a\\*b", "a*b"));
  CHECK_FALSE(matches("a\\*b", "axb"));
  CHECK(matches("a\\", "a\\"));
}

TEST_CASE("a set that nothing closes is text") {
  CHECK(glob_matches("a[b", "a[b"));
  CHECK(glob_matches("[", "["));
  CHECK(glob_matches("[!", "[!"));
  CHECK(glob_matches("[a-", "[a-"));
  CHECK(glob_matches("[]", "[]"));
  CHECK(glob_matches("[\\", "[\\"));
  CHECK_FALSE(glob_matches("[a", "a"));
}

TEST_CASE("one character is one of UTF-8, or a byte that is none") {
  CHECK(glob_matches("?", "ä"));
  CHECK(glob_matches("?", "脳"));
  CHECK_FALSE(glob_matches("?", "äö"));
  CHECK(glob_matches("[äö]", "ö"));
  CHECK(glob_matches("[a-ü]", "ö"));
  CHECK(glob_matches("?", "\xff"));
  CHECK(glob_matches("??", "\xff\xfe"));
  CHECK(glob_matches("\xff*", "\xff\xc3"));
  CHECK_FALSE(glob_matches("?", "\xc3\xa4\xa4"));
}

TEST_CASE("no pattern takes for ever, and none reads beyond its end") {
  std::string pattern;
  for (int i = 0; i < 1000; ++i)
    pattern += "*a";
  CHECK_FALSE(glob_matches(pattern + "*b", std::string(4000, 'a')));
  const std::string hostile = "*[a-\\]*?\\[!^]-x\xc3\xff[[]]";
  for (std::size_t begin = 0; begin < hostile.size(); ++begin) {
    for (std::size_t end = begin; end <= hostile.size(); ++end) {
      const std::string part = hostile.substr(begin, end - begin);
      for (const char* text : {"", "a", "[", "]x", "\xc3", "\\[!^]", "--"})
        static_cast<void>(glob_matches(part, std::string(text)));
    }
  }
}

TEST_CASE("what is a pattern") {
  for (const char* text : {"*", "a?", "[a]", "a\\b"})
    CHECK(has_glob(text));
  for (const char* text : {"", "B20_0197", "a..b", "ä{b,c}", "]"})
    CHECK_FALSE(has_glob(text));
}
