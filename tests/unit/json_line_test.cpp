// One flat JSON object on a line: what is taken, what is refused, and that nothing crashes.

#include "lib/control/json_line.h"

#include <random>

#include "lib/core/text.h"
#include "tests/support/catch.h"

using namespace microstage;
using namespace microstage::control;
using namespace std::string_literals;

namespace {

std::string text_of(std::string_view json) {
  const auto members = parse_json_line("{\"a\":" + std::string{json} + "}");
  REQUIRE(members);
  REQUIRE(members->size() == 1);
  return std::get<std::string>(members->front().value);
}

}  // namespace

TEST_CASE("texts and whole numbers come back by name") {
  const auto members = parse_json_line("{ \"a\" : \"x\",\t\"b\":0, \"\":9223372036854775807 }");
  REQUIRE(members);
  REQUIRE(members->size() == 3);
  CHECK(members->at(0).name == "a");
  CHECK(std::get<std::string>(members->at(0).value) == "x");
  CHECK(std::get<std::uint64_t>(members->at(1).value) == 0);
  CHECK(std::get<std::uint64_t>(members->at(2).value) == 9223372036854775807U);
  CHECK(parse_json_line("{}"));
}

TEST_CASE("escapes of any JSON writer are understood") {
  CHECK(text_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(text_of(R"("\u00e9\u20ac\ud83e\udde0\u0041")") == "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xa0"s + "A");
  CHECK(text_of(R"("\udcff\udc80")") == "\xff\x80");
}

TEST_CASE("any bytes survive json_string and back") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes)
      c = static_cast<char>(1 + random() % 255);
    CHECK(text_of(json_string(bytes)) == bytes);
  }
}

TEST_CASE("what is no flat object of texts and whole numbers is refused") {
  for (const char* line : {"",
                           "{",
                           "}",
                           "[]",
                           "null",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\":1 \"b\":2}",
                           "{a:1}",
                           "{\"a\":-1}",
                           "{\"a\":1.5}",
                           "{\"a\":1e3}",
                           "{\"a\":01}",
                           "{\"a\":9223372036854775808}",
                           "{\"a\":99999999999999999999999}",
                           "{\"a\":true}",
                           "{\"a\":null}",
                           "{\"a\":{}}",
                           "{\"a\":[]}",
                           "{\"a\":\"}",
                           "{\"a\":\"x\"}}",
                           "{\"a\":\"x\"} x",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\\u0000\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\ud800x\"}",
                           "{\"a\":\"\\ud800\\u0041\"}",
                           "{\"a\":\"\\udc00\"}",
                           "{\"a\":\"\\udc7f\"}",
                           "{\"a\":\"\\u+123\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc0\xaf\"}",
                           "{\"a\":\"\xed\xa0\x80\"}",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\n\"}",
                           "\xef\xbb\xbf{}"}) {
    CAPTURE(line);
    const auto members = parse_json_line(line);
    REQUIRE_FALSE(members);
    CHECK(members.error().kind == ErrorKind::invalid);
    CHECK(members.error().message.find(" at byte ") != std::string::npos);
  }
  CHECK_FALSE(parse_json_line("{\"a\":\"\0\"}"s));
  std::string many = "{\"n\":0";
  for (int i = 0; i < 100; ++i)
    many += ",\"" + std::to_string(i) + "\":0";
  CHECK_FALSE(parse_json_line(many + "}"));
}

TEST_CASE("random bytes and random JSON are taken or refused, and nothing else") {
  std::mt19937 random(11);
  const std::string letters = "{}\":,\\u0dc8f9 ab\xff\xc3\xa9[]-.";
  for (int round = 0; round < 50'000; ++round) {
    std::string line(random() % 60, '\0');
    for (char& c : line)
      c = letters[random() % letters.size()];
    const auto members = parse_json_line(line);
    CHECK((members || members.error().kind == ErrorKind::invalid));
  }
}
