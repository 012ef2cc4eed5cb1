// An export tree: files come, go and change their names; nothing else is touched, and nothing outside is
// reached.

#include <sys/stat.h>

#include <cerrno>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/tree_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;
using Tree = std::vector<std::string>;
namespace stdfs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct ::stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

}  // namespace

TEST_CASE("an exported file is whole, proven, durable and alone") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 5'000'000);
  const std::string name = GENERATE("a", "d/e/f", " \xff\x01/ b ");
  const TreeFixture fixture(sample_bytes(size));
  FaultyFileOps ops;
  const auto report = fixture.store(name, ops);
  REQUIRE(report);
  CHECK(report->hashed);
  CHECK(report->bytes == size);
  CHECK((read_file(fixture.at(name)) == fixture.bytes));
  CHECK(ops.not_durable(fixture.at(name)).empty());
  CHECK(fixture.find(name) == Presence::present);
  CHECK_FALSE(exists(fixture.at(".microstage")));
}

TEST_CASE("files get the modes that the umask gives, and a root that a group may write stays so below") {
  const TreeFixture fixture;
  const Umask umask(027);
  REQUIRE(fixture.store("d/f"));
  CHECK(mode_of(fixture.at("d/f")) == 0640);
  CHECK(mode_of(fixture.at("d")) == 0750);
  REQUIRE(::chmod(fixture.root.c_str(), 02770) == 0);
  REQUIRE(fixture.store("g/f"));
  CHECK(mode_of(fixture.at("g/f")) == 0660);
  CHECK((mode_of(fixture.at("g")) & 02770) == 02770);
}

TEST_CASE("a file, a link or an empty directory of that name is replaced, and a link's target stays") {
  const TreeFixture fixture;
  SECTION("a file") {
    fixture.put("x", "old");
  }
  SECTION("a read-only file") {
    fixture.put("x", "old");
    ::chmod(fixture.at("x").c_str(), 0444);
  }
  SECTION("a link") {
    write_file(fixture.scratch / "target", "precious");
    stdfs::create_symlink(fixture.scratch / "target", fixture.at("x"));
  }
  SECTION("an empty directory") {
    stdfs::create_directory(fixture.at("x"));
  }
  REQUIRE(fixture.store("x"));
  CHECK(fixture.tree() == Tree{"x"});
  CHECK_FALSE(stdfs::is_symlink(fixture.at("x")));
  CHECK(read_file(fixture.at("x")) == fixture.bytes);
  const std::string target = read_file(fixture.scratch / "target");
  CHECK((target.empty() || target == "precious"));
}

TEST_CASE("a reader keeps the bytes that it opened when the file is replaced") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("x"));
  const auto tree = fixture.try_open();
  const auto open = (*tree)->open_file(fixture.key, name_of("x"));
  REQUIRE(open);
  const TreeFixture other("something else");
  REQUIRE((*tree)->store(other.key, name_of("x"), other.source, {}));
  std::string bytes(fixture.bytes.size(), '\0');
  CHECK(open->source->read_at(std::as_writable_bytes(std::span(bytes)), 0) == bytes.size());
  CHECK(bytes == fixture.bytes);
}

TEST_CASE("what is in the way and not ours stays, with an error that names it") {
  const TreeFixture fixture;
  std::string name = "x/y";
  SECTION("a directory that holds something") {
    fixture.put("x/y/foreign", "theirs");
  }
  SECTION("a file where a directory is needed") {
    fixture.put("x", "theirs");
  }
  SECTION("a link where a directory is needed") {
    stdfs::create_directory(fixture.scratch / "outside");
    stdfs::create_symlink(fixture.scratch / "outside", fixture.at("x"));
  }
  SECTION("a link in place of our own directory") {
    stdfs::create_directory(fixture.scratch / "outside");
    stdfs::create_symlink(fixture.scratch / "outside", fixture.at(".microstage"));
  }
  const Tree before = fixture.scratch.tree();
  const auto stored = fixture.store(name);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().message.find(fixture.root) != std::string::npos);
  CHECK(fixture.scratch.tree() == before);
}

