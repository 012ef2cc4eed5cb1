// Appending to a spool: one file per host and user, whatever stands in its place, however it was left.

#include "lib/control/spool.h"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "lib/core/text.h"
#include "tests/support/catch.h"
#include "tests/support/report_samples.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::control;
using namespace microstage::testing;

namespace {

struct Bench {
  Scratch scratch;
  std::string directory = scratch / "state/microstage/spool";
  std::string file = directory + "/node1-" + std::to_string(::geteuid()) + ".jsonl";

  [[nodiscard]] Spool spool() const {
    return {fs::posix_file_ops(), directory, true, {"node1", ::geteuid()}};
  }
  [[nodiscard]] std::string numbered(int n) const {
    return directory + "/node1-" + std::to_string(::geteuid()) + "." + std::to_string(n) + ".jsonl";
  }
  void make() const { std::filesystem::create_directories(directory); }
};

// Every line of a file checked: where it stands, and that it is a report. The keys in order.
std::vector<std::string> keys_in(const std::string& file, unsigned bad_lines = 0) {
  const std::string text = read_file(file);
  REQUIRE(text.ends_with("\n"));
  std::vector<std::string> keys;
  std::size_t offset = text.find('\n') + 1;
  const auto header = parse_header(std::string_view{text}.substr(0, offset - 1));
  REQUIRE(header);
  unsigned bad = 0;
  for (std::size_t end = 0; offset < text.size(); offset = end + 1) {
    end = text.find('\n', offset);
    const auto line = parse_report(std::string_view{text}.substr(offset, end - offset));
    if (!line) ++bad;
    if (!line) continue;
    CHECK(line->id == LineId{header->spool, offset});
    keys.push_back(line->report.key);
  }
  CHECK(bad == bad_lines);
  return keys;
}

Status append(Spool& spool, std::uint64_t n) {
  const Report report = sample_report(n);
  return spool.append({&report, 1});
}

}  // namespace

