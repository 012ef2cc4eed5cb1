// What the remote answers about objects in archives/archive.7z.

#include "tests/support/archive_encoder.h"
#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;

namespace {

struct SealedBench : RemoteBench {
  using RemoteBench::RemoteBench;

  [[nodiscard]] std::string archive() const { return dataset + "/archives/archive.7z"; }
  [[nodiscard]] std::string member(const std::string& key) const {
    return object(key).substr((dataset + "/annex/objects/").size());
  }
};

}  // namespace

TEST_CASE("a sealed object is present, retrieved, found, kept, and not stored again") {
  const std::string bytes = GENERATE(kSmall, kLarge);
  const std::string key = key_for(bytes);
  SealedBench bench(GENERATE("1", "2"));
  if (GENERATE(false, true)) bench.verify_once();
  const std::string member = bench.member(key);
  write_file(bench.archive(), archive_of({{"other", "x"}, {member, bytes}}));
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-SUCCESS " + bench.archive() + ", member " + member);
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK_FALSE(exists(bench.object(key)));
  const std::string other = key_for("other");
  CHECK(bench.check(other) == "CHECKPRESENT-FAILURE " + other);
  CHECK(bench.remove(other) == "REMOVE-SUCCESS " + other);
  for (const bool loose : {false, true}) {
    if (loose) bench.put(key, bytes);
    bench.session();
    bench.prepare();
    CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key + " cannot remove " + key + ": it is sealed in"));
    CHECK(exists(bench.object(key)) == loose);
    CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  }
}

TEST_CASE(
    "a damaged member is not delivered, not moved, not vouched for, and a good copy may stand beside it") {
  const std::string bytes = GENERATE(kSmall, kLarge);
  const std::string key = key_for(bytes);
  SealedBench bench;
  if (GENERATE(false, true)) bench.verify_once();
  write_file(bench.archive(), archive_of({{bench.member(key), flipped(bytes)}}));
  const std::string before = read_file(bench.archive());
  bench.prepare();
  const std::string answer = bench.retrieve(key);
  CHECK(has(answer, "TRANSFER-FAILURE"));
  CHECK(has(answer, bench.member(key) + " is damaged"));
  CHECK(has(answer, "Nothing was moved"));
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  if (GENERATE(false, true)) {  // the next process knows it, too
    bench.session();
    bench.prepare();
  }
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
  CHECK((read_file(bench.archive()) == before));
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
}

TEST_CASE("a damaged member that cannot be noted in the store is not vouched for in this clone") {
  const std::string key = key_for(kSmall);
  SealedBench bench;
  write_file(bench.archive(), archive_of({{bench.member(key), flipped(kSmall)}}));
  write_file(bench.dataset + "/.microstage", "in the way");
  bench.prepare();
  CHECK(has(bench.retrieve(key), "could not be noted"));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
  bench.session();
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
}

TEST_CASE("a damaged loose object is moved aside also where the archive has the key, which is then read") {
  const std::string key = key_for(kSmall);
  SealedBench bench;
  write_file(bench.archive(), archive_of({{bench.member(key), kSmall}}));
  bench.put(key, flipped(kSmall));
  bench.prepare();
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(bench.quarantined().size() == 1);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == kSmall));
}

TEST_CASE("an archive that is compressed leaves its keys unknown, with the method and what to do") {
  const std::string key = key_for(kSmall);
  SealedBench bench;
  ArchiveDraft draft;
  draft.members = {{"a", 10}};
  draft.method = {std::byte{1}, std::byte{0x21}};
  std::filesystem::create_directories(bench.dataset + "/archives");
  write_sparse_archive(draft, bench.archive());
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.check(key), "packed with LZMA2"));
  CHECK(has(bench.retrieve(key), "7z a -mx0"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
}
