// A report as a line of a spool, and back: nothing is lost, and no damage makes another report of it.

#include "lib/control/report.h"

#include <functional>

#include "tests/support/catch.h"
#include "tests/support/report_samples.h"

using namespace microstage;
using namespace microstage::control;
using namespace microstage::testing;

namespace {

std::string line_of(const Report& report) {
  const auto line = report_line({kSpoolId, 4711}, report);
  REQUIRE(line);
  REQUIRE(line->ends_with("\n"));
  CHECK(line->find('\n') == line->size() - 1);
  return line->substr(0, line->size() - 1);
}

void check_same(const Report& a, const Report& b) {
  CHECK(a.time_us == b.time_us);
  CHECK(a.action == b.action);
  CHECK(a.outcome == b.outcome);
  CHECK(a.dataset == b.dataset);
  CHECK(a.key == b.key);
  CHECK(a.path == b.path);
  CHECK(a.new_path == b.new_path);
  CHECK(a.bytes == b.bytes);
  CHECK(a.duration_us == b.duration_us);
  CHECK(a.verified == b.verified);
  CHECK(a.hash == b.hash);
  CHECK(a.error == b.error);
  CHECK(a.message == b.message);
  CHECK(a.clone_uuid == b.clone_uuid);
  CHECK(a.clone == b.clone);
  CHECK(a.store_uuid == b.store_uuid);
  CHECK(a.store == b.store);
  CHECK(a.program == b.program);
  CHECK(a.host == b.host);
  CHECK(a.user == b.user);
  CHECK(a.uid == b.uid);
  CHECK(a.pid == b.pid);
  CHECK(a.slurm_job == b.slurm_job);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a report comes back from its line with every byte") {
  for (const Report& report : {sample_report(), strange_report()}) {
    const auto parsed = parse_report(line_of(report));
    REQUIRE(parsed);
    CHECK(parsed->id == LineId{kSpoolId, 4711});
    check_same(parsed->report, report);
  }
}

TEST_CASE("prose is cut and put on one line, names are not") {
  Report report = sample_report();
  report.outcome = Outcome::failed;
  report.error = ErrorKind::transient;
  report.message = std::string(999, 'x') + "\xc3\xa9" + std::string(5000, 'y');
  CHECK(parse_report(line_of(report))->report.message == std::string(999, 'x'));
  report.message = "two\nlines\x01";
  CHECK(parse_report(line_of(report))->report.message == "two lines");
  report.path = std::string(kLongestText + 1, 'p');
  CHECK_FALSE(report_line({kSpoolId, 0}, report));
  report.path = std::string(kLongestText, '\xff');
  CHECK(line_of(report).size() < kLongestLine);
  report.key = "SHA256-s1--a\nb";
  CHECK_FALSE(report_line({kSpoolId, 0}, report));
}

TEST_CASE("a line cut anywhere is refused") {
  const std::string line = line_of(strange_report());
  for (std::size_t end = 0; end < line.size(); ++end) {
    CAPTURE(end);
    const auto parsed = parse_report(line.substr(0, end));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("a line with any byte changed is refused or is a report that a line can hold") {
  const std::string line = line_of(strange_report());
  unsigned taken = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (const int with : {0x00, 0x0a, 0x22, 0x2c, 0x5c, 0x7d, 0x30, 0x39, 0x61, 0x80, 0xff, line[at] ^ 1}) {
      std::string damaged = line;
      damaged[at] = static_cast<char>(with);
      const auto parsed = parse_report(damaged);
      if (!parsed) continue;
      ++taken;
      CHECK(report_line(parsed->id, parsed->report));
    }
  }
  CHECK(taken > 0);  // a letter of a path may be another letter
}

TEST_CASE("hostile lines are refused with the reason") {
  const std::string line = line_of(sample_report());
  struct Row {
    std::string from;
    std::string to;
    std::string why;
  };
  for (const Row& row : {
           Row{"\"v\":1", "\"v\":0", "no version"},
           Row{"\"v\":1", "\"v\":\"1\"", "no version"},
           Row{kSpoolId + "-4711", kSpoolId, "no id"},
           Row{kSpoolId + "-4711", kSpoolId + "-", "no id"},
           Row{kSpoolId + "-4711", "../" + kSpoolId + "-1", "no id"},
           Row{"\"store\",", "\"steal\",", "no action"},
           Row{"\"result\":\"done\"", "\"result\":\"well\"", "no result"},
           Row{"\"result\":\"done\"", "\"result\":\"failed\"", "a failure without its error"},
           Row{"\"result\":\"done\"", "\"result\":\"done\",\"error\":\"integrity\"",
               "an error without failure"},
           Row{"\"result\":\"done\"", "\"result\":\"failed\",\"error\":\"fatal\"", "no kind of error"},
           Row{"\"hashed\"", "\"believed\"", "no way to verify"},
           Row{"\"time\":1795000000000000", "\"time\":0", "no time"},
           Row{"\"time\":1795000000000000", "\"time\":9223372036854775807", "a time that cannot be"},
           Row{"\"bytes\":65536", "\"bytes\":\"65536\"", "bytes is no number"},
           Row{"\"bytes\":65536", "\"bytes\":-1", "neither a text nor a whole number"},
           Row{"b24c7f1a-", "../../../", "dataset is no UUID"},
           Row{"SHA256E-s", "SHA256E s", "a key with a blank"},
           Row{"\"key\":\"SHA256E-s", "\"key\":\"\\n", "key is too long, or holds"},
           Row{"\"host\":\"node1\"", "\"host\":7", "host is no text"},
           Row{"\"host\":\"node1\"", "\"host\":\"" + std::string(5000, 'h') + "\"", "host is too long"},
           Row{"\"v\":1", "\"v\":1,\"v\":1", "came before"},
       }) {
    CAPTURE(row.to);
    const auto parsed = parse_report(replaced(line, row.from, row.to));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::invalid);
    CHECK(parsed.error().message.find(row.why) != std::string::npos);
  }
  CHECK_FALSE(parse_report(line + std::string(kLongestLine, ' ')));
}

TEST_CASE("a later version says so, and what it adds to this one is passed over") {
  const std::string line = line_of(sample_report());
  const auto later = parse_report(replaced(line, "\"v\":1", "\"v\":2"));
  REQUIRE_FALSE(later);
  CHECK(later.error().kind == ErrorKind::unsupported);
  CHECK(parse_report(replaced(line, "\"v\":1", "\"v\":1,\"colour\":\"blue\"")));
}

TEST_CASE("the first line names the file") {
  const std::string line = header_line({kSpoolId, 5, "node1", 1000});
  const auto header = parse_header(std::string_view{line}.substr(0, line.size() - 1));
  REQUIRE(header);
  CHECK(header->spool == kSpoolId);
  CHECK(header->time_us == 5);
  CHECK(header->host == "node1");
  CHECK(header->uid == 1000);
  for (std::size_t end = 0; end + 1 < line.size(); ++end) {
    CHECK_FALSE(parse_header(line.substr(0, end)));
    CHECK(begins_header(line.substr(0, end)));
  }
  for (const std::string& other :
       {line, std::string{"x"}, std::string{"\n"}, line + "x", std::string(10, ' ')})
    CHECK_FALSE(begins_header(other));
  CHECK_FALSE(parse_header(line_of(sample_report())));
}
