// Storing an object when nobody interferes. Races: store_race_test.cpp.

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::sample_bytes;
using testing::StoreFixture;
using testing::write_file;

namespace {

mode_t mode_of(const std::string& path) {
  struct ::stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a stored object is whole, proven, durable and alone") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 5'000'000);
  const StoreFixture fixture(sample_bytes(size), GENERATE("1", "2"));
  FaultyFileOps ops;
  const auto report = fixture.store(ops);
  REQUIRE(report);
  CHECK_FALSE(report->already_there);
  CHECK(report->hashed);
  CHECK(report->bytes == size);
  CHECK((read_file(fixture.object()) == fixture.bytes));
  CHECK(fixture.tree() == fixture.tree_with_object_only());
  CHECK(ops.not_durable(fixture.object()).empty());
  CHECK((mode_of(fixture.object()) & 0222) == 0);
}

TEST_CASE("an object that is there with the right size is left alone, and made durable") {
  const StoreFixture fixture;
  fixture.put(std::string(fixture.bytes.size(), '?'));
  FaultyFileOps ops;
  const auto report = fixture.store(ops);
  REQUIRE(report);
  CHECK(report->already_there);
  CHECK_FALSE(report->hashed);
  CHECK(read_file(fixture.object()) == std::string(fixture.bytes.size(), '?'));
  CHECK(ops.count_of(Op::sync) >= 2);
}

TEST_CASE("an object of the wrong size is replaced, and so is whatever else cannot be one") {
  const StoreFixture fixture;
  SECTION("a short file") {
    fixture.put("sho");
  }
  SECTION("a long file") {
    fixture.put(fixture.bytes + "more");
  }
  SECTION("a symbolic link, whose target stays") {
    std::filesystem::create_directories(std::filesystem::path(fixture.object()).parent_path());
    write_file(fixture.scratch / "target", "precious");
    std::filesystem::create_symlink(fixture.scratch / "target", fixture.object());
  }
  REQUIRE(fixture.store());
  CHECK(read_file(fixture.object()) == fixture.bytes);
  CHECK_FALSE(std::filesystem::is_symlink(fixture.object()));
  const std::string target = read_file(fixture.scratch / "target");
  CHECK((target.empty() || target == "precious"));
}

TEST_CASE("a reader keeps the bytes that it opened when the object is replaced or removed") {
  const StoreFixture fixture;
  fixture.put("sho");
  const auto reader = fs::File::open(fs::posix_file_ops(), fixture.object(), O_RDONLY);
  REQUIRE(fixture.store());
  CHECK(fs::read_small_file(*reader, 100) == "sho");
  const auto object = fixture.open().open_object(fixture.key);
  REQUIRE(fixture.remove());
  CHECK(testing::content_of(*object) == fixture.bytes);
}

TEST_CASE("the manifest of a git repository is replaced each time, also by one of the same size") {
  StoreFixture fixture("first");
  fixture.key = testing::key_of("GITMANIFEST--b24c0000-0000-4000-8000-000000000001");
  REQUIRE(fixture.store());
  for (const std::string next : {"other", "longer one", ""}) {
    write_file(fixture.source, next);
    const auto report = fixture.store();
    REQUIRE(report);
    CHECK_FALSE(report->already_there);
    CHECK_FALSE(report->hashed);
    CHECK(read_file(fixture.object()) == next);
  }
}

TEST_CASE("a source that is not what its key says never becomes an object") {
  StoreFixture fixture(sample_bytes(GENERATE(as<std::size_t>{}, 100, 5'000'000)));
  SECTION("of another size") {
    write_file(fixture.source, fixture.bytes + "x");
  }
  SECTION("of the same size") {
    std::string wrong = fixture.bytes;
    wrong.back() ^= 1;
    write_file(fixture.source, wrong);
  }
  const auto stored = fixture.store();
  REQUIRE_FALSE(stored);
  CHECK(stored.error().kind == ErrorKind::integrity);
  CHECK(fixture.find() == Presence::absent);
  CHECK(fixture.tree().empty());
}

TEST_CASE("content that cannot be hashed is stored by its size, and the report says so") {
  StoreFixture fixture("abc");
  fixture.key = testing::key_of("WORM-s3-m1--x");
  const auto report = fixture.store();
  REQUIRE(report);
  CHECK_FALSE(report->hashed);
  fixture.key = testing::key_of("SHA256-s7-S3-C1--" + std::string(64, 'a'));
  CHECK(fixture.store());
  CHECK(read_file(fixture.object()) == "abc");
  fixture.key = testing::key_of("WORM-s4-m1--x");
  CHECK(fixture.store().error().kind == ErrorKind::integrity);
}

TEST_CASE("a key as long as a file name can be is stored, found and removed") {
  StoreFixture fixture("abc");
  fixture.key = testing::key_of("WORM-s3-m1--" + std::string(243, 'x'));
  REQUIRE(fixture.store());
  CHECK(fixture.find() == Presence::present);
  CHECK(fixture.open().quarantine(fixture.key)->has_value());
  REQUIRE(fixture.store());
  CHECK(fixture.remove());
}

TEST_CASE("a source that is gone or is no file is told apart") {
  const StoreFixture fixture;
  std::filesystem::remove(fixture.source);
  CHECK(fixture.store().error().kind == ErrorKind::source_changed);
  std::filesystem::create_directory(fixture.source);
  CHECK(fixture.store().error().kind == ErrorKind::invalid);
  std::filesystem::remove(fixture.source);
  REQUIRE(::mkfifo(fixture.source.c_str(), 0600) == 0);
  CHECK(fixture.store().error().kind == ErrorKind::invalid);
}

TEST_CASE("a cancelled store leaves nothing") {
  const StoreFixture fixture(sample_bytes(3'000'000));
  std::stop_source stop;
  store::TransferControl control;
  control.stop = stop.get_token();
  control.progress = [&](std::uint64_t) { stop.request_stop(); };
  const auto stored = fixture.open().store(fixture.key, fixture.source, control);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().kind == ErrorKind::cancelled);
  CHECK(fixture.tree().empty());
}

