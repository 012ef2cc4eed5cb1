// ORA's settings of a clone and of a store, in a remote that takes its place.

#include <sys/stat.h>

#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;

namespace {

const std::string kClient = "99999999-2222-4333-8444-555555555555";

void configure(const std::vector<std::pair<std::string, std::string>>& settings) {
  ::setenv("GIT_CONFIG_COUNT", std::to_string(settings.size()).c_str(), 1);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    ::setenv(("GIT_CONFIG_KEY_" + std::to_string(i)).c_str(), settings[i].first.c_str(), 1);
    ::setenv(("GIT_CONFIG_VALUE_" + std::to_string(i)).c_str(), settings[i].second.c_str(), 1);
  }
}

struct Layouts {
  std::string store;
  std::string dataset;
};

std::string log_of(const RemoteBench& bench) {
  return bench.scratch / ("store/error_logs/" + std::string{kDatasetId} + "." + kClient + ".log");
}

// A store that lacks the key, with these version files.
void fail_once(RemoteBench& bench, const Layouts& layouts) {
  write_file(bench.scratch / "store/ria-layout-version", layouts.store);
  write_file(bench.dataset + "/ria-layout-version", layouts.dataset);
  bench.prepare();
  const std::string key = key_for(kSmall);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
}

}  // namespace

TEST_CASE("ora-force-write reads and writes an unknown layout, by either of its names") {
  const std::string name = GENERATE("remote.cap.ora-force-write", "annex.ora-remote.cap.force-write");
  const std::string value = GENERATE("true", "yes", "1", "false");
  RemoteBench bench;
  configure({{name, value}});
  const bool all = GENERATE(true, false);
  write_file((all ? bench.scratch / "store" : bench.dataset) + "/ria-layout-version", "7\n");
  bench.prepare();
  const bool forced = value != "false";
  const std::string key = key_for(kSmall);
  CHECK(has(bench.check(key), forced ? "CHECKPRESENT-FAILURE" : "CHECKPRESENT-UNKNOWN"));
  const std::string stored = bench.store(key, kSmall);
  CHECK(has(stored, forced ? "TRANSFER-SUCCESS" : "set remote.cap.ora-force-write to true"));
  CHECK(has(bench.retrieve(key), forced ? "TRANSFER-SUCCESS" : "TRANSFER-FAILURE"));
}

TEST_CASE("a switch that is neither on nor off is said so, before anything is written") {
  RemoteBench bench;
  configure({{"remote.cap.ora-force-write", "perhaps"}});
  bench.prepare();
  const std::string line = bench.store(key_for(kSmall), kSmall);
  CHECK(has(line, "remote.cap.ora-force-write is 'perhaps', which is neither true nor false"));
  CHECK_FALSE(exists(bench.dataset + "/annex"));
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE remote.cap.ora-force-write"));
}

TEST_CASE("a store that asks for it gets a log of errors from each client") {
  const auto layouts = GENERATE(Layouts{"1|l\n", "2\n"}, Layouts{"1\n", "2|l\n"}, Layouts{"1|xl\n", "1|l\n"});
  RemoteBench bench;
  std::filesystem::create_directories(bench.scratch / "store/error_logs");
  configure({{"annex.uuid", kClient}});
  fail_once(bench, layouts);
  const std::string first = read_file(log_of(bench));
  CHECK(has(first, ": Error:\nmicrostage "));
  CHECK(has(first, "cannot retrieve " + key_for(kSmall) + ": "));
  CHECK(first.back() == '\n');
  CHECK(has(bench.retrieve(key_for(kSmall)), "TRANSFER-FAILURE"));
  const std::string both = read_file(log_of(bench));
  CHECK(both.starts_with(first));
  CHECK(both.size() == 2 * first.size());
  CHECK(has(bench.check(key_for(kSmall)), "CHECKPRESENT-FAILURE"));  // no error
  CHECK(read_file(log_of(bench)) == both);
}

