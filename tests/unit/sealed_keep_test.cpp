// What is in a dataset's archive is kept: removing it, storing it again, and finding it damaged.

#include "lib/store/sealed_archive.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/sealed_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;

TEST_CASE("nothing is removed while the archive has it, not even a loose copy beside") {
  const Sealed fixture;
  const bool right = GENERATE(true, false);
  fixture.seal(right ? fixture.bytes : "another size");
  const bool loose = GENERATE(true, false);
  if (loose) fixture.put(fixture.bytes);
  const auto before = fixture.tree();
  const auto removed = fixture.remove();
  REQUIRE_FALSE(removed);
  CHECK(removed.error().kind == ErrorKind::unsupported);
  CHECK(removed.error().message.find(fixture.archive()) != std::string::npos);
  CHECK(fixture.tree() == before);
}

TEST_CASE("a removal during which the object is sealed is no success") {
  const Sealed fixture;
  fixture.put(fixture.bytes);
  FaultyFileOps ops;
  ops.before(Op::unlink, 1, [&] { fixture.seal(); });
  CHECK_FALSE(fixture.remove(ops));
  CHECK(fixture.find() == Presence::archived);
}

TEST_CASE("storing what the archive has copies nothing, and makes it durable") {
  const Sealed fixture;
  fixture.seal();
  FaultyFileOps ops;
  const auto stored = fixture.store(ops);
  REQUIRE(stored);
  CHECK(stored->already_there);
  CHECK(ops.count_of(Op::write) == 0);
  CHECK(ops.count_of(Op::sync) > 0);
  CHECK(fixture.tree() == std::vector<std::string>{"archives/", "archives/archive.7z"});
}

TEST_CASE("a good copy is stored beside an archived one that is damaged, and is what is read then") {
  const Sealed fixture;
  std::string wrong = fixture.bytes;
  wrong[3] ^= 1;
  fixture.seal(wrong);
  store::TransferControl control;
  control.replace = true;
  const auto stored = fixture.open().store(fixture.key, fixture.source, control);
  REQUIRE(stored);
  CHECK_FALSE(stored->already_there);
  CHECK(content_of(*fixture.open().open_object(fixture.key)) == fixture.bytes);
}

TEST_CASE("a loose object of the wrong size is replaced also where the archive has the right one") {
  const Sealed fixture;
  fixture.seal();
  fixture.put("short");
  CHECK_FALSE(fixture.store()->already_there);
  CHECK(read_file(fixture.object()) == fixture.bytes);
}

TEST_CASE("a damaged member stays where it is") {
  const Sealed fixture;
  fixture.seal("of this size");
  const auto before = read_file(fixture.archive());
  auto dataset = fixture.open();
  const auto object = dataset.open_object(fixture.key);
  REQUIRE(object);
  CHECK(dataset.quarantine(fixture.key, object->holder->identity)->has_value() == false);
  CHECK((read_file(fixture.archive()) == before));
  CHECK(fixture.find() == Presence::archived);
}

TEST_CASE("a member noted as damaged is no object for anybody until the archive is replaced") {
  const Sealed fixture;
  fixture.seal();
  const fs::Identity meant = fixture.open().holder_of(fixture.key)->identity;
  CHECK(fixture.open().note_damaged_member(fixture.key, {meant.device, meant.inode + 1}) == false);
  CHECK(fixture.find() == Presence::archived);
  FaultyFileOps ops;
  CHECK(fixture.open(ops).note_damaged_member(fixture.key, meant) == true);
  const std::string note = fixture.dataset_path + "/.microstage/damaged/" + fixture.key.file_name();
  CHECK(ops.not_durable(note).empty());
  CHECK(fixture.find() == Presence::wrong_size);
  CHECK_FALSE(fixture.open().whereabouts(fixture.key));
  CHECK_FALSE(fixture.remove());
  std::filesystem::permissions(fixture.archive(), std::filesystem::perms::owner_read);
  CHECK(fixture.find() == Presence::wrong_size);
  SECTION("a good copy goes beside it") {
    CHECK_FALSE(fixture.store()->already_there);
    CHECK(fixture.find() == Presence::present);
  }
  SECTION("a new archive is another matter") {
    write_file(fixture.scratch / "new", archive_of({{fixture.member(), fixture.bytes}}));
    std::filesystem::rename(fixture.scratch / "new", fixture.archive());
    CHECK(fixture.find() == Presence::archived);
  }
  SECTION("what cannot be looked at is no news") {
    std::filesystem::remove(note);
    std::filesystem::create_directory(note);
    CHECK_FALSE(fixture.find());
  }
}
