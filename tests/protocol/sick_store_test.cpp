// What the remote says when the store is not what it should be.

#include "remote/special_remote.h"

#include <filesystem>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

TEST_CASE("a store that is not there is not an empty store") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  bench.prepare();
  stdfs::rename(bench.scratch / "store", bench.scratch / "elsewhere");
  if (GENERATE(false, true))
    stdfs::create_directory(bench.scratch / "store");  // a mount point without its mount
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.check(key), "mounted"));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  // It may be mounted meanwhile, in one session.
  stdfs::remove(bench.scratch / "store");
  stdfs::rename(bench.scratch / "elsewhere", bench.scratch / "store");
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("a store that vanishes in the middle of a session is not an empty store") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  stdfs::rename(bench.scratch / "store", bench.scratch / "elsewhere");
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  // Another one in its place: what we held is stale, and the next request finds the new one.
  make_ria_store(bench.scratch / "store");
  bench.put(key, kSmall);
  bench.check(key);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("a dataset that the store does not have is no missing key") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  bench.conversation.answers["GETCONFIG archive-id"] = kUuid;
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.store(key, kSmall), "microstage connect"));
}

TEST_CASE("an unknown layout version is neither read nor written") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  bench.put(key, kSmall);
  const std::string object = bench.object(key);
  const std::string file = GENERATE("store", "dataset");
  const std::string text = GENERATE("3", "", "2x", "latest");
  write_file((file == "store" ? bench.scratch / "store" : bench.dataset) + "/ria-layout-version",
             text + "\n");
  bench.prepare();
  for (const std::string& answer :
       {bench.check(key), bench.store(key, kSmall), bench.remove(key), bench.retrieve(key)}) {
    CHECK_FALSE(has(answer, "SUCCESS"));
    CHECK(has(answer, "layout version"));
  }
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
  CHECK((read_file(object) == kSmall));
}

TEST_CASE("flags behind the version do not matter") {
  RemoteBench bench;
  write_file(bench.scratch / "store/ria-layout-version", "1|l\n");
  write_file(bench.dataset + "/ria-layout-version", "2|l\n");
  bench.prepare();
  CHECK(bench.check(key_for(kSmall)) == "CHECKPRESENT-FAILURE " + key_for(kSmall));
}

TEST_CASE("a key that may be in an archive which cannot be read is neither absent nor removable") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  write_file(bench.dataset + "/archives/archive.7z", "7z");
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("nothing is reached through a symbolic link, and such a thing is not absent") {
  const std::string key = key_for(kSmall);
  RemoteBench bench;
  bench.prepare();
  const stdfs::path object = bench.object(key);
  write_file(bench.scratch / "outside/" + key + "/" + key, kSmall);
  stdfs::create_directories(object.parent_path().parent_path());
  stdfs::create_directory_symlink(bench.scratch / "outside/" + key, object.parent_path());
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  CHECK((read_file(bench.scratch / "outside/" + key + "/" + key) == kSmall));
}
