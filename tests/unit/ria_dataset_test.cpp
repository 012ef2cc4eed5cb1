// Finding, reading, removing and setting aside the objects of a dataset. Storing: store_object_test.cpp.

#include "lib/store/ria_dataset.h"

#include <sys/stat.h>

#include <cerrno>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::StoreFixture;
using testing::write_file;

TEST_CASE("an object is present when it is there with its size, in both layouts") {
  const StoreFixture fixture("content", GENERATE("1", "2"));
  CHECK(fixture.find() == Presence::absent);
  fixture.put("conten");
  CHECK(fixture.find() == Presence::wrong_size);
  fixture.put("content");
  CHECK(fixture.find() == Presence::present);
  const auto file = fixture.open().open_object(fixture.key);
  REQUIRE(file);
  CHECK(testing::content_of(*file) == "content");
}

TEST_CASE("a key that does not tell its size is present when anything regular is there") {
  StoreFixture fixture;
  fixture.key = testing::key_of("URL--http://example.org/x");
  CHECK(fixture.find() == Presence::absent);
  fixture.put("");
  CHECK(fixture.find() == Presence::present);
}

TEST_CASE("neither a directory, a symbolic link nor a pipe is an object") {
  const StoreFixture fixture;
  const std::string object = fixture.object();
  std::filesystem::create_directories(object);
  CHECK(fixture.find() == Presence::wrong_size);
  CHECK_FALSE(fixture.open().open_object(fixture.key));
  std::filesystem::remove(object);
  std::filesystem::create_symlink(fixture.source, object);
  CHECK(fixture.find() == Presence::wrong_size);
  CHECK_FALSE(fixture.open().open_object(fixture.key));
  std::filesystem::remove(object);
  REQUIRE(::mkfifo(object.c_str(), 0600) == 0);
  CHECK(fixture.find() == Presence::wrong_size);
  CHECK(fixture.open().open_object(fixture.key).error().kind == ErrorKind::integrity);
}

TEST_CASE("a hash directory that is a symbolic link is no absence, and nothing is done through it") {
  const StoreFixture fixture;
  fs::FileOps& ops = GENERATE(true, false) ? fs::posix_file_ops() : fs::posix_file_ops_without_openat2();
  const std::string outside = fixture.scratch / "outside";
  const std::string name = fixture.key.file_name();
  write_file(outside + "/" + name + "/" + name, fixture.bytes);
  const std::string second = std::filesystem::path(fixture.object()).parent_path().parent_path();
  std::filesystem::create_directories(std::filesystem::path(second).parent_path());
  std::filesystem::create_symlink(outside, second);
  CHECK(fixture.find(ops).error().kind == ErrorKind::invalid);
  CHECK(fixture.open(ops).open_object(fixture.key).error().kind == ErrorKind::invalid);
  CHECK(fixture.remove(ops).error().kind == ErrorKind::invalid);
  CHECK(fixture.store(ops).error().kind == ErrorKind::invalid);
  CHECK_FALSE(fixture.open(ops).quarantine(fixture.key));
  CHECK(read_file(outside + "/" + name + "/" + name) == fixture.bytes);
}

TEST_CASE("a store that vanishes while it is open is a sick mount, not an empty one") {
  const StoreFixture fixture;
  auto dataset = fixture.open();
  const bool mount_point_stays = GENERATE(true, false);
  std::filesystem::rename(fixture.scratch / "store", fixture.scratch / "gone");
  if (mount_point_stays) std::filesystem::create_directory(fixture.scratch / "store");
  const auto found = dataset.find(fixture.key);
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::mount_sick);
  CHECK(dataset.open_object(fixture.key).error().kind == ErrorKind::mount_sick);
  CHECK(dataset.remove(fixture.key).error().kind == ErrorKind::mount_sick);
  // An empty directory of the same name is not the dataset either.
  testing::make_ria_store(fixture.scratch / "store");
  CHECK(dataset.find(fixture.key).error().kind == ErrorKind::mount_sick);
}

TEST_CASE("a dataset that is removed for good does not take objects in") {
  const StoreFixture fixture;
  auto dataset = fixture.open();
  std::filesystem::remove_all(fixture.scratch / "store");
  const auto stored = dataset.store(fixture.key, fixture.source, {});
  REQUIRE_FALSE(stored);
  CHECK(stored.error().kind == ErrorKind::mount_sick);
}

TEST_CASE("an error in looking is an error, never absence") {
  const StoreFixture fixture;
  for (const bool there : {false, true}) {
    if (there) fixture.put(fixture.bytes);
    for (const int code : {EIO, ESTALE, EACCES, ENOTCONN, ENOMEM, EINTR}) {
      for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
        CAPTURE(there, code, n);
        FaultyFileOps ops;
        const auto dataset = fixture.open(ops);
        ops.reset();
        ops.fail_at(n, testing::Fault::error, code);
        const auto found = dataset.find(fixture.key);
        count = ops.count();
        if (found) CHECK(*found == (there ? Presence::present : Presence::absent));
        if (ops.fault_met() && code != EINTR) CHECK_FALSE(found);
      }
    }
  }
}

