// Removing an object, or setting a damaged one aside, while the file system fails at each operation in turn.

#include "tests/fault/faults.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::FaultyFileOps;
using testing::StoreFixture;
using testing::Trouble;

namespace {

// Every file of the dataset that has these bytes.
std::size_t copies_of(const std::string& bytes, const StoreFixture& fixture) {
  std::size_t copies = 0;
  for (const std::string& name : fixture.tree())
    if (name.back() != '/' && testing::read_file(fixture.dataset_path + "/" + name) == bytes) ++copies;
  return copies;
}

}  // namespace

TEST_CASE(
    "whatever fails while an object is removed, it is whole or gone, and a retry leaves nothing of it") {
  const std::string bytes = testing::sample_bytes(4096);
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const StoreFixture fixture(bytes, "2", testing::fast_parent());
      fixture.put(bytes);
      const auto removed = fixture.remove(ops);
      INFO("at " << testing::failed_operation(ops) << ": "
                 << (removed ? "removed" : removed.error().message));
      const auto found = fixture.find();
      REQUIRE(found);
      CHECK((*found == Presence::absent || testing::read_file(fixture.object()) == bytes));
      if (removed) CHECK(*found == Presence::absent);

      ops.recover();
      REQUIRE(fixture.remove(ops));
      CHECK(fixture.tree() == std::vector<std::string>{"annex/", "annex/objects/"});
    });
  }
}

TEST_CASE("whatever fails while a damaged object is set aside, its bytes stay in one place or the other") {
  const std::string bytes = "damaged";
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const StoreFixture fixture(testing::sample_bytes(4096), "2", testing::fast_parent());
      fixture.put(bytes);
      std::optional<std::string> place;
      if (auto dataset = fixture.try_open(ops)) {
        if (const auto moved = dataset->quarantine(fixture.key)) place = *moved;
      }
      INFO("at " << testing::failed_operation(ops));
      CHECK(copies_of(bytes, fixture) == 1);
      if (place) CHECK(testing::read_file(*place) == bytes);
      if (place) CHECK(fixture.find() == Presence::absent);
      if (place) CHECK(ops.not_durable(*place).empty());

      ops.recover();
      CHECK(fixture.open(ops).quarantine(fixture.key));
      CHECK(fixture.find() == Presence::absent);
      CHECK(copies_of(bytes, fixture) == 1);
    });
  }
}

TEST_CASE("whatever fails while an object is looked for, it is never said to be where it is not") {
  const std::string bytes = testing::sample_bytes(4096);
  for (const bool there : {false, true}) {
    for (const Trouble& trouble : testing::every_trouble()) {
      if (trouble.code == ENOENT) continue;  // that is what absence is known by
      testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
        const StoreFixture fixture(bytes, "2", testing::fast_parent());
        if (there) fixture.put(bytes);
        const auto found = fixture.find(ops);
        INFO("at " << testing::failed_operation(ops));
        if (found) CHECK(*found == (there ? Presence::present : Presence::absent));
      });
    }
  }
}