TEST_CASE("core.sharedRepository decides on the modes of what is made") {
  struct Row {
    std::string shared;
    mode_t file;
    mode_t directory;
  };
  const mode_t before = ::umask(GENERATE(mode_t{022}, mode_t{077}));
  for (const Row& row : {Row{"group", 0440, 02770}, Row{"0640", 0440, 02750}, Row{"0660", 0440, 02770},
                         Row{"all", 0444, 02775}, Row{"0600", 0400, 0700}}) {
    CAPTURE(row.shared);
    const StoreFixture fixture;
    write_file(fixture.dataset_path + "/config", "[core]\n\tsharedRepository = " + row.shared + "\n");
    CHECK(fixture.store());
    const auto key_directory = std::filesystem::path(fixture.object()).parent_path();
    CHECK((mode_of(fixture.object()) & row.file) == row.file);
    CHECK((mode_of(fixture.object()) & 0222) == 0);
    for (const auto& path :
         {key_directory, key_directory.parent_path(), key_directory.parent_path().parent_path()})
      CHECK((mode_of(path) & row.directory) == row.directory);
  }
  ::umask(before);
}

TEST_CASE("the litter of a killed store is removed by the next one") {
  const StoreFixture fixture(sample_bytes(3'000'000));
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    store::TransferControl control;
    control.progress = [&](std::uint64_t) {
      if (::write(ready[1], "y", 1) == 1) ::pause();
    };
    static_cast<void>(fixture.open().store(fixture.key, fixture.source, control));
    ::_exit(1);
  }
  char answer = 'n';
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  REQUIRE(::kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(fixture.tree().size() == 2);
  CHECK(fixture.find() == Presence::absent);
  REQUIRE(fixture.store());
  CHECK(fixture.tree() == fixture.tree_with_object_only());
}

namespace {

// The file in the making, found as any other program would.
std::string part_of(const StoreFixture& fixture) {
  for (const auto& entry : std::filesystem::directory_iterator(fixture.dataset_path + "/.microstage"))
    if (entry.path().extension() == ".part") return entry.path();
  return {};
}

// Which of the fsyncs of a STORE is the one of the file in the making.
std::uint64_t sync_of_part(std::string_view bytes) {
  const StoreFixture fixture(bytes);
  FaultyFileOps ops;
  REQUIRE(fixture.store(ops, {.read_back = true}));
  std::uint64_t syncs = 0;
  for (const testing::Operation& operation : ops.operations()) {
    if (operation.op == Op::sync) ++syncs;
    if (operation.op == Op::sync && operation.path.ends_with(".part")) return syncs;
  }
  return 0;
}

}  // namespace

TEST_CASE("what is read back is compared, whether the key has a digest or not") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 1, 4096, 5'000'000);
  StoreFixture fixture(sample_bytes(size));
  const bool has_digest = GENERATE(true, false);
  if (!has_digest) fixture.key = *annex::Key::parse("WORM-s" + std::to_string(size) + "-m1--plane.tif");
  const store::TransferControl control{.read_back = true};
  FaultyFileOps ops;

  SECTION("a good medium") {
    const auto report = fixture.store(ops, control);
    REQUIRE(report);
    CHECK(report->hashed == has_digest);
    CHECK((read_file(fixture.object()) == fixture.bytes));
    CHECK(ops.not_durable(fixture.object()).empty());
  }
  SECTION("a medium that keeps something else") {
    ops.before(Op::sync, sync_of_part(fixture.bytes), [&] {
      std::string wrong = fixture.bytes;
      wrong.at(size / 2) ^= 1;
      write_file(part_of(fixture), wrong);
    });
    const auto report = fixture.store(ops, control);
    REQUIRE_FALSE(report);
    CHECK(report.error().kind == ErrorKind::durability);
    CHECK(report.error().message.find("read back differently") != std::string::npos);
    CHECK(*fixture.find() == Presence::absent);
    CHECK(fixture.store());
  }
  SECTION("a medium that loses the end") {
    ops.before(Op::sync, sync_of_part(fixture.bytes),
               [&] { write_file(part_of(fixture), fixture.bytes.substr(1)); });
    CHECK_FALSE(fixture.store(ops, control));
    CHECK(*fixture.find() == Presence::absent);
  }
}

TEST_CASE("bytes that did not reach the medium are never stored, and no fsync is believed after that") {
  const StoreFixture fixture(sample_bytes(20'000'000));
  FaultyFileOps ops;
  ops.fail_all(Op::writeback, EIO);
  const auto report = fixture.store(ops);
  REQUIRE_FALSE(report);
  CHECK(report.error().kind == ErrorKind::durability);
  CHECK(*fixture.find() == Presence::absent);
  CHECK(ops.synced_again_after_failure().empty());
  CHECK(fixture.store());
}
