// What the remote does about objects whose bytes are wrong, and about partial copies.

#include "remote/special_remote.h"

#include <filesystem>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

TEST_CASE("a damaged object is never delivered, is moved aside, and can be replaced") {
  const bool once = GENERATE(false, true);
  const bool large = GENERATE(false, true);
  const std::string& bytes = large ? kLarge : kSmall;
  const std::string key = key_for(bytes);
  RemoteBench bench;
  if (once) bench.verify_once();
  bench.prepare();
  bench.put(key, flipped(bytes));
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);  // nobody has looked inside yet
  const std::string failed = bench.retrieve(key);
  CHECK(has(failed, "TRANSFER-FAILURE RETRIEVE " + key + " "));
  CHECK(has(failed, "damaged"));
  CHECK_FALSE(exists(bench.target));
  // git-annex asks for no removal after a failed retrieve, so its bytes must stop counting as a copy now.
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  REQUIRE(bench.quarantined().size() == 1);
  CHECK((read_file(bench.quarantined()[0]) == flipped(bytes)));
  CHECK(said(bench.conversation.informed, bench.quarantined()[0]));
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
}

TEST_CASE("where it cannot be moved aside it is still no copy") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  bench.prepare();
  bench.put(key, flipped(kLarge));
  // A file in the place of our directory stops every write below the dataset.
  write_file(bench.dataset + "/.microstage", "in the way");
  CHECK(has(bench.retrieve(key), "could not be moved"));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.store(key, kLarge), "TRANSFER-FAILURE STORE"));  // and not "it is there already"
  CHECK((read_file(bench.object(key)) == flipped(kLarge)));
  stdfs::remove(bench.dataset + "/.microstage");
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
  CHECK((read_file(bench.object(key)) == kLarge));
  CHECK(bench.quarantined().size() == 1);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE(
    "what could not be moved aside is no copy in later sessions either, until it is proven good or "
    "replaced") {
  const std::string key = key_for(kLarge);
  const std::string marks = ".git/annex/microstage/" + kUuid + ".damaged";
  RemoteBench bench;
  bench.prepare();
  bench.put(key, flipped(kLarge));
  write_file(bench.dataset + "/.microstage", "in the way");
  bench.retrieve(key);
  bench.session();
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  if (GENERATE(false, true)) write_file(marks + "/" + key, "torn");  // in doubt it counts
  bench.session();
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  if (GENERATE(false, true)) {
    write_file(bench.object(key), kLarge);  // the same inode, mended in place
    CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  } else {
    stdfs::remove(bench.dataset + "/.microstage");
    CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
  }
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK_FALSE(exists(marks));
  bench.session();
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("a removal of what was found damaged keeps it aside") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  bench.prepare();
  bench.put(key, flipped(kLarge));
  write_file(bench.dataset + "/.microstage", "in the way");
  bench.retrieve(key);
  stdfs::remove(bench.dataset + "/.microstage");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.quarantined().size() == 1);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("an object of the wrong size is absent, is moved aside by a removal, and is replaced by a store") {
  const std::string key = key_for(kSmall);
  const std::string bytes = GENERATE(std::string{}, kSmall.substr(0, 999), kSmall + "x");
  RemoteBench bench;
  bench.prepare();
  bench.put(key, bytes);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  CHECK_FALSE(exists(bench.target));
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
  if (GENERATE(false, true)) {
    CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
    CHECK(bench.quarantined().size() == 1);
  } else {
    CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
    CHECK((read_file(bench.object(key)) == kSmall));
  }
}

TEST_CASE("a partial copy from elsewhere that is wrong does not spoil the good object") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  bench.prepare();
  bench.put(key, kLarge);
  write_file(bench.target, flipped(kLarge).substr(0, 2'000'000));
  const std::string first = bench.retrieve(key);
  CHECK(has(first, "TRANSFER-FAILURE"));
  CHECK(bench.quarantined().empty());
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == kLarge));
}

TEST_CASE("a retrieve goes on from every length") {
  const std::string key = key_for(kLarge);
  const std::size_t length =
      GENERATE(as<std::size_t>{}, 0, 1, 1'000'000, 1'048'576, 2'999'999, 3'000'000, 3'000'001, 4'000'000);
  RemoteBench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  bench.put(key, kLarge);
  write_file(bench.target, (kLarge + kLarge).substr(0, length));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == kLarge));
}
