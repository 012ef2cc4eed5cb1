// Objects that the disk does not give: nobody vouches for them while that is so, and it is forgotten when it
// is over.

#include <filesystem>

#include "tests/fault/faults.h"
#include "tests/support/archive_encoder.h"
#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;

namespace {

const std::string kLoose = "/annex/objects/";
const std::string kArchive = "/archives/archive.7z";
constexpr std::uint64_t kPlace = 2'000'000;

// An object with a bad sector, loose or in the archive; other processes have no such trouble with it.
struct BadDisk : RemoteBench {
  explicit BadDisk(bool archived) {
    if (archived) {
      const std::string member = object(key).substr((dataset + kLoose).size());
      write_file(dataset + kArchive, archive_of({{member, kLarge}}));
    } else {
      put(key, kLarge);
    }
    part = archived ? kArchive : kLoose;
    if (GENERATE(false, true)) verify_once();
    session(ops);
    prepare();
  }
  ~BadDisk() { served.reset(); }
  void next_session() {
    session(ops);
    prepare();
  }

  FaultyFileOps ops;
  std::string key = key_for(kLarge);
  std::string part;
};

}  // namespace

TEST_CASE("what could not be read is not vouched for until it can be read again") {
  const bool archived = GENERATE(false, true);
  BadDisk bench(archived);
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
  bench.ops.bad_sector(bench.part, kPlace);
  const std::string failed = bench.retrieve(bench.key);
  CHECK(has(failed, "TRANSFER-FAILURE RETRIEVE " + bench.key));
  CHECK(has(failed, "Input/output error; until it can be read again it does not count as a copy"));
  for (const bool later : {false, true}) {
    if (later) bench.next_session();
    const std::string answer = bench.check(bench.key);
    CHECK(has(answer, "CHECKPRESENT-UNKNOWN " + bench.key));
    CHECK(has(answer, "could not be read, and still cannot"));
  }
  bench.ops.bad_sector({}, 0);
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
  CHECK(bench.retrieve(bench.key) == "TRANSFER-SUCCESS RETRIEVE " + bench.key);
  CHECK_FALSE(exists(".git/annex/microstage/" + kUuid + ".damaged"));
}

TEST_CASE("a good copy takes the place of one that cannot be read, which is kept") {
  BadDisk bench(false);
  bench.ops.bad_sector(bench.part, kPlace);
  bench.retrieve(bench.key);
  if (GENERATE(false, true)) CHECK(bench.remove(bench.key) == "REMOVE-SUCCESS " + bench.key);
  CHECK(bench.store(bench.key, kLarge) == "TRANSFER-SUCCESS STORE " + bench.key);
  CHECK(bench.quarantined().size() == 1);
  bench.ops.bad_sector("/quarantine/", kPlace);
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
  CHECK(bench.retrieve(bench.key) == "TRANSFER-SUCCESS RETRIEVE " + bench.key);
}

TEST_CASE("trouble that passes marks no good object for ever, whatever it was at") {
  const std::string key = key_for(kLarge);
  for (const Trouble& trouble : every_trouble()) {
    if (trouble.fault == Fault::short_count) continue;
    FaultyFileOps counting;
    std::uint64_t operations = 0;
    for (std::uint64_t n = 1; n == 1 || n <= operations; ++n) {
      CAPTURE(trouble.name, n);
      FaultyFileOps ops;
      RemoteBench bench;
      bench.put(key, kLarge);
      bench.session(ops);
      bench.prepare();
      ops.reset();
      ops.fail_at(n, trouble.fault, trouble.code);
      bench.retrieve(key);
      INFO("at " << failed_operation(ops));
      operations = ops.count();
      ops.recover();
      bench.check(key);  // a mount that seemed sick is opened anew
      CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
      CHECK_FALSE(exists(".git/annex/microstage/" + kUuid + ".damaged"));
      bench.served.reset();
    }
  }
}

TEST_CASE("while nothing can be read no copy is vouched for that was found unreadable") {
  BadDisk bench(false);
  bench.ops.bad_sector(bench.part, 0);
  bench.retrieve(bench.key);
  bench.ops.bad_sector({}, 0);
  for (const Op op : {Op::open, Op::read, Op::stat}) {
    bench.ops.fail_all(op, EIO);
    CHECK(has(bench.check(bench.key), "CHECKPRESENT-UNKNOWN"));
    bench.ops.fail_all(op, 0);
  }
  CHECK(bench.check(bench.key) == "CHECKPRESENT-SUCCESS " + bench.key);
}

TEST_CASE("what cannot be read is noticed, too, where the two tiers share its blocks") {
  const std::string bytes = sample_bytes(5'000'000);
  const std::string key = key_for(bytes);
  FaultyFileOps ops;
  ops.pretend_shared_blocks();
  RemoteBench bench;
  bench.put(key, bytes);
  if (GENERATE(false, true)) bench.verify_once();
  bench.session(ops);
  bench.prepare();
  ops.bad_sector("/", kPlace);  // of both, for it is one sector
  CHECK(
      has(bench.retrieve(key), "Input/output error; until it can be read again it does not count as a copy"));
  CHECK(ops.count_of(Op::clone) == 1);
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  ops.bad_sector({}, 0);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  bench.served.reset();
}
