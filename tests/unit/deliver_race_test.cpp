// Deliveries to one path at the same time, and others who meddle with the path meanwhile. Each race is made
// to happen at a chosen operation; the last case lets threads run freely.

#include <thread>

#include "tests/support/catch.h"
#include "tests/support/deliver_fixture.h"
#include "tests/support/faulty_file_ops.h"

using namespace microstage;
using testing::Clone;
using testing::FaultyFileOps;
using testing::kMiB;
using testing::read_file;
using testing::sample_bytes;
using testing::write_file;
using transfer::Delivery;
using transfer::DeliveryMode;

namespace {

constexpr std::size_t kSize = 3 * kMiB + 5;

DeliveryMode either_mode() {
  return GENERATE(DeliveryMode::follow, DeliveryMode::verify_once);
}

// Runs `act` once, when the delivery has `bytes` in place.
std::function<void(std::uint64_t)> once_at(std::uint64_t bytes, std::function<void()> act) {
  return [bytes, act = std::move(act), done = false](std::uint64_t now) mutable {
    if (now < bytes || std::exchange(done, true)) return;
    act();
  };
}

}  // namespace

TEST_CASE("a delivery that is under way keeps a second one out") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = either_mode();
  const Delivery second = clone.delivery;
  Status refused;
  clone.delivery.progress = once_at(kMiB, [&] { refused = Clone::deliver_from(clone.source_path, second); });
  REQUIRE(clone.deliver());
  CHECK(clone.right());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::transient);
}

TEST_CASE("a file that replaces the one being followed is not touched") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = DeliveryMode::follow;
  const std::uint64_t when = GENERATE(as<std::uint64_t>{}, 1, 2 * kMiB, kSize);
  CAPTURE(when);
  write_file(clone.scratch / "other", "somebody else's");
  clone.delivery.progress =
      once_at(when, [&] { std::filesystem::rename(clone.scratch / "other", clone.path); });
  const auto delivered = clone.deliver();
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::transient);
  CHECK(read_file(clone.path) == "somebody else's");
}

TEST_CASE("a followed file that another program writes to is left to it") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = DeliveryMode::follow;
  clone.delivery.progress = once_at(kMiB, [&] { write_file(clone.path, clone.bytes.substr(0, 2 * kMiB)); });
  const auto delivered = clone.deliver();
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::transient);
  CHECK((read_file(clone.path) == clone.bytes.substr(0, 2 * kMiB)));
}

TEST_CASE(
    "a file that another program makes too long at any moment is not handed over, even without a digest") {
  const std::string bytes = sample_bytes(2 * kMiB);
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(n);
    Clone clone(bytes);
    clone.delivery.mode = DeliveryMode::follow;
    clone.delivery.digest.reset();
    FaultyFileOps ops;
    ops.before(n, [&] { write_file(clone.path, bytes + "too long"); });
    if (clone.deliver(ops)) CHECK(clone.right());
    count = ops.count();
  }
}

TEST_CASE("a file that was handed over meanwhile is not made again, nor written to") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = DeliveryMode::follow;
  clone.delivery.progress =
      once_at(2 * kMiB, [&] { std::filesystem::rename(clone.path, clone.scratch / "object"); });
  CHECK_FALSE(clone.deliver());
  CHECK_FALSE(testing::exists(clone.path));
  CHECK(read_file(clone.scratch / "object").size() == 2 * kMiB);
}

TEST_CASE("a wrong copy is not removed through a name that somebody else's file has by then") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = DeliveryMode::follow;
  const std::string damaged = clone.damaged_source(0);
  write_file(clone.scratch / "other", clone.bytes);
  // The last operations are the look at the name and its removal; the look must see the other file.
  FaultyFileOps counting;
  REQUIRE_FALSE(Clone::deliver_from(damaged, clone.delivery, counting));
  const auto operations = counting.operations();
  REQUIRE(operations.back().op == testing::Op::unlink);
  FaultyFileOps ops;
  ops.before(operations.size() - 1, [&] { std::filesystem::rename(clone.scratch / "other", clone.path); });
  const auto delivered = Clone::deliver_from(damaged, clone.delivery, ops);
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().kind == ErrorKind::integrity);
  CHECK(clone.right());
}

