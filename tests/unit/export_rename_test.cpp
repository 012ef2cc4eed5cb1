// Renaming in an export tree: never another file than the one that was meant, never over another.

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/folding_file_ops.h"
#include "tests/support/tree_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;
using Tree = std::vector<std::string>;
namespace stdfs = std::filesystem;

TEST_CASE(
    "a file gets its new name for good, with the directories it needs and without those it leaves empty") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("a/b/x"));
  FaultyFileOps ops;
  REQUIRE(fixture.rename("a/b/x", "c/d/y", ops));
  CHECK(fixture.tree() == Tree{"c/", "c/d/", "c/d/y"});
  CHECK(ops.not_durable(fixture.at("c/d/y")).empty());
  REQUIRE(fixture.rename("c/d/y", "z"));
  REQUIRE(fixture.rename("z", "z"));
  CHECK(fixture.tree() == Tree{"z"});
}

TEST_CASE("what is absent cannot be renamed, unless it was done before") {
  const TreeFixture fixture;
  CHECK(fixture.rename("x", "y").error().kind == ErrorKind::not_found);
  CHECK(fixture.rename("no/such/x", "y").error().kind == ErrorKind::not_found);
  REQUIRE(fixture.store("y"));
  CHECK(fixture.rename("x", "y"));
  fixture.put("y", std::string(fixture.bytes.size(), '?'));
  CHECK(fixture.rename("x", "y").error().kind == ErrorKind::not_found);
}

TEST_CASE("a file that is not the one meant stays where it is") {
  const TreeFixture fixture;
  SECTION("another size") {
    fixture.put("x", "other");
  }
  SECTION("the same size, as when two files were to change places and one of them did") {
    fixture.put("x", std::string(fixture.bytes.size(), '?'));
  }
  SECTION("a link to the right content") {
    stdfs::create_symlink(fixture.source, fixture.at("x"));
  }
  SECTION("a directory") {
    fixture.put("x/theirs", "");
  }
  const Tree before = fixture.tree();
  CHECK_FALSE(fixture.rename("x", "y"));
  CHECK(fixture.tree() == before);
}

TEST_CASE("what nobody can tell from another is not renamed") {
  const TreeFixture fixture;
  const auto tree = *fixture.try_open();
  const annex::Key key = key_of("WORM-s" + std::to_string(fixture.bytes.size()) + "-m1--x");
  REQUIRE(tree->store(key, name_of("x"), fixture.source, {}));
  CHECK(tree->rename(key, name_of("x"), name_of("y"), {}).error().kind == ErrorKind::unsupported);
  CHECK(exists(fixture.at("x")));
  CHECK_FALSE(exists(fixture.at("y")));
}

TEST_CASE("another file is not replaced, but the same content is") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("x"));
  SECTION("another") {
    fixture.put("y", std::string(fixture.bytes.size(), '?'));
    CHECK(fixture.rename("x", "y").error().kind == ErrorKind::integrity);
    CHECK(fixture.tree() == Tree{"x", "y"});
    CHECK(read_file(fixture.at("y")) == std::string(fixture.bytes.size(), '?'));
  }
  SECTION("another, which no longer counts as present though its size is right") {
    fixture.put("y", std::string(fixture.bytes.size(), '?'));
    const auto tree = *fixture.try_open();
    CHECK_FALSE(tree->rename(fixture.key, name_of("x"), name_of("y"), {}));
    CHECK(tree->find(fixture.key, name_of("y"), {}) == Presence::wrong_size);
  }
  SECTION("the same") {
    fixture.put("y", fixture.bytes);
    REQUIRE(fixture.rename("x", "y"));
    CHECK(fixture.tree() == Tree{"y"});
  }
  SECTION("the same file by another name") {
    stdfs::create_hard_link(fixture.at("x"), fixture.at("y"));
    REQUIRE(fixture.rename("x", "y"));
    CHECK(fixture.tree() == Tree{"y"});
  }
  SECTION("an empty directory") {
    stdfs::create_directory(fixture.at("y"));
    REQUIRE(fixture.rename("x", "y"));
    CHECK(fixture.tree() == Tree{"y"});
  }
  SECTION("a directory that holds something") {
    fixture.put("y/theirs", "");
    CHECK_FALSE(fixture.rename("x", "y"));
    CHECK(fixture.tree() == Tree{"x", "y/", "y/theirs"});
  }
}

