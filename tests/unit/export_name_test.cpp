// Names of exported files: what is a place below a root, what can never be one, what is one of ours.

#include "lib/store/export_name.h"

#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using store::ExportName;

TEST_CASE("any bytes make a name, as long as it is a path below the root") {
  struct Row {
    std::string text;
    std::string parent;
    std::string leaf;
  };
  const auto row = GENERATE(
      Row{"a", ".", "a"}, Row{"a/b", "a", "b"}, Row{"a/b/c d", "a/b", "c d"}, Row{" ", ".", " "},
      Row{"a / b", "a ", " b"}, Row{"...", ".", "..."}, Row{"..a/a..", "..a", "a.."}, Row{"-rf", ".", "-rf"},
      Row{"\xff\xfe/\x80", "\xff\xfe", "\x80"}, Row{"\t\r\x01*?\"'\\$(x)", ".", "\t\r\x01*?\"'\\$(x)"},
      Row{"d/.microstage", "d", ".microstage"}, Row{".microstage2", ".", ".microstage2"},
      Row{".git-annex-tmp-content-K", ".", ".git-annex-tmp-content-K"},
      Row{std::string(255, 'x'), ".", std::string(255, 'x')});
  CAPTURE(row.text);
  const auto name = ExportName::parse(row.text);
  REQUIRE(name);
  CHECK(name->path() == row.text);
  CHECK(name->parent() == row.parent);
  CHECK(name->leaf() == row.leaf);
}

TEST_CASE("what would leave the root, or is no path, is refused") {
  const std::string text = GENERATE(as<std::string>{}, "", "/", "/etc/passwd", "..", "../x", "a/..", "a/../b",
                                    "a/../../b", ".", "./a", "a/.", "a/./b", "a//b", "a/", "//",
                                    std::string("a\0b", 3), std::string("\0", 1), std::string("../x\0", 5));
  CAPTURE(text);
  const auto name = ExportName::parse(text);
  REQUIRE_FALSE(name);
  CHECK(name.error().kind == ErrorKind::invalid);
  CHECK(name.error().message.find_first_of("\n\0", 0, 2) == std::string::npos);
}

TEST_CASE("what git can have and a tree cannot is told apart: nothing was ever exported there") {
  std::string deep = "d";
  while (deep.size() <= 4095)
    deep += "/d";
  const std::string text = GENERATE_COPY(as<std::string>{}, ".microstage", ".microstage/x", ".microstage/a/b",
                                         std::string(256, 'x'), "a/" + std::string(256, 'x') + "/b", deep);
  const auto name = ExportName::parse(text);
  REQUIRE_FALSE(name);
  CHECK(name.error().kind == ErrorKind::unsupported);
}

TEST_CASE("a key's own place is a name too") {
  for (const char* text : {"SHA256-s5--x", "URL--http://x/../../y", "..--.."}) {
    const auto name = ExportName::of_object(testing::key_of(text));
    const auto parsed = ExportName::parse(name.path());
    REQUIRE(parsed);
    CHECK(*parsed == name);
    CHECK(name.path().starts_with(".git/annex/objects/"));
  }
}

TEST_CASE("the URL of a tree names a directory by an absolute path") {
  CHECK(*store::tree_path_of("file:///data/tree") == "/data/tree");
  CHECK(*store::tree_path_of("file:///data/tree//") == "/data/tree");
  CHECK(*store::tree_path_of("file://localhost/data/my tree") == "/data/my tree");
  const std::string bad =
      GENERATE(as<std::string>{}, "", "file://", "file:///", "file:////", "file://data/tree", "/data/tree",
               "ria+file:///data", "file://otherhost/data", "file://localhostile/x", "http://x/y",
               std::string("file:///a\0b", 11));
  CAPTURE(bad);
  REQUIRE_FALSE(store::tree_path_of(bad));
  CHECK(store::tree_path_of(bad).error().kind == ErrorKind::invalid);
}
