// Objects in an archive, while the file system fails at each operation in turn.

#include "tests/fault/faults.h"
#include "tests/support/archive_encoder.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::Fault;
using testing::FaultyFileOps;
using testing::StoreFixture;
using testing::Trouble;

namespace {

struct Sealed : StoreFixture {
  Sealed(const std::string& content, bool there) : StoreFixture(content, "2", testing::fast_parent()) {
    sealed = testing::archive_of(
        {{"before/before", "x"}, {there ? open().member_path(key) : "another/another", content}}, true);
    testing::write_file(archive(), sealed);
  }
  [[nodiscard]] std::string archive() const { return dataset_path + "/archives/archive.7z"; }
  [[nodiscard]] bool untouched() const { return testing::read_file(archive()) == sealed; }

  std::string sealed;
};

const std::string kBytes = testing::sample_bytes(4096);

}  // namespace

TEST_CASE("whatever fails while an archived object is looked for, it is never said to be where it is not") {
  for (const bool there : {false, true}) {
    for (const Trouble& trouble : testing::every_trouble()) {
      if (trouble.code == ENOENT) continue;  // that is what absence is known by
      testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
        const Sealed fixture(kBytes, there);
        const auto dataset = fixture.try_open(ops);
        if (!dataset) return;
        for (int i = 0; i < 2; ++i) {  // the second meets what the first remembered
          const auto found = dataset->find(fixture.key);
          INFO("at " << testing::failed_operation(ops));
          if (found) CHECK(*found == (there ? Presence::archived : Presence::absent));
        }
        ops.recover();
        CHECK(dataset->find(fixture.key) == (there ? Presence::archived : Presence::absent));
      });
    }
  }
}

TEST_CASE(
    "whatever fails while an archived object is read, its bytes are right or missing, and a retry has them") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const Sealed fixture(kBytes, true);
      const auto dataset = fixture.try_open(ops);
      if (!dataset) return;
      const auto object = dataset->open_object(fixture.key);
      INFO("at " << testing::failed_operation(ops) << ": " << (object ? "opened" : object.error().message));
      const std::string content = object ? testing::content_of(*object) : "";
      CHECK((content.empty() || content == kBytes));
      if (trouble.fault == Fault::short_count) CHECK((content == kBytes));
      ops.recover();
      const auto again = dataset->open_object(fixture.key);
      REQUIRE(again);
      CHECK((testing::content_of(*again) == kBytes));
    });
  }
}

TEST_CASE("whatever fails while what is archived is removed, it is never a success, and nothing is lost") {
  for (const bool loose : {false, true}) {
    for (const Trouble& trouble : testing::every_trouble()) {
      // The first look at the archive is what tells that there is one; it cannot be told twice.
      if (trouble.code == ENOENT) continue;
      testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
        const Sealed fixture(kBytes, true);
        if (loose) fixture.put(kBytes);
        INFO("at " << testing::failed_operation(ops));
        CHECK_FALSE(fixture.remove(ops));
        CHECK(fixture.untouched());
        if (loose) CHECK((testing::read_file(fixture.object()) == kBytes));
      });
    }
  }
}

TEST_CASE("whatever fails while what is archived is stored, success is true, and a retry works") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const Sealed fixture(kBytes, true);
      const auto stored = fixture.store(ops);
      INFO("at " << testing::failed_operation(ops) << ": " << (stored ? "stored" : stored.error().message));
      CHECK(fixture.untouched());
      CHECK(fixture.find());
      ops.recover();
      REQUIRE(fixture.store(ops));
      CHECK(ops.synced_again_after_failure().empty());
      const auto object = fixture.open().open_object(fixture.key);
      REQUIRE(object);
      CHECK((testing::content_of(*object) == kBytes));
    });
  }
}

TEST_CASE("whatever fails while a damaged member is noted, the note is whole or not there") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const Sealed fixture(kBytes, true);
      const auto archive = fixture.open().holder_of(fixture.key);
      REQUIRE(archive);
      bool noted = false;
      if (auto dataset = fixture.try_open(ops))
        noted = dataset->note_damaged_member(fixture.key, archive->identity).value_or(false);
      INFO("at " << testing::failed_operation(ops));
      const auto found = fixture.find();
      REQUIRE(found);
      if (noted) CHECK(*found == Presence::wrong_size);
      ops.recover();
      REQUIRE(fixture.open(ops).note_damaged_member(fixture.key, archive->identity) == true);
      CHECK(fixture.find() == Presence::wrong_size);
      CHECK(fixture.untouched());
    });
  }
}
