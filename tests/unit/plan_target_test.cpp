#include "daemon/core/plan/target.h"

#include "daemon/core/plan/target_list.h"
#include "tests/support/catch.h"

using namespace microstage;
using core::parse_target;
using core::parse_target_list;
using core::select_aliases;
using core::TargetKind;

namespace {

const std::vector<std::string_view> kAliases{
    "B20_0001", "B20_0002", "B20_0010", "B20_0100", "B20_0199", "B20_0200", "B20_10",    "B21_0001", "a*b",
    "a..b",     "s10",      "s10b",     "s12",      "s9",       "x[1]",     "B20_00100", "s010",     "7"};

std::vector<std::string_view> selected(std::string_view text) {
  const auto places = select_aliases(text, kAliases);
  if (!places) FAIL(places.error().message);
  std::vector<std::string_view> names;
  for (const std::size_t place : *places)
    names.push_back(kAliases.at(place));
  return names;
}

Error refused(std::string_view text) {
  const auto places = select_aliases(text, kAliases);
  REQUIRE_FALSE(places);
  CHECK(places.error().message.find('\n') == std::string::npos);
  return places.error();
}

using Names = std::vector<std::string_view>;

}  // namespace

TEST_CASE("a target is a path, an id, a name, or says which aliases") {
  const auto kind = [](std::string_view text) {
    const auto target = parse_target(text);
    REQUIRE(target);
    return target->kind;
  };
  for (const char* text : {".", "..", "./B20_0197", "brain/B20_0197", "/data/fast", "a/..b", ".hidden", "x/",
                           "a*/b", "../B20_0100..B20_0199"})
    CHECK(kind(text) == TargetKind::path);
  for (const char* text : {"B20_0197", "b24c7f1a", " ", "#1", "\xff", "a.b",
                           "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c0g", "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c011"})
    CHECK(kind(text) == TargetKind::name);
  for (const char* text : {"B20_01*", "B20_0100..B20_0199", "a..b", "[", "a\\b"})
    CHECK(kind(text) == TargetKind::aliases);
  const auto id = parse_target("B24C7F1A-90d1-4F0E-8a52-3D1F8E6B7C01");
  REQUIRE(id);
  CHECK(id->kind == TargetKind::id);
  CHECK(id->text == "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
  CHECK(parse_target("B20_0197")->text == "B20_0197");
}

TEST_CASE("what can be no target is refused in one line") {
  for (const std::string& text :
       {std::string{}, std::string("a\0b", 3), std::string(4096, 'x'), std::string("\0\n", 2)}) {
    const auto target = parse_target(text);
    REQUIRE_FALSE(target);
    CHECK(target.error().kind == ErrorKind::invalid);
    CHECK(target.error().message.find('\n') == std::string::npos);
  }
  CHECK(parse_target(std::string(4095, 'x')));
}

TEST_CASE("a pattern selects the aliases that fit, in their order") {
  CHECK(selected("B20_000*") == Names{"B20_0001", "B20_0002"});
  CHECK(selected("B2?_0001") == Names{"B20_0001", "B21_0001"});
  CHECK(selected("*").size() == kAliases.size());
  CHECK(refused("C*").kind == ErrorKind::not_found);
  CHECK(refused("B20_0003").kind == ErrorKind::not_found);
}

TEST_CASE("a range has both ends, its padding, and gaps") {
  CHECK(selected("B20_0001..B20_0100") == Names{"B20_0001", "B20_0002", "B20_0010", "B20_0100"});
  CHECK(selected("B20_0100..B20_0199") == Names{"B20_0100", "B20_0199"});
  CHECK(selected("B20_0101..B20_0199") == Names{"B20_0199"});
  CHECK(selected("B20_0001..B20_0001") == Names{"B20_0001"});
  CHECK(selected("s9..s12") == Names{"s10", "s12", "s9"});
  CHECK(selected("s10..s12") == Names{"s10", "s12"});
  CHECK(selected("5..9") == Names{"7"});
  CHECK(selected("B20_00000..B20_99999") == Names{"B20_00100"});
  CHECK(refused("B20_0003..B20_0009").kind == ErrorKind::not_found);
  CHECK(refused("C_1..C_9").kind == ErrorKind::not_found);
}

TEST_CASE("numbers of any length are numbers") {
  const std::string huge(3000, '9');
  CHECK(selected("s9..s" + huge) == Names{"s10", "s12", "s9"});
  CHECK(refused("s" + huge + "..s" + huge + "0").kind == ErrorKind::not_found);
  CHECK(refused("s" + huge + "..s1").kind == ErrorKind::invalid);
}

TEST_CASE("what looks like a range and is none says why") {
  const auto says = [](std::string_view text, std::string_view why) {
    const Error error = refused(text);
    CAPTURE(text, error.message);
    return error.kind == ErrorKind::invalid && error.message.find(why) != std::string::npos;
  };
  CHECK(says("B20_0199..B20_0100", "ends before it begins"));
  CHECK(says("s12..s9", "ends before it begins"));
  CHECK(says("B20_0100..B21_0199", "differ in what is before the number"));
  CHECK(says("B20_0100..0199", "differ in what is before the number"));
  CHECK(says("B20_0100..B20_199", "padded with zeros"));
  CHECK(says("s09..s100", "padded with zeros"));
  CHECK(says("B20_a..B20_b", "must end in a number"));
  CHECK(says("B20_0100..B20_0199x", "must end in a number"));
  CHECK(says("B20_0100..", "an end is missing"));
  CHECK(says("1..2..3", "too many dots"));
  CHECK(says("1...3", "too many dots"));
  CHECK(says("1....3", "too many dots"));
  CHECK(says("1\n..\x1b]2J", "must end in a number"));
}

TEST_CASE("an alias of just that name is meant before anything else") {
  CHECK(selected("a*b") == Names{"a*b"});
  CHECK(selected("a..b") == Names{"a..b"});
  CHECK(selected("x[1]") == Names{"x[1]"});
}

TEST_CASE("a list has a target a line, as it is") {
  const auto listed = parse_target_list("B20_0197\n\n ./a b \n#x\n\xff\"q\"\nlast", "list");
  REQUIRE(listed);
  std::vector<std::pair<std::size_t, std::string>> lines;
  for (const core::ListedTarget& one : *listed)
    lines.emplace_back(one.line, one.target.text);
  CHECK(lines == std::vector<std::pair<std::size_t, std::string>>{
                     {1, "B20_0197"}, {3, " ./a b "}, {4, "#x"}, {5, "\xff\"q\""}, {6, "last"}});
  CHECK(listed->at(1).target.kind == TargetKind::path);
  CHECK(parse_target_list("", "list")->empty());
  CHECK(parse_target_list("\n\n", "list")->empty());
}

TEST_CASE("a bad line of a list is named by its number") {
  const auto error = [](std::string_view bytes) {
    const auto listed = parse_target_list(bytes, "names\n.txt");
    REQUIRE_FALSE(listed);
    CHECK(listed.error().kind == ErrorKind::invalid);
    CHECK(listed.error().message.find('\n') == std::string::npos);
    return listed.error().message;
  };
  CHECK(error("a\r\nb\r\n").starts_with("names .txt:1: a carriage return"));
  CHECK(error("a\n\nb\r").starts_with("names .txt:3: a carriage return"));
  CHECK(error(std::string_view("a\nb\0c\n", 6)).starts_with("names .txt:2: "));
  CHECK(error("a\n" + std::string(5000, 'x')).starts_with("names .txt:2: "));
}