TEST_CASE("no link leads a renamed file elsewhere") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("x"));
  stdfs::create_directory(fixture.scratch / "outside");
  stdfs::create_directory_symlink(fixture.scratch / "outside", fixture.at("way"));
  CHECK_FALSE(fixture.rename("x", "way/y"));
  CHECK_FALSE(fixture.rename("way/y", "z"));
  CHECK(fixture.tree() == Tree{"way", "x"});
  CHECK(stdfs::is_empty(fixture.scratch / "outside"));
}

TEST_CASE("a pair of renames reads the file once") {
  const TreeFixture fixture(sample_bytes(3'000'000));
  REQUIRE(fixture.store("x"));
  FaultyFileOps ops;
  const auto tree = *store::ExportTree::open(ops, fixture.root);
  REQUIRE(tree->rename(fixture.key, name_of("x"), name_of(".git-annex-tmp-content-K"), {}));
  CHECK(ops.count_of(Op::read) > 0);
  ops.reset();
  REQUIRE(tree->rename(fixture.key, name_of(".git-annex-tmp-content-K"), name_of("y"), {}));
  CHECK(ops.count_of(Op::read) == 0);
  // Changed in place: read again, and found out.
  std::string changed = fixture.bytes;
  changed[1'500'000] ^= 1;
  fixture.put("y", changed);
  CHECK(tree->rename(fixture.key, name_of("y"), name_of("z"), {}).error().kind == ErrorKind::integrity);
}

TEST_CASE("a rename that is told to stop changes nothing") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("x"));
  std::stop_source stop;
  stop.request_stop();
  const auto tree = *fixture.try_open();
  CHECK(tree->rename(fixture.key, name_of("x"), name_of("y"), stop.get_token()).error().kind ==
        ErrorKind::cancelled);
  CHECK(fixture.tree() == Tree{"x"});
}

TEST_CASE("on a file system that folds case a rename may change nothing but the case") {
  const TreeFixture fixture;
  FoldingFileOps ops;
  REQUIRE(fixture.store("Planes/README", ops));
  REQUIRE(fixture.find("planes/readme", ops) == Presence::present);
  SECTION("of the name") {
    REQUIRE(fixture.rename("Planes/README", "Planes/readme", ops));
    CHECK(fixture.tree() == Tree{"Planes/", "Planes/readme"});
  }
  SECTION("of the name and of a directory, which keeps its own") {
    REQUIRE(fixture.rename("Planes/README", "planes/readme", ops));
    CHECK(fixture.tree() == Tree{"Planes/", "Planes/readme"});
  }
  SECTION("of a directory only, which keeps its own") {
    REQUIRE(fixture.rename("Planes/README", "planes/README", ops));
    CHECK(fixture.tree() == Tree{"Planes/", "Planes/README"});
  }
  SECTION("by a temporary name, as git-annex does it") {
    REQUIRE(fixture.rename("Planes/README", ".git-annex-tmp-content-K", ops));
    REQUIRE(fixture.rename(".git-annex-tmp-content-K", "planes/readme", ops));
    CHECK(fixture.tree() == Tree{"planes/", "planes/readme"});
  }
  SECTION("where there are two links to one file") {
    stdfs::create_hard_link(fixture.at("Planes/README"), fixture.at("Planes/copy"));
    REQUIRE(fixture.rename("Planes/README", "Planes/COPY", ops));
    REQUIRE(fixture.rename("Planes/COPY", "Planes/Copy", ops));
    CHECK(fixture.find("Planes/copy", ops) == Presence::present);
  }
  CHECK((read_file(fixture.at(fixture.tree().back())) == fixture.bytes));
}
