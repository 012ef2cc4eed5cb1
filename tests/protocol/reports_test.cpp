// What the remote reports of each request, and that reporting never stands in its way.

#include <sys/stat.h>
#include <unistd.h>

#include "lib/control/spool.h"
#include "tests/support/remote_bench.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
using control::Outcome;
using control::Report;
using control::Verified;

namespace {

// Reports go where a user's go.
struct Reports {
  Reports() {
    ::setenv("MICROSTAGE_SPOOL", "", 1);
    ::setenv("XDG_STATE_HOME", (bench.scratch / "state").c_str(), 1);
    ::setenv("SLURM_JOB_ID", "99", 1);
    ::setenv("LOGNAME", "alice", 1);
  }
  ~Reports() {
    for (const char* name : {"XDG_STATE_HOME", "SLURM_JOB_ID", "LOGNAME"})
      ::unsetenv(name);
  }
  [[nodiscard]] std::string directory() const { return bench.scratch / "state/microstage/spool"; }
  // Ends the session and reads what it left.
  std::vector<Report> all(const std::string& where) {
    bench.session();
    std::vector<Report> reports;
    if (!exists(where)) return reports;
    for (const auto& entry : std::filesystem::directory_iterator(where)) {
      const std::string text = read_file(entry.path());
      for (std::size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
        const auto line = control::parse_report(text.substr(at, text.find('\n', at) - at));
        REQUIRE(line);
        reports.push_back(line->report);
      }
    }
    return reports;
  }
  std::vector<Report> all() { return all(directory()); }

  RemoteBench bench;
};

}  // namespace

TEST_CASE("a store, a retrieve and a removal are reported with what is known of them") {
  Reports reports;
  reports.bench.prepare();
  const std::string key = key_for(kLarge);
  CHECK(has(reports.bench.store(key, kLarge), "SUCCESS"));
  CHECK(has(reports.bench.store(key, kLarge), "SUCCESS"));
  CHECK(has(reports.bench.retrieve(key), "SUCCESS"));
  CHECK(reports.bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(has(reports.bench.remove(key), "SUCCESS"));
  const auto all = reports.all();
  REQUIRE(all.size() == 4);
  CHECK(all[0].action == control::Action::store);
  CHECK(all[0].outcome == Outcome::done);
  CHECK(all[0].verified == Verified::hashed);
  CHECK(all[1].outcome == Outcome::existing);
  CHECK(all[1].verified == Verified::size);
  CHECK(all[2].action == control::Action::retrieve);
  CHECK(all[2].verified == Verified::hashed);
  CHECK(all[3].action == control::Action::remove);
  for (const Report& report : all) {
    CHECK(report.key == key);
    CHECK(report.bytes == kLarge.size());
    CHECK(report.dataset == kDatasetId);
    CHECK(report.clone == std::filesystem::current_path().string());
    CHECK(report.store == "ria+file://" + reports.bench.scratch.path() + "/store");
    CHECK(report.store_uuid == kUuid);
    CHECK(report.user == "alice");
    CHECK(report.uid == ::geteuid());
    CHECK(report.slurm_job == "99");
    CHECK(has(report.program, "git-annex-remote-microstage "));
    CHECK(report.time_us > 1'700'000'000'000'000);
    CHECK(report.duration_us > 0);
  }
  CHECK(all[0].hash == "sha256:" + key.substr(key.size() - 64));
}

TEST_CASE("what was read back from the medium says so") {
  Reports reports;
  reports.bench.conversation.answers["GETCONFIG verify"] = "readback";
  reports.bench.prepare();
  CHECK(has(reports.bench.store(key_for(kLarge), kLarge), "SUCCESS"));
  const auto all = reports.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].verified == Verified::read_back);
}

TEST_CASE("a failure is reported with its kind and its words") {
  Reports reports;
  reports.bench.prepare();
  const std::string key = key_for(kSmall);
  CHECK(has(reports.bench.retrieve(key), "FAILURE"));
  CHECK(has(reports.bench.store(key, flipped(kSmall)), "FAILURE"));
  CHECK(has(reports.bench.ask(RequestType::retrieve, "no key", "x"), "FAILURE"));  // no line can hold it
  const auto all = reports.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].outcome == Outcome::failed);
  CHECK(all[0].error == ErrorKind::not_found);
  CHECK_FALSE(all[0].message.empty());
  CHECK(all[1].error == ErrorKind::integrity);
}

