#include "lib/annex/git_config.h"
#include "tests/support/catch.h"

using namespace microstage;
using annex::GitConfig;

namespace {

std::string value(std::string_view text, const std::string& name) {
  const auto config = GitConfig::parse_file(text);
  REQUIRE(config);
  return config->value(name).value_or("(nothing)");
}

}  // namespace

TEST_CASE("a configuration file gives the values that git finds in it") {
  CHECK(value("[datalad \"dataset\"]\n\tid = b24c7f1a\n", "datalad.dataset.id") == "b24c7f1a");
  CHECK(value("[A]\nB=c\n[a]b = d", "a.b") == "d");
  CHECK(value("[a \"B.c \\\"d\\\\\"]\nx=1\n", "a.B.c \"d\\.x") == "1");
  CHECK(value("[a.B]x=1", "a.b.x") == "1");
  CHECK(value("[a]\n x\n", "a.x") == "true");
  CHECK(value("[a]\n x =\n", "a.x").empty());
  CHECK(value("# no\n; no\n[a] # yes\n x = 1 ; 2 # 3\n", "a.x") == "1");
  CHECK(value("[a]\n x = \" 1 ; 2 \"3 \n", "a.x") == " 1 ; 2 3");
  CHECK(value("[a]\n x = one \\\n two\\n\\t\\\\\\\"\n", "a.x") == "one  two\n\t\\\"");
  CHECK(value("[a]\r\n x = 1 \r\n", "a.x") == "1");
  CHECK(value("", "a.x") == "(nothing)");
}

TEST_CASE("submodules come by name, with what DataLad notes of them") {
  const auto config = GitConfig::parse_file(
      "[submodule \"B20 0001\"]\n\tpath = sections/B20 0001\n\tdatalad-id = 1f\n"
      "[submodule \"x\"]\n\tpath = y\n");
  REQUIRE(config);
  CHECK(config->subsections("submodule") == std::vector<std::string>{"B20 0001", "x"});
  CHECK(config->value("submodule.B20 0001.path") == "sections/B20 0001");
}

TEST_CASE("what is no configuration is refused, with the line") {
  for (const char* text : {"x = 1\n", "[a\nx=1\n", "[]\nx=1\n", "[a]\n=1\n", "[a]\nx y\n", "[a]\nx = \"1\n",
                           "[a]\nx = \\q\n", "[a \"b\nc\"]\n", "[a \"b\\", "[a]\nx=\\", "[a]x=1\n]"}) {
    CAPTURE(text);
    const auto config = GitConfig::parse_file(text);
    REQUIRE_FALSE(config);
    CHECK(config.error().message.find("line ") != std::string::npos);
  }
}

TEST_CASE("a configuration cut off anywhere, or with any byte changed, is read or refused") {
  const std::string text = "[a \"b\\\"c\"] x = \"1\\n\" ; 2\n# c\n\ty = 3 \\\n4\n[d]z";
  for (std::size_t i = 0; i < text.size(); ++i) {
    ignore_error(GitConfig::parse_file(std::string_view{text}.substr(0, i)), "either is right");
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      ignore_error(GitConfig::parse_file(changed), "either is right");
    }
  }
}
