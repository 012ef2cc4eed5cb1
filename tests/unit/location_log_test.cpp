#include "lib/annex/location_log.h"

#include "tests/support/catch.h"

using namespace microstage;

namespace {

const std::string kA = "11111111-1111-4111-8111-111111111111";
const std::string kB = "22222222-2222-4222-8222-222222222222";

std::vector<std::string> present(const std::vector<std::string>& texts) {
  annex::LocationLog log;
  for (const std::string& text : texts)
    log.merge(text);
  return log.present();
}

bool is_newer(std::string_view a, std::string_view b) {
  annex::LogTime one;
  annex::LogTime other;
  REQUIRE(one.parse(a));
  REQUIRE(other.parse(b));
  return one.is_newer_than(other);
}

}  // namespace

TEST_CASE("the newest line about a repository counts, in whatever order the lines come") {
  const std::string gone = "1700000001.5s 0 " + kA + "\n";
  const std::string there = "1700000001.25s 1 " + kA + "\n";
  CHECK(present({there}) == std::vector{kA});
  CHECK(present({there + gone}).empty());
  CHECK(present({gone + there}).empty());
  CHECK(present({gone, there}).empty());
  CHECK(present({there + "1s 1 " + kB}) == std::vector{kA, kB});
  CHECK(present({"5s X " + kA + "\n"}).empty());
}

TEST_CASE("at equal times the first line counts, as git-annex has it") {
  CHECK(present({"10s 1 " + kA + "\n10s 0 " + kA + "\n"}) == std::vector{kA});
  CHECK(present({"11s 0 " + kA + "\n11s 1 " + kA + "\n"}).empty());
  CHECK(present({"12.5s 1 " + kA + "\n12.50s 0 " + kA + "\n12.499999999999s 0 " + kA + "\n"}) ==
        std::vector{kA});
}

TEST_CASE("times are exact decimals of any length") {
  CHECK(is_newer("99999999999999999999999s", "99999999999999999999998s"));
  CHECK(is_newer("5.1234567890123456s", "5.1234567890123455s"));
  CHECK(is_newer("10", "9.999s"));
  CHECK(is_newer("1.1s", "1.09s"));
  CHECK_FALSE(is_newer("1.10s", "1.1s"));
  CHECK_FALSE(is_newer("007s", "7s"));
  CHECK_FALSE(is_newer("0s", "0.0s"));
}

TEST_CASE("what git-annex skips is skipped") {
  for (const std::string& line :
       {" 14s 1 " + kA, "14s  1 " + kA, "1e3s 1 " + kA, "5.s 1 " + kA, "5.1x 1 " + kA, "s 1 " + kA,
        ".5s 1 " + kA, "5s 2 " + kA, std::string("5s 1 "), std::string("5s 1"), std::string("5s"),
        std::string("\0\xff", 2), "-5s 1 " + kA}) {
    CAPTURE(line);
    CHECK(present({line + "\n"}).empty());
  }
  CHECK(present({"13 1 " + kA}) == std::vector{kA});
  CHECK(present({"13 1 " + kA + "\r13.1s 0 " + kA + "\n"}).empty());
  CHECK(present({"\n\r\n13s 1 " + kA + "\r\n"}) == std::vector{kA});
  CHECK(present({"6s 1 " + kA + " extra\n"}) == std::vector{kA + " extra"});
}

TEST_CASE("a log cut off anywhere has no repository that the whole one does not name") {
  const std::string text = "1700000001.5s 1 " + kA + "\n1700000002s 1 " + kB + "\n";
  for (std::size_t length = 0; length < text.size(); ++length)
    CHECK(present({text.substr(0, length)}).size() <= 2);
}

TEST_CASE("descriptions and trust have their newest values") {
  annex::RepositoryLog log;
  log.merge(kA + " old name timestamp=1s\n" + kA + " the new name timestamp=2.5s\n" + kB + " undated\n");
  log.merge(kA + " older timestamp=0.5s\n" + kB + " dated timestamp=0s\nbad timestamp=x\n timestamp=1s\n");
  CHECK(log.values() == std::map<std::string, std::string>{{kA, "the new name"}, {kB, "dated"}});
  log.merge(kA + " X timestamp=2.5s\n" + kB + "\n");
  CHECK(log.values().at(kA) == "X");
  CHECK(log.values().at(kB) == "dated");
}
