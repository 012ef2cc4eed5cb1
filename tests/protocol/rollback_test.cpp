// Which removals are git-annex taking back a store, and what happens to them; keys that are special.

#include "remote/special_remote.h"

#include <filesystem>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

TEST_CASE("a removal right after our own store is git-annex's rollback and is refused") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  const std::string refused = bench.remove(key);
  CHECK(has(refused, "REMOVE-FAILURE " + key + " "));
  CHECK(has(refused, "the store keeps its copy"));
  CHECK((read_file(bench.object(key)) == kSmall));
  // Whoever asks again means it.
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK_FALSE(exists(bench.object(key)));
}

TEST_CASE("any other request for the key in between shows that the removal is meant") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  switch (GENERATE(0, 1, 2)) {
    case 0:
      bench.check(key);
      break;
    case 1:
      bench.retrieve(key);
      break;
    default:
      bench.ask(RequestType::where_is, key);
  }
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

TEST_CASE("what was there before a store is not taken away by its rollback") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.put(key, kSmall);
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "already"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK((read_file(bench.object(key)) == kSmall));
}

TEST_CASE("a rollback of what could not be hashed takes it out of sight and keeps it") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = "WORM-s1000-m1--plane.tif";
  bench.store(key, kSmall);
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  REQUIRE(bench.quarantined().size() == 1);
  CHECK((read_file(bench.quarantined()[0]) == kSmall));
}

TEST_CASE("requests for other keys in between show nothing") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  const std::string other = key_for(kLarge);
  bench.store(key, kSmall);
  bench.store(other, kLarge);
  bench.check(other);
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
}

TEST_CASE("a failed store is followed by no rollback of ours") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, flipped(kSmall));
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

TEST_CASE("the next session removes what an earlier one stored") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  bench.session();
  bench.prepare();
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

TEST_CASE("a manifest is always replaced and may always be removed") {
  RemoteBench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  const std::string key = "GITMANIFEST--" + kUuid;
  for (const std::string text : {"one\n", "two\n", "six\n", "a longer manifest\n", ""}) {
    CHECK(bench.store(key, text) == "TRANSFER-SUCCESS STORE " + key);
    CHECK(read_file(bench.object(key)) == text);
    CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
    CHECK(read_file(bench.target) == text);
  }
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  bench.store(key, "last\n");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("a bundle carries its digest") {
  RemoteBench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  const std::string digest = hex_digest({HashFamily::sha2, 256}, kLarge);
  const std::string key = "GITBUNDLE-s" + std::to_string(kLarge.size()) + "--" + kUuid + "-" + digest;
  CHECK(has(bench.store(key, flipped(kLarge)), "TRANSFER-FAILURE"));
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  bench.put(key, flipped(kLarge));
  stdfs::remove(bench.target);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
}

TEST_CASE("a key without a usable digest is checked by its size, and the report says so") {
  const std::string key =
      GENERATE("WORM-s1000-m1234567890--name.tif", "URL-s1000--http&c%%x%y", "XFOO-s1000--abc",
               "SHA256-s1000--tooshort", "SHA256E-s2000-S1000-C1--abc.tif");
  RemoteBench bench;
  bench.prepare();
  CHECK(has(bench.store(key, kSmall + "x"), "TRANSFER-FAILURE STORE " + key));
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "checked by its size only"));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  bench.put(key, kSmall.substr(1));
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
}

TEST_CASE("verify-once refuses what it cannot hash") {
  const std::string key =
      GENERATE("WORM-s1000-m1234567890--name.tif", "URL--http&c%%x%y", "XFOO-s1000--abc",
               "SHA256E-s2000-S1000-C1--abc.tif", "GPGHMACSHA1--0123456789abcdef", "SHA256-s1000--tooshort");
  RemoteBench bench;
  bench.verify_once();
  bench.prepare();
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  const std::string refused = bench.retrieve(key);
  CHECK(has(refused, "TRANSFER-FAILURE RETRIEVE " + key + " "));
  CHECK(has(refused, "cannot be verified"));
  CHECK_FALSE(exists(bench.target));
}

TEST_CASE("what is no key is refused, and presence of it is unknown") {
  const std::string key = GENERATE("nonsense", "SHA256E", "-s1--x", "SHA256E-s5--", "SHA256E-s5-S0-C1--x");
  RemoteBench bench;
  bench.prepare();
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE STORE " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
}
