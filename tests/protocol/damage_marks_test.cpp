// What a clone remembers of objects that are no copies: until when, and in which processes.

#include "remote/damage_marks.h"

#include <filesystem>

#include "lib/store/damaged_members.h"
#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

namespace {

// A damaged object that cannot be moved aside, for something is in the way.
struct MarkBench : RemoteBench {
  MarkBench() {
    prepare();
    put(key, flipped(kLarge));
    write_file(dataset + "/.microstage", "in the way");
  }
  void age(const std::string& path) const {  // as if it had been written long before
    stdfs::last_write_time(path, stdfs::last_write_time(path) - std::chrono::hours(1));
  }

  std::string key = key_for(kLarge);
  std::string mark = ".git/annex/microstage/" + kUuid + ".damaged/" + key;
};

}  // namespace

TEST_CASE("an object that was mended or replaced counts again, also where it has the same inode") {
  MarkBench bench;
  bench.age(bench.object(bench.key));
  CHECK(has(bench.retrieve(bench.key), "could not be moved"));
  CHECK(has(bench.check(bench.key), "CHECKPRESENT-UNKNOWN"));
  const auto inode =
      fs::File::open(fs::posix_file_ops(), bench.object(bench.key), O_RDONLY)->status()->identity;
  SECTION("mended in place") {
    write_file(bench.object(bench.key), kLarge);
    CHECK(fs::File::open(fs::posix_file_ops(), bench.object(bench.key), O_RDONLY)->status()->identity ==
          inode);
  }
  SECTION("another file") {
    bench.put(bench.key, kLarge);
  }
  if (GENERATE(false, true)) {
    bench.session();
    bench.prepare();
  }
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
}

TEST_CASE("what another process found out counts at once, and no longer than it holds") {
  MarkBench bench;
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
  SpecialRemote other(fs::posix_file_ops());
  FakeConversation conversation;
  conversation.answers = bench.conversation.answers;
  REQUIRE(other.serve({RequestType::prepare, {}, {}}, conversation).front() == "PREPARE-SUCCESS");
  const auto retrieved = other.serve({RequestType::retrieve, bench.key, bench.target}, conversation);
  CHECK(has(retrieved.front(), "could not be moved"));
  CHECK(has(bench.check(bench.key), "CHECKPRESENT-UNKNOWN"));
  stdfs::remove(bench.dataset + "/.microstage");
  bench.put(bench.key, kLarge);
  CHECK(other.serve({RequestType::retrieve, bench.key, bench.target}, conversation).front() ==
        "TRANSFER-SUCCESS RETRIEVE " + bench.key);
  CHECK_FALSE(exists(bench.mark));
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
}

TEST_CASE("a mark that cannot be read or makes no sense stands for any object, and ends with a proof") {
  MarkBench bench;
  const std::string text =
      GENERATE(as<std::string>{}, "", "any\n", "12345\n", "inode 1 size 2\n",
               "inode 1 size 2 modified 3 4\nunreadable x\n",
               "inode 1 size 2 modified 3 4\nunreadable 1 99999999999999999999\n", std::string(1000, 'x'));
  write_file(bench.mark, text);
  CHECK(has(bench.check(bench.key), "CHECKPRESENT-UNKNOWN"));
  stdfs::remove(bench.mark);
  stdfs::create_directory(bench.mark);  // nor can this be read
  CHECK(has(bench.check(bench.key), "CHECKPRESENT-UNKNOWN"));
  stdfs::remove(bench.mark);
  write_file(bench.mark, text);
  write_file(bench.object(bench.key), kLarge);
  CHECK(bench.retrieve(bench.key) == "TRANSFER-SUCCESS RETRIEVE " + bench.key);
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
  CHECK_FALSE(exists(".git/annex/microstage"));
}

TEST_CASE(
    "a mark says the state of the file and what of it could not be read, and is read as it was written") {
  const Scratch scratch;
  DamageMarks marks(fs::posix_file_ops(), scratch / "annex/marks");
  std::filesystem::create_directory(scratch / "annex");
  const annex::Key key = sha256_key("x");
  const std::string state = "inode 7 size 18446744073709551615 modified -1 999999999";
  const auto part = GENERATE(std::optional<ObjectPart>{}, std::optional(ObjectPart{1, 2}),
                             std::optional(ObjectPart{18446744073709551615ULL, 0}));
  marks.note(key, {state, part});
  DamageMarks others(fs::posix_file_ops(), scratch / "annex/marks");
  const auto found = others.find(key);
  REQUIRE(found);
  CHECK(found->state == state);
  REQUIRE(found->unreadable.has_value() == part.has_value());
  if (part) CHECK(found->unreadable->offset == part->offset);
  if (part) CHECK(found->unreadable->size == part->size);
  CHECK(store::parse_state_note(state)->modified == -1);
  CHECK_FALSE(others.find(sha256_key("y")));
  others.forget(key);
  CHECK_FALSE(marks.find(key));
  // Without a place they hold in this process.
  DamageMarks homeless(fs::posix_file_ops(), GENERATE(as<std::string>{}, "", "/proc/no/such"));
  homeless.note(key, {state, part});
  CHECK(homeless.find(key)->state == state);
  homeless.forget(key);
  CHECK_FALSE(homeless.find(key));
}