TEST_CASE("a source that is not what its key says leaves no trace") {
  const TreeFixture fixture(sample_bytes(3000));
  std::string wrong = fixture.bytes;
  SECTION("other bytes") {
    wrong[1500] ^= 1;
  }
  SECTION("fewer bytes") {
    wrong.pop_back();
  }
  write_file(fixture.source, wrong);
  fixture.put("d/x", "old");
  const auto stored = fixture.store("d/x");
  REQUIRE_FALSE(stored);
  CHECK(stored.error().kind == ErrorKind::integrity);
  CHECK(read_file(fixture.at("d/x")) == "old");
  CHECK_FALSE(fixture.store("new/y"));
  CHECK(fixture.tree() == Tree{"d/", "d/x"});
}

TEST_CASE("files that are not annexed are proven as the git blobs that they are") {
  const TreeFixture fixture("hello\n");
  const annex::Key good = key_of("GIT--ce013625030ba8dba906f756967f9e9ca394464a");
  const annex::Key wrong = key_of("GIT--ce013625030ba8dba906f756967f9e9ca394464b");
  const auto tree = *fixture.try_open();
  CHECK_FALSE(tree->store(wrong, name_of("x"), fixture.source, {}));
  REQUIRE(tree->store(good, name_of("x"), fixture.source, {}));
  CHECK(tree->find(good, name_of("x"), {}) == Presence::present);
  CHECK(tree->find(wrong, name_of("x"), {}) == Presence::wrong_size);
  fixture.put("x", "hellO\n");
  CHECK(tree->find(good, name_of("x"), {}) == Presence::wrong_size);
}

TEST_CASE("a file counts as present only when nothing speaks against it") {
  const TreeFixture fixture;
  const std::string same_size(fixture.bytes.size(), '?');
  CHECK(fixture.find("x") == Presence::absent);
  CHECK(fixture.find("no/such/x") == Presence::absent);
  fixture.put("x", "short");
  CHECK(fixture.find("x") == Presence::wrong_size);
  CHECK(fixture.find("x/below/a/file") == Presence::absent);
  stdfs::create_directory(fixture.at("d"));
  CHECK(fixture.find("d") == Presence::wrong_size);
  stdfs::create_symlink(fixture.source, fixture.at("link"));
  CHECK(fixture.find("link") == Presence::wrong_size);
  stdfs::create_directory_symlink(fixture.scratch.path(), fixture.at("way"));
  CHECK_FALSE(fixture.find("way/source"));

  const auto tree = *fixture.try_open();
  const annex::Key vague = key_of("URL--http://x");
  CHECK(tree->find(vague, name_of("x"), {}).error().kind == ErrorKind::unsupported);
  CHECK(tree->find(vague, name_of("y"), {}) == Presence::absent);
  REQUIRE(tree->store(vague, store::ExportName::of_object(vague), fixture.source, {}));
  CHECK(tree->find(vague, store::ExportName::of_object(vague), {}) == Presence::present);

  // The size alone: nothing is read for a look. Once it was read and found wrong, that is remembered.
  fixture.put("x", same_size);
  CHECK(tree->find(fixture.key, name_of("x"), {}) == Presence::present);
  tree->note_wrong(fixture.key, name_of("x"), *tree->open_file(fixture.key, name_of("x")));
  CHECK(tree->find(fixture.key, name_of("x"), {}) == Presence::wrong_size);
  REQUIRE(tree->store(fixture.key, name_of("x"), fixture.source, {}));
  CHECK(tree->find(fixture.key, name_of("x"), {}) == Presence::present);
}

TEST_CASE("absence is not believed when the tree itself has gone") {
  const TreeFixture fixture;
  const auto tree = *fixture.try_open();
  stdfs::rename(fixture.root, fixture.scratch / "elsewhere");
  const bool another = GENERATE(false, true);
  if (another) stdfs::create_directory(fixture.root);
  CHECK(tree->find(fixture.key, name_of("x"), {}).error().kind == ErrorKind::mount_sick);
  CHECK(tree->remove(fixture.key, name_of("x"), {}).error().kind == ErrorKind::mount_sick);
  CHECK(tree->remove_directory(name_of("x")).error().kind == ErrorKind::mount_sick);
  CHECK(tree->open_file(fixture.key, name_of("x")).error().kind == ErrorKind::mount_sick);
  if (!another) CHECK(fixture.try_open().error().kind == ErrorKind::mount_sick);
}

