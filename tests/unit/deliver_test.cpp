// Deliveries one after another: fresh, resumed, damaged. Those at the same time: deliver_race_test.cpp.

#include <sys/stat.h>

#include "tests/support/catch.h"
#include "tests/support/deliver_fixture.h"
#include "tests/support/faulty_file_ops.h"

using namespace microstage;
using testing::Clone;
using testing::kMiB;
using testing::read_file;
using testing::sample_bytes;
using testing::write_file;
using transfer::DeliveryMode;

namespace {

DeliveryMode either_mode() {
  return GENERATE(DeliveryMode::follow, DeliveryMode::verify_once);
}

const std::vector<std::string> kOnlyTheObject{"git/annex/tmp/KEY"};

}  // namespace

TEST_CASE("a fresh delivery brings every byte and leaves nothing else") {
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 1000, kMiB - 1, kMiB, 5 * kMiB + 3);
  const DeliveryMode mode = either_mode();
  const bool hashed = GENERATE(true, false);
  CAPTURE(size, static_cast<int>(mode), hashed);
  Clone clone(sample_bytes(size));
  clone.delivery.mode = mode;
  if (!hashed) clone.delivery.digest.reset();
  REQUIRE(clone.deliver());
  CHECK(clone.right());
  CHECK(clone.files() == kOnlyTheObject);
}

TEST_CASE("a delivery goes on from a right prefix of any length, and replaces what is too long") {
  const DeliveryMode mode = either_mode();
  const std::size_t size = GENERATE(as<std::size_t>{}, 1000, 3 * kMiB + 5);
  const std::string bytes = sample_bytes(size);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, size / 3, size - 1, size, size + 1, 2 * size}) {
    CAPTURE(static_cast<int>(mode), size, length);
    Clone clone(bytes);
    clone.delivery.mode = mode;
    write_file(clone.partial(), (bytes + bytes).substr(0, length));
    REQUIRE(clone.deliver());
    CHECK(clone.right());
    CHECK(clone.files() == kOnlyTheObject);
  }
}

TEST_CASE("an earlier file at the path does not confuse a delivery that fills a private one") {
  Clone clone(sample_bytes(GENERATE(as<std::size_t>{}, 1000, 2 * kMiB)));
  clone.delivery.mode = DeliveryMode::verify_once;
  write_file(clone.path, GENERATE(as<std::string>{}, "", "wrong bytes", std::string(3 * kMiB, 'x')));
  REQUIRE(clone.deliver());
  CHECK(clone.right());
}

TEST_CASE("a damaged source is never delivered, and nothing of it stays") {
  const DeliveryMode mode = either_mode();
  const std::size_t size = GENERATE(as<std::size_t>{}, 1000, 5 * kMiB + 3);
  const bool resumed = GENERATE(false, true);
  CAPTURE(static_cast<int>(mode), size, resumed);
  Clone clone(sample_bytes(size));
  clone.delivery.mode = mode;
  if (resumed) write_file(clone.partial(), clone.bytes.substr(0, size / 3));
  const auto delivered = Clone::deliver_from(clone.damaged_source(size / 2), clone.delivery);
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::integrity);
  CHECK(clone.files().empty());
  CHECK(clone.deliver());
  CHECK(clone.right());
}

TEST_CASE("a damaged earlier part is thrown away, and at the latest the next attempt succeeds") {
  const DeliveryMode mode = either_mode();
  const std::size_t size = GENERATE(as<std::size_t>{}, 1000, 3 * kMiB + 5);
  const std::size_t length = GENERATE(as<std::size_t>{}, 1, 999, 1000);
  CAPTURE(static_cast<int>(mode), size, length);
  Clone clone(sample_bytes(size));
  clone.delivery.mode = mode;
  write_file(clone.partial(), std::string(length, 'x'));
  if (const auto first = clone.deliver(); !first) {
    CHECK(first.error().kind == ErrorKind::transient);
    CHECK(mode == DeliveryMode::follow);
    CHECK(clone.files().empty());
    REQUIRE(clone.deliver());
  }
  CHECK(clone.right());
  CHECK(clone.files() == kOnlyTheObject);
}

TEST_CASE(
    "a source that is cut while it is read is a changed source, and a large object's right part stays for "
    "the "
    "next attempt") {
  const DeliveryMode mode = either_mode();
  const std::size_t size = GENERATE(as<std::size_t>{}, 1000, 3 * kMiB + 5);
  CAPTURE(static_cast<int>(mode), size);
  Clone clone(sample_bytes(size));
  clone.delivery.mode = mode;
  auto file = std::make_shared<fs::File>(
      std::move(*fs::File::open(fs::posix_file_ops(), clone.source_path, O_RDONLY)));
  transfer::FileSource source(file, 0, size);
  std::filesystem::resize_file(clone.source_path, size - 1);
  const auto delivered = transfer::deliver(fs::posix_file_ops(), source, clone.delivery);
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::source_changed);
  const std::string part = read_file(clone.partial());
  CHECK((part == clone.bytes.substr(0, part.size())));
  CHECK(part.size() == (size > kMiB ? 3 * kMiB : 0));
  write_file(clone.source_path, clone.bytes);
  REQUIRE(clone.deliver());
  CHECK(clone.right());
}

