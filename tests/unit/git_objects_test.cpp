#include "lib/repo/git_objects.h"

#include "tests/support/catch.h"
#include "tests/support/git_fixture.h"

using namespace microstage;
using repo::EntryKind;
using repo::ObjectId;
using repo::parse_tree;
using testing::tree_entry;

TEST_CASE("a tree's entries are read in their order, names as bytes") {
  const ObjectId id = *ObjectId::parse("0123456789abcdef0123456789abcdef01234567");
  CHECK(id.hex() == "0123456789abcdef0123456789abcdef01234567");
  const std::string bytes = tree_entry("100644", "a b\xff", id) + tree_entry("40000", "c", id) +
                            tree_entry("120000", "...", id) + tree_entry("160000", "sub", id) +
                            tree_entry("100664", "old", id);
  const auto entries = parse_tree(bytes);
  REQUIRE(entries);
  REQUIRE(entries->size() == 5);
  CHECK((*entries)[0].name == "a b\xff");
  CHECK((*entries)[0].id == id);
  CHECK((*entries)[1].kind == EntryKind::directory);
  CHECK((*entries)[2].kind == EntryKind::link);
  CHECK((*entries)[3].kind == EntryKind::commit);
  CHECK((*entries)[4].kind == EntryKind::file);
}

TEST_CASE("a tree that is cut off, or would lead out of itself, is damaged") {
  const ObjectId id;
  const std::string good = tree_entry("100644", "name", id);
  for (std::size_t length = 1; length < good.size(); ++length)
    CHECK_FALSE(parse_tree(std::string_view{good}.substr(0, length)));
  for (const char* name : {"", ".", "..", "a/b", "/"})
    CHECK_FALSE(parse_tree(tree_entry("100644", name, id)));
  for (const char* mode : {"", "1", "200000", "100", "1006444", "x"})
    CHECK_FALSE(parse_tree(tree_entry(mode, "name", id)));
  CHECK(parse_tree("")->empty());
}

TEST_CASE("a commit names its tree and a tag its object, or they are damaged") {
  const std::string hex(40, 'a');
  CHECK(repo::tree_of_commit("tree " + hex + "\nparent x\n")->hex() == hex);
  for (const std::string& bad : {std::string(), "tree " + hex, "tree " + hex.substr(1) + "\n",
                                 "parent " + hex + "\n", "tree " + hex + "a\n", "tree  " + hex + "\n"})
    CHECK_FALSE(repo::tree_of_commit(bad));
  const std::string tag = "object " + hex + "\ntype commit\ntag v1\n";
  CHECK(repo::target_of_tag(tag)->type == "commit");
  CHECK_FALSE(repo::target_of_tag("object " + hex + "\n"));
}

TEST_CASE("only forty hex digits name an object") {
  CHECK_FALSE(ObjectId::parse(std::string(39, 'a')));
  CHECK_FALSE(ObjectId::parse(std::string(41, 'a')));
  CHECK_FALSE(ObjectId::parse(std::string(39, 'a') + "g"));
  CHECK(ObjectId::parse(std::string(40, 'A'))->hex() == std::string(40, 'a'));
}