TEST_CASE("a removed object is gone with the directories that it leaves empty, and only those") {
  const StoreFixture fixture("content", GENERATE("1", "2"));
  CHECK(fixture.remove());  // nothing there: success
  fixture.put(fixture.bytes);
  const std::string hash = std::filesystem::path(fixture.object()).parent_path().parent_path();
  CHECK(fixture.remove());
  CHECK(fixture.tree() == std::vector<std::string>{"annex/", "annex/objects/"});
  fixture.put(fixture.bytes);
  write_file(hash + "/other/other", "x");
  CHECK(fixture.remove());
  CHECK(testing::exists(hash + "/other/other"));
  CHECK(fixture.find() == Presence::absent);
}

TEST_CASE("a read-only store says that it is, and keeps its object") {
  const StoreFixture fixture;
  fixture.put(fixture.bytes);
  FaultyFileOps ops;
  for (const Op op : {Op::unlink, Op::make_directory, Op::rename})
    ops.fail_all(op, EROFS);
  auto dataset = fixture.open(ops);
  CHECK(dataset.remove(fixture.key).error().kind == ErrorKind::permission);
  CHECK(dataset.quarantine(fixture.key).error().kind == ErrorKind::permission);
  CHECK(dataset.find(fixture.key) == Presence::present);
  CHECK(dataset.store(fixture.key, fixture.source, {})->already_there);
  write_file(fixture.source, "other");
  CHECK(dataset.store(testing::sha256_key("other"), fixture.source, {}).error().kind ==
        ErrorKind::permission);
  CHECK(read_file(fixture.object()) == fixture.bytes);
}

TEST_CASE("a quarantined object is out of the way with all its bytes") {
  const StoreFixture fixture;
  fixture.put("damaged");
  const auto place = fixture.open().quarantine(fixture.key);
  REQUIRE(place);
  REQUIRE(place->has_value());
  CHECK(read_file(**place) == "damaged");
  CHECK((*place)->starts_with(fixture.dataset_path + "/.microstage/quarantine/"));
  CHECK(fixture.find() == Presence::absent);
  CHECK(fixture.store());
  CHECK(fixture.find() == Presence::present);
  CHECK(read_file(**place) == "damaged");
  CHECK(fixture.open().count_objects()->objects == 1);
}

TEST_CASE("a quarantined object stays until a power cut can no longer take it") {
  const StoreFixture fixture;
  fixture.put("damaged");
  FaultyFileOps ops;
  const auto place = fixture.open(ops).quarantine(fixture.key);
  REQUIRE(place);
  CHECK(ops.not_durable(**place).empty());
}

TEST_CASE(
    "nothing is quarantined, and no litter made, where there is nothing or only another object than was "
    "meant") {
  const StoreFixture fixture;
  CHECK(fixture.open().quarantine(fixture.key)->has_value() == false);
  fixture.put(fixture.bytes);
  const auto other = fs::File::open(fs::posix_file_ops(), fixture.source, O_RDONLY)->status()->identity;
  CHECK(fixture.open().quarantine(fixture.key, other)->has_value() == false);
  CHECK(fixture.find() == Presence::present);
  CHECK(fixture.tree() == fixture.tree_with_object_only());
  // Removed, or replaced by a good one, just before the move.
  for (const bool replaced : {true, false}) {
    const auto meant = fixture.open().open_object(fixture.key)->holder->identity;
    FaultyFileOps ops;
    ops.before(Op::rename, 1, [&] {
      write_file(fixture.scratch / "good", fixture.bytes);
      if (replaced) std::filesystem::rename(fixture.scratch / "good", fixture.object());
      if (!replaced) CHECK(fixture.remove());
    });
    CHECK(fixture.open(ops).quarantine(fixture.key, meant)->has_value() == false);
    CHECK(fixture.find() == (replaced ? Presence::present : Presence::absent));
    CHECK_FALSE(testing::exists(fixture.dataset_path + "/.microstage"));
  }
}

TEST_CASE("objects and their bytes are counted") {
  const StoreFixture fixture;
  CHECK(fixture.open().count_objects()->objects == 0);
  CHECK(fixture.store());
  write_file(fixture.source, "more");
  CHECK(fixture.open().store(testing::sha256_key("more"), fixture.source, {}));
  const auto counts = fixture.open().count_objects();
  REQUIRE(counts);
  CHECK(counts->objects == 2);
  CHECK(counts->bytes == fixture.bytes.size() + 4);
}