TEST_CASE("a delivery whose file is handed over before it has the lock starts another") {
  Clone clone(sample_bytes(kSize));
  clone.delivery.mode = either_mode();
  write_file(clone.partial(), clone.bytes.substr(0, 1000));
  FaultyFileOps ops;
  ops.before(testing::Op::lock, 1,
             [&] { std::filesystem::rename(clone.partial(), clone.scratch / "object"); });
  REQUIRE(clone.deliver(ops));
  CHECK(clone.right());
  CHECK(read_file(clone.scratch / "object").size() == 1000);
}

TEST_CASE(
    "at whatever moment a whole delivery by the other way of writing comes between, the object is right") {
  const bool small = GENERATE(false, true);
  const DeliveryMode mode = either_mode();
  const DeliveryMode other = mode == DeliveryMode::follow ? DeliveryMode::verify_once : DeliveryMode::follow;
  const std::string bytes = sample_bytes(small ? 1000 : 2 * kMiB);
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(static_cast<int>(mode), small, n);
    Clone clone(bytes);
    clone.delivery.mode = mode;
    Delivery between = clone.delivery;
    between.mode = other;
    FaultyFileOps ops;
    Status meanwhile;
    ops.before(n, [&] { meanwhile = Clone::deliver_from(clone.source_path, between); });
    const auto delivered = clone.deliver(ops);
    count = ops.count();
    if (delivered || meanwhile) CHECK(clone.right());
    CHECK((delivered || delivered.error().kind == ErrorKind::transient));
    CHECK((meanwhile || meanwhile.error().kind == ErrorKind::transient));
    const std::string now = read_file(clone.path);
    CHECK((now == bytes.substr(0, now.size())));
  }
}

TEST_CASE("the private directory may be removed by whoever leaves it empty, at any moment") {
  const std::string bytes = sample_bytes(1000);
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(n);
    Clone clone(bytes);
    clone.delivery.mode = DeliveryMode::verify_once;
    FaultyFileOps ops;
    ops.before(n, [&] {
      std::error_code ignored;
      std::filesystem::remove(clone.scratch / "git/microstage/private", ignored);
      std::filesystem::remove(clone.scratch / "git/microstage", ignored);
    });
    REQUIRE(clone.deliver(ops));
    count = ops.count();
    CHECK(clone.right());
  }
}

TEST_CASE(
    "two deliveries at once, one of them from a damaged copy and given up midway, never hand over wrong "
    "bytes") {
  const DeliveryMode mode = either_mode();
  const bool cancelled = GENERATE(false, true);
  for (int round = 0; round < 20; ++round) {
    Clone clone(sample_bytes(kSize, static_cast<unsigned>(round)));
    clone.delivery.mode = mode;
    const std::string damaged_source = clone.damaged_source(static_cast<std::size_t>(round) * 70'000);
    Delivery damaged = clone.delivery;
    std::stop_source stop;
    damaged.stop = stop.get_token();
    if (cancelled) damaged.progress = once_at(2 * kMiB, [&] { stop.request_stop(); });
    Status from_good;
    Status from_damaged;
    {
      const std::jthread other([&] { from_damaged = Clone::deliver_from(damaged_source, damaged); });
      from_good = clone.deliver();
    }
    CAPTURE(static_cast<int>(mode), cancelled, round);
    if (from_damaged) CHECK(clone.right());  // it found the whole object there already
    if (from_good) CHECK(clone.right());
    CHECK((from_good || from_good.error().kind == ErrorKind::transient));
    // Whatever is left over, the next attempts make it right.
    for (int tries = 0; tries < 2 && !from_good; ++tries)
      from_good = clone.deliver();
    REQUIRE(from_good);
    CHECK(clone.right());
  }
}
