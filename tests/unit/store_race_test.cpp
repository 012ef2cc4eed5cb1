// Others at work on the same key, source or directories while an object is stored, read or removed. At each
// operation of ours in turn the other comes between; the last case lets threads run freely.

#include <cerrno>
#include <thread>

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

std::size_t either_size() {
  return GENERATE(as<std::size_t>{}, 1000, 2'500'000);
}

// Stores once per operation of storing, with `meddle` just before it, and lets `judge` look at the result.
template <class Meddle, class Judge>
void store_with_meddling(const std::string& bytes, const Meddle& meddle, const Judge& judge) {
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(n);
    const StoreFixture fixture(bytes);
    FaultyFileOps ops;
    ops.before(n, [&] { meddle(fixture); });
    const auto stored = fixture.store(ops);
    count = ops.count();
    judge(fixture, stored);
    if (stored) CHECK(ops.not_durable(fixture.object()).empty());
  }
}

bool right(const StoreFixture& fixture) {
  return read_file(fixture.object()) == fixture.bytes;
}

void remove_file(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

}  // namespace

TEST_CASE(
    "a whole store of the same key may come between at any moment: both succeed and nothing is left over") {
  store_with_meddling(
      sample_bytes(either_size()), [](const StoreFixture& fixture) { CHECK(fixture.store()); },
      [](const StoreFixture& fixture, const auto& stored) {
        CHECK(stored);
        CHECK(right(fixture));
        CHECK(fixture.tree() == fixture.tree_with_object_only());
      });
}

TEST_CASE("a removal may come between at any moment: the store succeeds, and the object is whole or absent") {
  store_with_meddling(
      sample_bytes(either_size()), [](const StoreFixture& fixture) { CHECK(fixture.remove()); },
      [](const StoreFixture& fixture, const auto& stored) {
        CHECK(stored);
        const auto found = fixture.find();
        REQUIRE(found);
        CHECK((*found == Presence::absent || right(fixture)));
        if (*found == Presence::present) CHECK(fixture.tree() == fixture.tree_with_object_only());
      });
}

TEST_CASE("a removal of the last object beside it does not take the way from under a store") {
  // Two keys may share their first directories; here the removal prunes all that is empty.
  store_with_meddling(
      sample_bytes(1000),
      [](const StoreFixture& fixture) {
        const std::filesystem::path object = fixture.object();
        for (auto path = object.parent_path(); path.filename() != "objects"; path = path.parent_path())
          remove_file(path);
        remove_file(fixture.dataset_path + "/.microstage");
      },
      [](const StoreFixture& fixture, const auto& stored) {
        CHECK(stored);
        CHECK(right(fixture));
      });
}

TEST_CASE("a source that is dropped at any moment is stored whole or not at all") {
  store_with_meddling(
      sample_bytes(either_size()), [](const StoreFixture& fixture) { remove_file(fixture.source); },
      [](const StoreFixture& fixture, const auto& stored) {
        if (!stored) CHECK(stored.error().kind == ErrorKind::source_changed);
        CHECK(fixture.find() == (stored ? Presence::present : Presence::absent));
        if (stored) CHECK(right(fixture));
      });
}

TEST_CASE(
    "a source that is changed at any moment, keeping its size, is stored as its key says or not at all") {
  const std::string bytes = sample_bytes(either_size());
  const std::string other = sample_bytes(bytes.size(), 2);
  store_with_meddling(
      bytes, [&](const StoreFixture& fixture) { write_file(fixture.source, other); },
      [](const StoreFixture& fixture, const auto& stored) {
        CHECK(fixture.find() == (stored ? Presence::present : Presence::absent));
        if (stored) CHECK(right(fixture));
        if (stored) return;
        CHECK((stored.error().kind == ErrorKind::source_changed ||
               stored.error().kind == ErrorKind::integrity));
      });
}

