// What the remote means by its answers to transfers.

#include "remote/special_remote.h"

#include <chrono>
#include <filesystem>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

TEST_CASE("an object goes in and comes out, in both layouts and both ways of verifying") {
  const std::string layout = GENERATE("1", "2");
  const bool once = GENERATE(false, true);
  const bool large = GENERATE(false, true);
  const std::string& bytes = large ? kLarge : kSmall;
  const std::string key = key_for(bytes);
  RemoteBench bench(layout);
  if (once) bench.verify_once();
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "every byte hashed"));
  CHECK((read_file(bench.object(key)) == bytes));
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-SUCCESS " + bench.object(key));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  bench.session();
  CHECK_FALSE(exists(bench.dataset + "/.microstage"));
  CHECK_FALSE(exists(".git/annex/microstage"));
}

TEST_CASE("a source that is not what its key says is not stored") {
  RemoteBench bench;
  bench.prepare();
  const std::string key = key_for(kLarge);
  const std::string bytes = GENERATE(flipped(kLarge), kLarge.substr(1), kLarge + "x", std::string{});
  CHECK(has(bench.store(key, bytes), "TRANSFER-FAILURE STORE " + key + " "));
  CHECK_FALSE(exists(bench.object(key)));
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.ask(RequestType::store, key, "no such file"), "gone"));
}

TEST_CASE("a source that changes while it is copied is not stored, also where its key has no digest") {
  const std::string size = std::to_string(kLarge.size());
  const std::string key = GENERATE_COPY(key_for(kLarge), "WORM-s" + size + "-m1--plane.tif");
  RemoteBench bench;
  bench.prepare();
  write_file("./source", kLarge);
  stdfs::last_write_time("source", stdfs::file_time_type::clock::now() - std::chrono::hours(1));
  bench.conversation.on_progress = [] { write_file("./source", flipped(kLarge)); };
  CHECK(has(bench.ask(RequestType::store, key, "source"), "TRANSFER-FAILURE STORE " + key));
  CHECK_FALSE(exists(bench.object(key)));
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
}

TEST_CASE("a source that vanishes while it is copied is stored, and the rollback is refused") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  bench.prepare();
  write_file("./source", kLarge);
  bench.conversation.on_progress = [] { stdfs::remove("source"); };
  CHECK(bench.ask(RequestType::store, key, "source") == "TRANSFER-SUCCESS STORE " + key);
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK((read_file(bench.object(key)) == kLarge));
}
