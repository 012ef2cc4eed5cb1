// What the remote tells of itself, and how it is set up.

#include "remote/special_remote.h"

#include <chrono>
#include <filesystem>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
namespace stdfs = std::filesystem;

TEST_CASE("a request before PREPARE fails, and the remote lives on") {
  RemoteBench bench;
  const std::string key = key_for(kSmall);
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE STORE"));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
  CHECK(bench.ask(RequestType::get_cost) == "COST 190");
  bench.prepare();
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
}

TEST_CASE("PREPARE says what is missing") {
  RemoteBench bench;
  bench.conversation.answers.erase("GETCONFIG url");
  CHECK(has(bench.ask(RequestType::prepare), "PREPARE-FAILURE "));
}

TEST_CASE("PREPARE does not need the store") {
  RemoteBench bench;
  stdfs::remove_all(bench.scratch / "store");
  bench.prepare();
}

TEST_CASE("availability is UNAVAILABLE only where that word was agreed on") {
  RemoteBench bench;
  bench.prepare();
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY LOCAL");
  bench.session();
  bench.prepare();
  stdfs::remove_all(bench.scratch / "store");
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY LOCAL");
  bench.conversation.extensions.insert(Extension::unavailable_response);
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY UNAVAILABLE");
}

TEST_CASE("cost and availability go by the kind of URL") {
  RemoteBench bench;
  bench.conversation.answers["GETCONFIG url"] = "ria+http://store.example/x";
  bench.prepare();
  CHECK(bench.ask(RequestType::get_cost) == "COST 190");
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY GLOBAL");
  CHECK(has(bench.check(key_for(kSmall)), "CHECKPRESENT-UNKNOWN"));
  bench.conversation.answers["GETCONFIG url"] = "ria+file:///anywhere";
  bench.session();
  bench.prepare();
  CHECK(bench.ask(RequestType::get_cost) == "COST 90");
}

TEST_CASE("info tells where, which layout, how much and who verifies") {
  RemoteBench bench;
  const bool once = GENERATE(false, true);
  if (once) bench.verify_once();
  bench.prepare();
  bench.store(key_for(kSmall), kSmall);
  const auto lines = bench.served->serve({RequestType::get_info, {}, {}}, bench.conversation);
  CHECK(lines.back() == "INFOEND");
  CHECK(said(lines, "INFOVALUE ria+file://" + bench.scratch.path() + "/store"));
  CHECK(said(lines, "INFOVALUE " + std::string{kDatasetId}));
  CHECK(said(lines, "INFOVALUE 2 (mixed hash directories)"));
  CHECK(said(lines, "INFOVALUE 1 (1.0 kB)"));
  CHECK(said(lines, once ? "verify-once" : "follows"));
}

TEST_CASE("a stopped transfer leaves nothing in the store and a prefix, or nothing, in the clone") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  bench.put(key, kLarge);
  bench.conversation.stop.request_stop();
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(kLarge.starts_with(read_file(bench.target)));
  CHECK(bench.quarantined().empty());
  const std::string other = key_for(kLarge + "x");
  CHECK(has(bench.store(other, kLarge + "x"), "TRANSFER-FAILURE"));
  CHECK_FALSE(exists(bench.object(other)));
  bench.session();
  CHECK_FALSE(exists(bench.dataset + "/.microstage"));
}

TEST_CASE("each byte of progress is a byte of this file") {
  const std::string key = key_for(kLarge);
  RemoteBench bench;
  bench.prepare();
  bench.store(key, kLarge);
  REQUIRE_FALSE(bench.conversation.progressed.empty());
  CHECK(bench.conversation.progressed.back() == kLarge.size());
  CHECK(std::is_sorted(bench.conversation.progressed.begin(), bench.conversation.progressed.end()));
}

TEST_CASE("INITREMOTE settles the dataset's id and can be repeated") {
  RemoteBench bench;
  ::setenv("GIT_WORK_TREE", ".", 1);
  write_file(".datalad/config", "[datalad \"dataset\"]\n\tid = " + std::string{kDatasetId} + "\n");
  bench.conversation.answers["GETCONFIG archive-id"] = "";
  for (int times = 0; times < 2; ++times) {
    CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
    CHECK(bench.conversation.configs["archive-id"] == kDatasetId);
  }
  stdfs::remove_all(".datalad");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
  CHECK(bench.conversation.configs["archive-id"] == kUuid);
  bench.conversation.answers["GETCONFIG archive-id"] = "../../etc";
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE archive-id"));
  ::unsetenv("GIT_WORK_TREE");
}

TEST_CASE("INITREMOTE wants a good url but no store") {
  RemoteBench bench;
  stdfs::remove_all(bench.scratch / "store");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
  CHECK(said(bench.conversation.informed, "mounted"));
  const std::string url =
      GENERATE("", "/data/store", "ria+file://store", "ria+file:///store#id", "ria+ftp://x/y");
  bench.conversation.answers["GETCONFIG url"] = url;
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE "));
}

TEST_CASE("a remote's uuid that is no UUID never becomes a path") {
  RemoteBench bench;
  bench.conversation.answers["GETUUID"] = "../../../victim";
  write_file("./victim/thesis", "years of work");
  stdfs::last_write_time("victim/thesis", stdfs::file_time_type::clock::now() - std::chrono::hours(24 * 365));
  const std::string key = key_for(kSmall);
  bench.put(key, kSmall);
  bench.prepare();
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  bench.session();
  CHECK(read_file("./victim/thesis") == "years of work");
}

TEST_CASE("a second uuid for the content of a store is refused") {
  RemoteBench bench;
  write_file(bench.dataset + "/config",
             "[datalad \"ora-remote\"]\n\tuuid = 99999999-2222-4333-8444-555555555555\n");
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE "));
  write_file(bench.dataset + "/config", "[datalad \"ora-remote\"]\n\tuuid = " + std::string{kUuid} + "\n");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
}