TEST_CASE("a cancelled delivery hands nothing over and can be resumed") {
  const DeliveryMode mode = either_mode();
  CAPTURE(static_cast<int>(mode));
  Clone clone(sample_bytes(5 * kMiB));
  clone.delivery.mode = mode;
  std::stop_source stop;
  clone.delivery.stop = stop.get_token();
  clone.delivery.progress = [&](std::uint64_t bytes) {
    if (bytes >= 2 * kMiB) stop.request_stop();
  };
  const auto delivered = clone.deliver();
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::cancelled);
  CHECK((read_file(clone.partial()) == clone.bytes.substr(0, 2 * kMiB)));
  if (mode == DeliveryMode::verify_once) CHECK_FALSE(testing::exists(clone.path));
  clone.delivery.stop = {};
  clone.delivery.progress = nullptr;
  testing::FaultyFileOps ops;
  REQUIRE(clone.deliver(ops));
  CHECK(clone.right());
  CHECK(ops.count_of(testing::Op::write) == 3);  // the rest alone was written
}

TEST_CASE("a read-only part of an earlier attempt is replaced, not written to") {
  Clone clone(sample_bytes(2 * kMiB));
  clone.delivery.mode = either_mode();
  write_file(clone.partial(), clone.bytes.substr(0, 1000));
  std::filesystem::create_hard_link(clone.partial(), clone.scratch / "other");
  REQUIRE(::chmod(clone.partial().c_str(), 0444) == 0);
  const testing::OrdinaryUser user(clone.scratch);
  REQUIRE(clone.deliver());
  CHECK(clone.right());
  CHECK(read_file(clone.scratch / "other").size() == 1000);
}

TEST_CASE("neither a directory nor a symbolic link at the path is written to") {
  Clone clone(sample_bytes(2 * kMiB));
  clone.delivery.mode = DeliveryMode::follow;
  write_file(clone.scratch / "elsewhere", "precious");
  std::filesystem::create_symlink(clone.scratch / "elsewhere", clone.path);
  CHECK_FALSE(clone.deliver());
  CHECK(read_file(clone.scratch / "elsewhere") == "precious");
  std::filesystem::remove(clone.path);
  std::filesystem::create_directory(clone.path);
  CHECK(clone.deliver().error().kind == ErrorKind::invalid);
  clone.delivery.mode = DeliveryMode::verify_once;
  CHECK(clone.deliver().error().kind == ErrorKind::invalid);
}

TEST_CASE("where the private directory is on another file system, the private file lies beside the path") {
  const testing::Scratch memory("/dev/shm");
  Clone clone(sample_bytes(2 * kMiB));
  clone.delivery.mode = DeliveryMode::verify_once;
  clone.delivery.private_directory = memory / "private";
  SECTION("and is renamed from there") {
    REQUIRE(clone.deliver());
    CHECK(clone.right());
    CHECK(clone.files() == kOnlyTheObject);
  }
  SECTION("also for a key as long as a file name can be") {
    const std::string longest(255, 'K');
    clone.delivery.private_name = longest;
    clone.delivery.path = clone.scratch / "git/annex/tmp/" + longest;
    REQUIRE(clone.deliver());
    CHECK((read_file(clone.delivery.path) == clone.bytes));
    CHECK(clone.files().size() == 1);
  }
  SECTION("and is resumed there, under a name that no key can have") {
    clone.delivery.private_name = testing::sha256_key(clone.bytes).file_name();
    std::stop_source stop;
    clone.delivery.stop = stop.get_token();
    clone.delivery.progress = [&](std::uint64_t) { stop.request_stop(); };
    REQUIRE_FALSE(clone.deliver());
    REQUIRE(clone.files().size() == 1);
    const std::string name = clone.files().front().substr(std::string("git/annex/tmp/").size());
    CHECK_FALSE(annex::Key::parse(name));
    clone.delivery.stop = {};
    testing::FaultyFileOps ops;
    REQUIRE(clone.deliver(ops));
    CHECK(ops.count_of(testing::Op::write) == 1);
    CHECK(clone.files() == kOnlyTheObject);
  }
}

TEST_CASE("what did not reach the medium is not kept to go on from") {
  Clone clone(sample_bytes(20 * kMiB));
  clone.delivery.mode = DeliveryMode::verify_once;
  testing::FaultyFileOps ops;
  ops.fail_all(testing::Op::writeback, EIO);
  const auto delivered = clone.deliver(ops);
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::durability);
  CHECK(clone.files().empty());
  ops.recover();
  REQUIRE(clone.deliver(ops));
  CHECK(clone.right());
}
