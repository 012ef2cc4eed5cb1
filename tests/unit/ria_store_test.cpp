// Opening a store and a dataset: what is told apart, and what is never guessed at.

#include "lib/store/ria_store.h"

#include <unistd.h>

#include <cerrno>

#include "lib/store/ria_dataset.h"
#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

using namespace microstage;
using store::LayoutVersion;
using store::RiaDataset;
using store::RiaStore;
using testing::FaultyFileOps;
using testing::Op;
using testing::Scratch;
using testing::write_file;

namespace {

Result<RiaStore> open_store(const std::string& path) {
  return RiaStore::open(fs::posix_file_ops(), path);
}

Result<RiaDataset> open_dataset(const std::string& path) {
  const auto store = open_store(path);
  REQUIRE(store);
  return RiaDataset::open(*store, testing::sample_dataset_id());
}

}  // namespace

TEST_CASE("a layout version is a number and perhaps flags") {
  const auto number = [](std::string_view text) { return LayoutVersion::parse(text).number; };
  CHECK(number("1\n") == "1");
  CHECK(number("1") == "1");
  CHECK(number("1|l\n") == "1");
  CHECK(LayoutVersion::parse("1|l\n").flags == "l");
  CHECK(number(" 2 \r\nmore") == "2");
  CHECK(number("").empty());
  CHECK(number("\x00\x01") != "1");
  CHECK(number("12") == "12");
}

TEST_CASE("a store is opened, also through a symbolic link") {
  const Scratch scratch;
  testing::make_ria_store(scratch / "store");
  REQUIRE(::symlink("store", (scratch / "link").c_str()) == 0);
  CHECK(open_store(scratch / "store"));
  CHECK(open_store(scratch / "link"));
  CHECK(open_store(scratch / "link")->path() == scratch / "link");
}

TEST_CASE("a store that is missing or not mounted is a sick mount, not an empty store") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "mountpoint");
  write_file(scratch / "file", "x");
  for (const std::string& path :
       {scratch / "none", scratch / "mountpoint", scratch / "file", scratch / "file/x"}) {
    CAPTURE(path);
    const auto store = open_store(path);
    REQUIRE_FALSE(store);
    CHECK(store.error().kind == ErrorKind::mount_sick);
    CHECK(store.error().message.find(path) != std::string::npos);
    CHECK(store.error().message.find("mounted") != std::string::npos);
  }
}

TEST_CASE("an unknown layout of a store is refused, never guessed at") {
  for (const std::string version : {"2\n", "", "0\n", "1.0\n", "one\n", "11\n", "|1\n"}) {
    CAPTURE(version);
    const Scratch scratch;
    testing::make_ria_store(scratch / "store");
    write_file(scratch / "store/ria-layout-version", version);
    const auto store = open_store(scratch / "store");
    REQUIRE_FALSE(store);
    CHECK(store.error().kind == ErrorKind::unsupported);
  }
  const Scratch scratch;
  write_file(scratch / "store/ria-layout-version", std::string(5000, '1'));
  CHECK_FALSE(open_store(scratch / "store"));
}

TEST_CASE("an unwell file system is what it is, and never a missing store") {
  const Scratch scratch;
  testing::make_ria_store(scratch / "store");
  const auto kind = [&](Op op, int code) {
    FaultyFileOps ops;
    ops.fail_all(op, code);
    const auto store = RiaStore::open(ops, scratch / "store");
    REQUIRE_FALSE(store);
    return store.error().kind;
  };
  CHECK(kind(Op::open, ESTALE) == ErrorKind::mount_sick);
  CHECK(kind(Op::open, EACCES) == ErrorKind::permission);
  CHECK(kind(Op::open, EMFILE) == ErrorKind::transient);
  CHECK(kind(Op::read, EIO) == ErrorKind::mount_sick);
}

TEST_CASE("both layout versions of a dataset are known, and nothing else") {
  for (const std::string version : {"1", "2", "2|l"}) {
    const Scratch scratch;
    testing::make_ria_store(scratch / "store", version);
    const auto dataset = open_dataset(scratch / "store");
    REQUIRE(dataset);
    const bool lower = dataset->hash_directories() == store::HashDirectories::lower;
    CHECK(lower == (version == "1"));
  }
  for (const std::string version : {"3", "", "0", "1.5", "22"}) {
    CAPTURE(version);
    const Scratch scratch;
    testing::make_ria_store(scratch / "store", version);
    const auto dataset = open_dataset(scratch / "store");
    REQUIRE_FALSE(dataset);
    CHECK(dataset.error().kind == ErrorKind::unsupported);
  }
}

TEST_CASE("a dataset that the store does not have is told apart from a store that is not there") {
  const Scratch scratch;
  const std::string path = testing::make_ria_store(scratch / "store");
  std::filesystem::remove_all(path);
  const auto missing = open_dataset(scratch / "store");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK(missing.error().message.find("microstage connect") != std::string::npos);

  testing::make_ria_store(scratch / "store");
  const auto store = open_store(scratch / "store");
  std::filesystem::rename(scratch / "store", scratch / "elsewhere");
  std::filesystem::create_directory(scratch / "store");
  CHECK(RiaDataset::open(*store, testing::sample_dataset_id()));  // what was opened stays open
  std::filesystem::remove_all(scratch / "elsewhere");
  const auto vanished = RiaDataset::open(*store, testing::sample_dataset_id());
  REQUIRE_FALSE(vanished);
  CHECK(vanished.error().kind == ErrorKind::mount_sick);
}

TEST_CASE("a dataset behind a symbolic link is not entered") {
  const Scratch scratch;
  const std::string path = testing::make_ria_store(scratch / "store");
  std::filesystem::rename(path, scratch / "elsewhere");
  REQUIRE(::symlink((scratch / "elsewhere").c_str(), path.c_str()) == 0);
  const auto dataset = open_dataset(scratch / "store");
  REQUIRE_FALSE(dataset);
  CHECK(dataset.error().kind == ErrorKind::invalid);
}

TEST_CASE("a key's object has its place by the dataset's layout") {
  const Scratch scratch;
  const auto key = testing::key_of("URL--http://www.example.com/a%b&c");
  testing::make_ria_store(scratch / "store", "2");
  CHECK(open_dataset(scratch / "store")->object_path(key) ==
        "annex/objects/Fg/78/URL--http&c%%www.example.com%a&sb&ac/URL--http&c%%www.example.com%a&sb&ac");
  testing::make_ria_store(scratch / "store", "1");
  CHECK(open_dataset(scratch / "store")->object_path(key) ==
        "annex/objects/f28/f1e/URL--http&c%%www.example.com%a&sb&ac/URL--http&c%%www.example.com%a&sb&ac");
}