TEST_CASE("removing a file takes the directories along that it leaves empty, and no other") {
  const TreeFixture fixture;
  REQUIRE(fixture.store("a/b/c/x"));
  fixture.put("a/theirs", "");
  REQUIRE(fixture.remove("a/b/c/x"));
  CHECK(fixture.tree() == Tree{"a/", "a/theirs"});
  REQUIRE(fixture.remove("a/b/c/x"));
  REQUIRE(fixture.remove("a/theirs/x"));
  REQUIRE(fixture.remove("a"));  // a directory by now: not the file that was meant
  CHECK(fixture.tree() == Tree{"a/", "a/theirs"});
  stdfs::create_directories(fixture.at("e/f/g"));  // as a removal leaves it that was stopped in the middle
  REQUIRE(fixture.remove("e/f/g/x"));
  CHECK(fixture.tree() == Tree{"a/", "a/theirs"});
  fixture.put("a/theirs", fixture.bytes);
  REQUIRE(fixture.remove("a/theirs") == true);
  CHECK(fixture.tree().empty());
  CHECK(exists(fixture.root));
}

TEST_CASE("what holds something else than the key stays, whatever its size") {
  const TreeFixture fixture;
  fixture.put("d/x", GENERATE(as<std::string>{}, "", "other", "the comtent\n"));
  CHECK(fixture.remove("d/x") == false);
  CHECK(fixture.remove(".git-annex-tmp-content-x") == true);
  CHECK(fixture.tree() == Tree{"d/", "d/x"});
  // Where nobody can tell, the size must do.
  const auto tree = *fixture.try_open();
  fixture.put("d/x", "the comtent\n");
  CHECK(tree->remove(key_of("WORM-s11-m1--x"), name_of("d/x"), {}) == false);
  CHECK(tree->remove(key_of("WORM-s12-m1--x"), name_of("d/x"), {}) == true);
  CHECK(fixture.tree().empty());
}

TEST_CASE("git-annex's temporary names are removed without a look inside") {
  const TreeFixture fixture;
  const std::string name = ".git-annex-tmp-content-" + fixture.key.text();
  fixture.put(name, "whatever");
  CHECK(fixture.remove(name) == true);
  CHECK(fixture.tree().empty());
}

TEST_CASE("a link is removed, never what it leads to") {
  const TreeFixture fixture;
  write_file(fixture.scratch / "outside/x", "precious");
  stdfs::create_symlink(fixture.scratch / "outside/x", fixture.at("link"));
  stdfs::create_directory_symlink(fixture.scratch / "outside", fixture.at("way"));
  REQUIRE(fixture.remove("link"));
  CHECK_FALSE(fixture.remove("way/x"));
  CHECK_FALSE(fixture.remove_directory("way/x"));
  REQUIRE(fixture.remove_directory("way"));  // no directory of ours
  CHECK(read_file(fixture.scratch / "outside/x") == "precious");
  CHECK(fixture.tree() == Tree{"way"});
}

TEST_CASE("a directory is removed when it is empty, and its empty parents with it") {
  const TreeFixture fixture;
  stdfs::create_directories(fixture.at("a/b/c"));
  fixture.put("a/b/theirs", "");
  CHECK(fixture.remove_directory("a/b") == false);
  CHECK(fixture.remove_directory("a/b/c") == true);
  CHECK(fixture.tree() == Tree{"a/", "a/b/", "a/b/theirs"});
  CHECK(fixture.remove_directory("a/b/theirs") == true);
  CHECK(fixture.remove_directory("no/such") == true);
  CHECK(fixture.tree() == Tree{"a/", "a/b/", "a/b/theirs"});
}

TEST_CASE("litter of a killed process is swept by the next, and files of others in our directory stay") {
  const TreeFixture fixture;
  fixture.put(".microstage/0123456789abcdef.part", "cut off");
  { const auto tree = *fixture.try_open(); }
  CHECK(fixture.tree().empty());
  fixture.put(".microstage/theirs.part", "");
  REQUIRE(fixture.store("x"));
  CHECK(fixture.tree() == Tree{".microstage/", ".microstage/theirs.part", "x"});
}