TEST_CASE("reports of several processes stand in one file that only its owner can read") {
  const Bench bench;
  Spool first = bench.spool();
  Spool second = bench.spool();
  REQUIRE(append(first, 1));
  REQUIRE(append(second, 2));
  REQUIRE(append(first, 3));
  REQUIRE(append(first, 4));
  CHECK(keys_in(bench.file) ==
        std::vector{sample_report(1).key, sample_report(2).key, sample_report(3).key, sample_report(4).key});
  struct ::stat status {};
  REQUIRE(::stat(bench.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  REQUIRE(::stat(bench.directory.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0700);
}

TEST_CASE("several reports are one write, and none makes a file") {
  const Bench bench;
  Spool spool = bench.spool();
  REQUIRE(spool.append({}));
  CHECK(keys_in(bench.file).empty());
  const std::vector<Report> reports{sample_report(1), strange_report(), sample_report(3)};
  REQUIRE(spool.append(reports));
  CHECK(keys_in(bench.file).size() == 3);
}

TEST_CASE("threads of separate spools do not mix their lines") {
  const Bench bench;
  constexpr std::uint64_t kEach = 200;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&bench, t] {
      Spool spool = bench.spool();
      for (std::uint64_t n = 0; n < kEach; ++n)
        if (!append(spool, t * kEach + n)) throw std::runtime_error("not appended");
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(bench.directory))
    found += keys_in(entry.path()).size();
  CHECK(found == 4 * kEach);
}

TEST_CASE("a line that was cut off is ended before the next one") {
  const Bench bench;
  Spool spool = bench.spool();
  REQUIRE(append(spool, 1));
  write_file(bench.file, read_file(bench.file) + "{\"v\":1,\"id\":\"");
  REQUIRE(append(spool, 2));
  CHECK(keys_in(bench.file, 1).size() == 2);
}

TEST_CASE("a file that was begun and not named is begun again") {
  const Bench bench;
  bench.make();
  for (const char* beginning : {"", "{\"v\":1,\"spool\":\"0123"}) {
    write_file(bench.file, beginning);
    ::chmod(bench.file.c_str(), 0600);
    Spool spool = bench.spool();
    REQUIRE(append(spool, 1));
    CHECK(keys_in(bench.file).size() == 1);
  }
}

TEST_CASE("a file that was taken away is made anew") {
  const Bench bench;
  Spool spool = bench.spool();
  REQUIRE(append(spool, 1));
  const std::string before = read_file(bench.file).substr(0, 60);
  std::filesystem::remove(bench.file);
  REQUIRE(append(spool, 2));
  CHECK(keys_in(bench.file).size() == 1);
  CHECK(read_file(bench.file).substr(0, 60) != before);
  std::filesystem::remove_all(bench.scratch / "state");
  CHECK_FALSE(append(spool, 3));  // the directory that was open is gone
  REQUIRE(append(spool, 4));
}

TEST_CASE("what is not ours to write is left alone, and another name is used") {
  const Bench bench;
  bench.make();
  const std::string elsewhere = bench.scratch / "elsewhere";
  write_file(elsewhere, "mine\n");
  SECTION("a symbolic link") {
    std::filesystem::create_symlink(elsewhere, bench.file);
  }
  SECTION("a dangling one") {
    std::filesystem::create_symlink(bench.scratch / "nowhere", bench.file);
  }
  SECTION("a hard link") {
    std::filesystem::create_hard_link(elsewhere, bench.file);
  }
  SECTION("a directory") {
    std::filesystem::create_directory(bench.file);
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo(bench.file.c_str(), 0600) == 0);
  }
  SECTION("another kind of file") {
    write_file(bench.file, "no spool\n");
  }
  SECTION("a file that others may write") {
    write_file(bench.file, "");
    ::chmod(bench.file.c_str(), 0666);
  }
  Spool spool = bench.spool();
  REQUIRE(append(spool, 1));
  CHECK(keys_in(bench.numbered(1)).size() == 1);
  CHECK(read_file(elsewhere) == "mine\n");
  CHECK_FALSE(exists(bench.scratch / "nowhere"));
}

TEST_CASE("all names taken is an error that names the last") {
  const Bench bench;
  bench.make();
  for (int n = 0; n < 20; ++n)
    std::filesystem::create_directory(n == 0 ? bench.file : bench.numbered(n));
  Spool spool = bench.spool();
  const auto appended = append(spool, 1);
  REQUIRE_FALSE(appended);
  CHECK(appended.error().message.find(".jsonl") != std::string::npos);
}

TEST_CASE("a site's directory must exist, and be sticky where others may write") {
  const Bench bench;
  const std::string site = bench.scratch / "site";
  const Reporting who{"node1", ::geteuid()};
  Spool spool(fs::posix_file_ops(), site, false, who);
  CHECK_FALSE(append(spool, 1));
  std::filesystem::create_directory(site);
  ::chmod(site.c_str(), 0777);
  const auto open = append(spool, 1);
  REQUIRE_FALSE(open);
  CHECK(open.error().message.find("chmod +t") != std::string::npos);
  ::chmod(site.c_str(), 03733);
  const mode_t before = ::umask(0077);
  CHECK(append(spool, 1));
  ::umask(before);
  struct ::stat status {};
  REQUIRE(::stat((site + "/node1-" + std::to_string(::geteuid()) + ".jsonl").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640);  // for the group that takes the reports in
}

TEST_CASE("this host's name can stand in a file name") {
  const Reporting who = this_reporting();
  CHECK(who.uid == ::geteuid());
  CHECK_FALSE(who.host.empty());
  CHECK(who.host.find('/') == std::string::npos);
  CHECK(Spool::is_spool_name(who.host + "-0.jsonl"));
  CHECK_FALSE(Spool::is_spool_name(".jsonl"));
  CHECK_FALSE(Spool::is_spool_name("x.json"));
}
