// An archive that somebody seals or unpacks by hand while an object is looked for: it is never absent.

#include <filesystem>

#include "tests/support/archive_encoder.h"
#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;
namespace stdfs = std::filesystem;

namespace {

struct Moving : StoreFixture {
  void make_archive() const { write_file(archive(), archive_of({{open().member_path(key), bytes}})); }
  // Each puts the object down before it takes the other copy away.
  void unpack() const {
    put(bytes);
    stdfs::rename(archive(), scratch / "aside");
  }
  void seal() const {
    make_archive();
    stdfs::remove_all(dataset_path + "/annex");
  }
  [[nodiscard]] std::string archive() const { return dataset_path + "/archives/archive.7z"; }
};

// Calls `look` with `move` happening before its n-th operation, for each n.
template <class Start, class Move, class Look>
void at_every_operation(const Start& start, const Move& move, const Look& look) {
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(n);
    const Moving fixture;
    start(fixture);
    FaultyFileOps ops;
    const auto dataset = fixture.open(ops);
    ops.reset();
    bool moved = false;
    ops.before(n, [&] {
      moved = true;
      move(fixture);
    });
    look(fixture, dataset);
    if (n == 1) REQUIRE(moved);
    if (!moved) return;
  }
}

// An archive that changes while it is read is unknown for that moment.
const auto kFind = [](const Moving& fixture, const store::RiaDataset& dataset) {
  const auto found = dataset.find(fixture.key);
  if (found) {
    CHECK((*found == Presence::present || *found == Presence::archived));
  } else {
    CHECK(found.error().kind == ErrorKind::transient);
  }
};
const auto kRead = [](const Moving& fixture, const store::RiaDataset& dataset) {
  const auto object = dataset.open_object(fixture.key);
  if (object) {
    CHECK(content_of(*object) == fixture.bytes);
  } else {
    CHECK(object.error().kind == ErrorKind::transient);
  }
};

}  // namespace

TEST_CASE("an object is there all the time while its archive is unpacked and moved away") {
  const auto start = [](const Moving& fixture) { fixture.make_archive(); };
  const auto move = [](const Moving& fixture) { fixture.unpack(); };
  at_every_operation(start, move, kFind);
  at_every_operation(start, move, kRead);
}

TEST_CASE("an object is there all the time while it is sealed") {
  const auto start = [](const Moving& fixture) { fixture.put(fixture.bytes); };
  const auto move = [](const Moving& fixture) { fixture.seal(); };
  at_every_operation(start, move, kFind);
  at_every_operation(start, move, kRead);
}