TEST_CASE("what cannot be hashed says who checked it") {
  Reports reports;
  reports.bench.prepare();
  CHECK(has(reports.bench.store("WORM-s1000-m1--x", kSmall), "SUCCESS"));
  CHECK(has(reports.bench.retrieve("WORM-s1000-m1--x"), "SUCCESS"));
  const auto all = reports.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].verified == Verified::size);
  CHECK(all[1].verified == Verified::follow);
  CHECK(all[1].hash.empty());
}

TEST_CASE("nothing is reported where the environment, the clone or the dataset says no") {
  Reports reports;
  SECTION("the environment") {
    ::setenv("MICROSTAGE_SPOOL", "no", 1);
  }
  SECTION("the dataset") {
    reports.bench.conversation.answers["GETCONFIG spool"] = "no";
  }
  SECTION("the clone") {
    ::setenv("GIT_CONFIG_COUNT", "1", 1);
    ::setenv("GIT_CONFIG_KEY_0", "remote.cap.microstage-spool", 1);
    ::setenv("GIT_CONFIG_VALUE_0", "no", 1);
  }
  reports.bench.prepare();
  CHECK(has(reports.bench.store(key_for(kSmall), kSmall), "SUCCESS"));
  CHECK(reports.all().empty());
  CHECK_FALSE(exists(reports.bench.scratch / "state"));
  CHECK(reports.bench.conversation.informed.empty());
}

TEST_CASE("a site's spool is used, and where it fails the user's own, with one line about it") {
  Reports reports;
  const std::string site = reports.bench.scratch / "site";
  ::setenv("GIT_CONFIG_COUNT", "1", 1);
  ::setenv("GIT_CONFIG_KEY_0", "microstage.spool", 1);
  ::setenv("GIT_CONFIG_VALUE_0", site.c_str(), 1);
  reports.bench.prepare();
  const std::string key = key_for(kSmall);
  SECTION("there") {
    std::filesystem::create_directory(site);
    ::chmod(site.c_str(), 01733);
    CHECK(has(reports.bench.store(key, kSmall), "SUCCESS"));
    CHECK(reports.all(site).size() == 1);
    CHECK(reports.all().empty());
  }
  SECTION("not there") {
    for (int i = 0; i < 3; ++i) {
      CHECK(has(reports.bench.store(key, kSmall), "SUCCESS"));
      REQUIRE(reports.bench.served->drain_reports(std::chrono::seconds(60)));
    }
    CHECK(reports.all().size() == 3);
    REQUIRE(reports.bench.conversation.informed.size() == 1);
    CHECK(has(reports.bench.conversation.informed[0], site));
    CHECK_FALSE(exists(site));
  }
}

TEST_CASE("without any place a transfer goes on, and only --debug tells") {
  Reports reports;
  ::unsetenv("XDG_STATE_HOME");
  ::unsetenv("HOME");
  reports.bench.prepare();
  const std::string key = key_for(kSmall);
  CHECK(has(reports.bench.store(key, kSmall), "SUCCESS"));
  REQUIRE(reports.bench.served->drain_reports(std::chrono::seconds(60)));
  CHECK(has(reports.bench.retrieve(key), "SUCCESS"));
  CHECK(reports.bench.conversation.informed.empty());
  CHECK(said(reports.bench.conversation.debugged, "are not recorded"));
}

TEST_CASE("initremote takes yes or no for spool, and no place") {
  Reports reports;
  for (const char* good : {"", "no", "yes"}) {
    reports.bench.conversation.answers["GETCONFIG spool"] = good;
    CHECK(has(reports.bench.ask(RequestType::init_remote), "INITREMOTE-SUCCESS"));
  }
  reports.bench.conversation.answers["GETCONFIG spool"] = "/data/spool";
  CHECK(has(reports.bench.ask(RequestType::init_remote),
            "INITREMOTE-FAILURE spool=/data/spool: only yes or no"));
}