TEST_CASE("a source that cannot be hashed and is changed after it was looked at is a changed source") {
  StoreFixture fixture("abc");
  fixture.key = testing::key_of("WORM-s3-m1--x");
  FaultyFileOps ops;
  auto dataset = fixture.open(ops);
  ops.reset();
  ops.before(Op::read, 1, [&] {
    write_file(fixture.source, "xyz");
    std::filesystem::last_write_time(fixture.source,
                                     std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  });
  const auto stored = dataset.store(fixture.key, fixture.source, {});
  REQUIRE_FALSE(stored);
  CHECK(stored.error().kind == ErrorKind::source_changed);
  CHECK(fixture.find() == Presence::absent);
}

TEST_CASE("a source that shrinks or grows at any moment never becomes a partial object") {
  const std::string bytes = sample_bytes(2'500'000);
  const std::size_t size = GENERATE(as<std::size_t>{}, 0, 2'499'999, 2'500'001);
  store_with_meddling(
      bytes, [&](const StoreFixture& fixture) { std::filesystem::resize_file(fixture.source, size); },
      [](const StoreFixture& fixture, const auto& stored) {
        CHECK(fixture.find() == (stored ? Presence::present : Presence::absent));
        if (stored) CHECK(right(fixture));
      });
}

TEST_CASE("the object of a read that has begun may be removed or replaced at any moment") {
  const bool replaced = GENERATE(false, true);
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(replaced, n);
    const StoreFixture fixture(sample_bytes(1000));
    REQUIRE(fixture.store());
    FaultyFileOps ops;
    const auto dataset = fixture.open(ops);
    ops.reset();
    ops.before(n, [&] {
      CHECK(fixture.remove());
      if (replaced) CHECK(fixture.store());
    });
    const auto object = dataset.open_object(fixture.key);
    if (object) CHECK(testing::content_of(*object) == fixture.bytes);
    if (!object) CHECK(object.error().kind == ErrorKind::not_found);
    count = ops.count();
  }
}

TEST_CASE("a store may come between a removal at any moment: the object is whole or absent") {
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(n);
    const StoreFixture fixture(sample_bytes(1000));
    REQUIRE(fixture.store());
    FaultyFileOps ops;
    ops.before(n, [&] { CHECK(fixture.store()); });
    CHECK(fixture.remove(ops));
    count = ops.count();
    const auto found = fixture.find();
    REQUIRE(found);
    CHECK((*found == Presence::absent || right(fixture)));
  }
}

TEST_CASE("a store that vanishes at any moment of a look is never taken for an absent object") {
  for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
    CAPTURE(n);
    const StoreFixture fixture;
    fixture.put(fixture.bytes);
    FaultyFileOps ops;
    const auto dataset = fixture.open(ops);
    ops.reset();
    ops.before(n, [&] { std::filesystem::remove_all(fixture.scratch / "store"); });
    const auto found = dataset.find(fixture.key);
    count = ops.count();
    if (found) CHECK(*found == Presence::present);
    if (!found) CHECK(found.error().kind == ErrorKind::mount_sick);
  }
}

TEST_CASE("many threads store, read and remove one key at once, and nobody ever sees a wrong byte") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 40;
  const StoreFixture fixture(sample_bytes(200'000));
  auto shared = fixture.open();
  std::vector<std::string> complaints(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int id = 0; id < kThreads; ++id) {
      threads.emplace_back([&, id] {
        const auto complain = [&](const Error& error) {
          complaints[static_cast<std::size_t>(id)] = error.message;
        };
        auto own = fixture.open();
        auto& dataset = id % 2 == 0 ? shared : own;  // within one program, and between two
        for (int round = 0; round < kRounds; ++round) {
          if (const auto stored = dataset.store(fixture.key, fixture.source, {}); !stored)
            complain(stored.error());
          if (const auto object = dataset.open_object(fixture.key)) {
            if (testing::content_of(*object) != fixture.bytes) complain({ErrorKind::bug, "wrong bytes", 0});
          } else if (object.error().kind != ErrorKind::not_found) {
            complain(object.error());
          }
          if (round % 3 != id % 3) continue;
          if (const auto removed = dataset.remove(fixture.key); !removed) complain(removed.error());
        }
      });
    }
  }
  CHECK(complaints == std::vector<std::string>(kThreads));
  CHECK(fixture.store());
  CHECK(right(fixture));
}
