#include "lib/fs/directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

using namespace microstage;
using fs::Directory;
using testing::FaultyFileOps;
using testing::Op;
using testing::Scratch;
using testing::write_file;

namespace {

// Both ways of opening below a directory must keep the same promises.
fs::FileOps& either_kernel() {
  return GENERATE(true, false) ? fs::posix_file_ops() : fs::posix_file_ops_without_openat2();
}

void link(const std::string& target, const std::string& path) {
  REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
}

mode_t mode_of(const std::string& path) {
  struct ::stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("the starting point may be reached through a symbolic link, as mount points often are") {
  const Scratch scratch;
  write_file(scratch / "real/file", "x");
  link("real", scratch / "link");
  const auto directory = Directory::open(fs::posix_file_ops(), scratch / "link");
  REQUIRE(directory);
  CHECK(directory->open_file("file", O_RDONLY));
}

TEST_CASE("below the starting point no symbolic link is followed, wherever in the path it is") {
  fs::FileOps& ops = either_kernel();
  const Scratch scratch;
  write_file(scratch / "outside/b/c/file", "secret");
  write_file(scratch / "store/a/b/c/file", "x");
  link("../outside", scratch / "store/l1");
  link("../../outside/b", scratch / "store/a/l2");
  link("../../../outside/b/c", scratch / "store/a/b/l3");
  link("../../../../outside/b/c/file", scratch / "store/a/b/c/l4");
  link("nowhere", scratch / "store/a/b/c/dangling");
  link((scratch / "outside"), scratch / "store/absolute");
  const auto before = scratch.tree();
  const auto store = Directory::open(ops, scratch / "store");
  REQUIRE(store);
  CHECK(store->open_file("a/b/c/file", O_RDONLY));
  for (const std::string path : {"l1/b/c/file", "a/l2/c/file", "a/b/l3/file", "a/b/c/l4", "a/b/c/dangling",
                                 "absolute/b/c/file", "l1", "absolute"}) {
    CAPTURE(path);
    for (const int flags : {O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_RDONLY | O_DIRECTORY}) {
      const auto file = store->open_file(path, flags);
      REQUIRE_FALSE(file);
      CHECK(file.error().kind == ErrorKind::invalid);
      CHECK(file.error().code != ENOENT);
      CHECK(file.error().code != ENOTDIR);
    }
    CHECK_FALSE(store->open_directory(path));
    const auto made = store->make_path(path + "/new", fs::Sharing{});
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::invalid);
  }
  CHECK(scratch.tree() == before);
}

TEST_CASE("no path leads out of the directory") {
  fs::FileOps& ops = either_kernel();
  const Scratch scratch;
  write_file(scratch / "outside", "secret");
  write_file(scratch / "store/a/file", "x");
  const auto store = Directory::open(ops, scratch / "store");
  REQUIRE(store);
  for (const std::string& path : {std::string("../outside"), std::string("a/../../outside"),
                                  scratch / "outside", std::string("/etc/passwd"), std::string("..")}) {
    CAPTURE(path);
    const auto file = store->open_file(path, O_RDONLY);
    REQUIRE_FALSE(file);
    CHECK(file.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("what is missing is told apart from what is in the way") {
  fs::FileOps& ops = either_kernel();
  const Scratch scratch;
  write_file(scratch / "a/file", "x");
  const auto directory = Directory::open(ops, scratch.path());
  REQUIRE(directory);
  CHECK(directory->open_file("a/none", O_RDONLY).error().code == ENOENT);
  CHECK(directory->open_file("none/file", O_RDONLY).error().code == ENOENT);
  CHECK(directory->open_file("a/file/x", O_RDONLY).error().code == ENOTDIR);
  CHECK(directory->open_directory("a/file").error().code == ENOTDIR);
  CHECK(directory->open_file("a/file", O_RDWR | O_CREAT | O_EXCL).error().code == EEXIST);
}

TEST_CASE("a status is that of the name itself, also of a symbolic link") {
  fs::FileOps& ops = either_kernel();
  const Scratch scratch;
  write_file(scratch / "a/file", "abc");
  link("file", scratch / "a/link");
  const auto directory = Directory::open(ops, scratch.path());
  REQUIRE(directory);
  CHECK(directory->status_of("a/file")->size == 3);
  CHECK(directory->status_of("a/file")->is_regular());
  CHECK(directory->status_of("a")->is_directory());
  const auto status = directory->status_of("a/link");
  REQUIRE(status);
  CHECK(S_ISLNK(status->mode));
  CHECK_FALSE(status->is_regular());
}

TEST_CASE("making a path makes what is missing, with the modes asked for") {
  fs::FileOps& ops = either_kernel();
  const Scratch scratch;
  write_file(scratch / "a/file", "x");
  const mode_t before = mode_of(scratch / "a");
  const auto directory = Directory::open(ops, scratch.path());
  REQUIRE(directory);
  const auto made = directory->make_path("a/b/c", *fs::Sharing::parse("0660"));
  REQUIRE(made);
  CHECK(made->name() == scratch / "a/b/c");
  CHECK(mode_of(scratch / "a") == before);
  CHECK(mode_of(scratch / "a/b") == 02770);
  CHECK(mode_of(scratch / "a/b/c") == 02770);
  CHECK(directory->make_path("a/b/c", fs::Sharing{}));
  CHECK(directory->make_path("a/file/c", fs::Sharing{}).error().code == ENOTDIR);
}

TEST_CASE("a made directory can no longer be lost when its path has been made") {
  const Scratch scratch;
  FaultyFileOps ops;
  const auto directory = Directory::open(ops, scratch.path());
  REQUIRE(directory);
  REQUIRE(directory->make_path("a/b/c", fs::Sharing{}));
  CHECK(ops.not_durable(scratch / "a/b/c").empty());
}

TEST_CASE("making a path goes on when somebody else makes or prunes a part of it at that moment") {
  const Scratch scratch;
  const auto count = [&] {
    FaultyFileOps ops;
    const auto directory = Directory::open(ops, scratch.path());
    REQUIRE(directory->make_path("a/b/c", fs::Sharing{}));
    std::filesystem::remove_all(scratch / "a");
    return ops.count();
  }();
  for (std::uint64_t n = 2; n <= count; ++n) {
    for (const bool made : {true, false}) {
      CAPTURE(n, made);
      FaultyFileOps ops;
      const auto directory = Directory::open(ops, scratch.path());
      ops.before(n - 1, [&] {
        if (made) std::filesystem::create_directories(scratch / "a/b");
        if (!made) std::filesystem::remove_all(scratch / "a");
      });
      const auto path = directory->make_path("a/b/c", fs::Sharing{});
      REQUIRE(path);
      std::filesystem::remove_all(scratch / "a");
    }
  }
}

TEST_CASE("names are listed, renamed, linked and removed within the directory") {
  const Scratch scratch;
  write_file(scratch / "a/file", "x");
  const auto directory = Directory::open(fs::posix_file_ops(), scratch.path());
  REQUIRE(directory);
  const auto below = directory->open_directory("a");
  REQUIRE(below->rename("file", *directory, "moved"));
  REQUIRE(directory->make_symlink("moved", "link"));
  CHECK(directory->read_link("link") == std::string("moved"));
  const auto no_link = directory->read_link("moved");
  REQUIRE_FALSE(no_link);
  CHECK(no_link.error().code == EINVAL);
  auto names = directory->list();
  REQUIRE(names);
  std::sort(names->begin(), names->end());
  CHECK(*names == std::vector<std::string>{"a", "link", "moved"});
  CHECK(directory->unlink("link"));
  CHECK(directory->unlink("moved"));
  CHECK(directory->remove_directory("a"));
  CHECK(directory->list()->empty());
  CHECK(below->rename("file", *directory, "x").error().code == ENOENT);
  CHECK(directory->unlink("none").error().kind == ErrorKind::not_found);
}