TEST_CASE(
    "no log of errors is written where nobody asks, where the user forbids it, or where it could lead "
    "elsewhere") {
  RemoteBench bench;
  std::filesystem::create_directories(bench.scratch / "store/error_logs");
  Layouts layouts{"1|l\n", "2|l\n"};
  std::vector<std::pair<std::string, std::string>> settings{{"annex.uuid", kClient}};
  SECTION("no flag") {
    layouts = {"1|x\n", "2\n"};
  }
  SECTION("ora-ignore-ria-config") {
    settings.emplace_back("remote.cap.ora-ignore-ria-config", "true");
  }
  SECTION("its first name") {
    settings.emplace_back("annex.ora-remote.cap.ignore-remote-config", "true");
  }
  SECTION("no uuid of the clone") {
    settings.clear();
  }
  SECTION("a hostile uuid of the clone") {
    settings = {{"annex.uuid", "../../../../../evil"}};
  }
  SECTION("no directory for it") {
    std::filesystem::remove(bench.scratch / "store/error_logs");
  }
  SECTION("a link instead of the directory") {
    std::filesystem::remove(bench.scratch / "store/error_logs");
    std::filesystem::create_directories(bench.scratch / "evil");
    std::filesystem::create_directory_symlink(bench.scratch / "evil", bench.scratch / "store/error_logs");
  }
  SECTION("a link instead of the log") {
    write_file(bench.scratch / "evil", "");
    std::filesystem::create_symlink(bench.scratch / "evil", log_of(bench));
  }
  SECTION("a pipe instead of the log") {
    REQUIRE(::mkfifo(log_of(bench).c_str(), 0666) == 0);
  }
  configure(settings);
  fail_once(bench, layouts);
  for (const std::string& name : bench.scratch.tree()) {
    CAPTURE(name);
    if (name.ends_with(".log") && std::filesystem::is_fifo(bench.scratch / name)) continue;
    if (name.ends_with(".log") || name.find("evil") == 0) CHECK(read_file(bench.scratch / name).empty());
  }
}

TEST_CASE("why presence is unknown is told once for all keys, and again when it is another reason") {
  RemoteBench bench;
  bench.prepare();
  std::filesystem::rename(bench.scratch / "store", bench.scratch / "away");
  CHECK(has(bench.check(key_for(kSmall)), "CHECKPRESENT-UNKNOWN"));
  CHECK(has(bench.check(key_for(kLarge)), "CHECKPRESENT-UNKNOWN"));
  REQUIRE(bench.conversation.informed.size() == 1);
  CHECK(
      has(bench.conversation.informed[0], "store is not there; is its file system mounted on this machine?"));
  std::filesystem::create_directories(bench.scratch / "store");
  CHECK(has(bench.check(key_for(kSmall)), "CHECKPRESENT-UNKNOWN"));
  REQUIRE(bench.conversation.informed.size() == 2);
  CHECK(has(bench.conversation.informed[1], "ria-layout-version"));
}

TEST_CASE("a store behind ssh is refused with what to do") {
  RemoteBench bench;
  bench.conversation.answers["GETCONFIG url"] = "ria+ssh://host/data/store";
  bench.prepare();
  const std::string line =
      GENERATE(true, false) ? bench.ask(RequestType::init_remote) : bench.store(key_for(kSmall), kSmall);
  CHECK(has(line, "ria+ssh://host/data/store is reached by ssh, which microstage does not speak"));
  CHECK(has(line, "git config remote.cap.ora-url ria+file:///ITS/PATH"));
}

TEST_CASE("what only this clone's insteadOf makes a URL is recorded in full") {
  RemoteBench bench;
  const std::string url = bench.conversation.answers["GETCONFIG url"];
  configure({{"url.ria+file://" + bench.scratch.path() + "/.insteadOf", "short:"}});
  SECTION("a short name") {
    bench.conversation.answers["GETCONFIG url"] = "short:store";
    CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
    CHECK(bench.conversation.configs["url"] == url);
  }
  SECTION("a URL stays as it is") {
    CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
    CHECK_FALSE(bench.conversation.configs.contains("url"));
  }
}
