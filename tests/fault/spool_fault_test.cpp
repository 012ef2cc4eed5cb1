// Every operation of appending to a spool fails once, in every way: the error is returned, what stands in the
// spool stays right, and the next report gets in.

#include <unistd.h>

#include <algorithm>
#include <map>

#include "lib/control/spool.h"
#include "lib/control/spool_reader.h"
#include "tests/fault/faults.h"
#include "tests/support/report_samples.h"

using namespace microstage;
using namespace microstage::control;
using namespace microstage::testing;

namespace {

constexpr const char* kHost = "node1";

// The reports that can be read, and nothing but cut lines besides.
std::vector<std::string> keys_below(const std::string& directory) {
  std::vector<std::string> keys;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string text = read_file(entry.path());
    std::size_t offset = text.find('\n');
    if (offset == std::string::npos) continue;  // begun, and not named
    const auto header = parse_header(std::string_view{text}.substr(0, offset));
    REQUIRE(header);
    for (++offset; text.find('\n', offset) != std::string::npos; offset = text.find('\n', offset) + 1) {
      const auto line = parse_report(std::string_view{text}.substr(offset, text.find('\n', offset) - offset));
      if (!line) continue;
      CHECK(line->id == LineId{header->spool, offset});
      keys.push_back(line->report.key);
    }
  }
  return keys;
}

Status append(Spool& spool, std::uint64_t n) {
  const Report report = sample_report(n);
  return spool.append({&report, 1});
}

}  // namespace

TEST_CASE("an operation of the appender fails") {
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const Scratch scratch(fast_parent());
      const std::string directory = scratch / "spool";
      std::vector<std::string> expected;
      {
        Spool spool(ops, directory, true, {kHost, ::geteuid()});
        for (std::uint64_t n = 0; n < 3; ++n)
          if (append(spool, n)) expected.push_back(sample_report(n).key);
      }
      ops.recover();
      Spool next(ops, directory, true, {kHost, ::geteuid()});
      REQUIRE(append(next, 7));
      expected.push_back(sample_report(7).key);
      const auto found = keys_below(directory);
      CAPTURE(failed_operation(ops), found, expected);
      // What was said to be there is; a write whose answer was lost may be there as well.
      for (const std::string& key : expected)
        CHECK(std::count(found.begin(), found.end(), key) == 1);
      CHECK(found.size() <= expected.size() + 1);
    });
  }
}

TEST_CASE("where locks do not work each process has a file of its own") {
  const Scratch scratch;
  const std::string directory = scratch / "spool";
  FaultyFileOps ops;
  ops.fail_all(Op::lock, ENOLCK);
  Spool first(ops, directory, true, {kHost, ::geteuid()});
  Spool second(ops, directory, true, {kHost, ::geteuid()});
  for (std::uint64_t n = 0; n < 6; ++n)
    REQUIRE(append(n % 2 == 0 ? first : second, n));
  CHECK(keys_below(directory).size() == 6);
}

namespace {

// Stands for imports: what was taken in from which spool, and up to where.
struct Importer {
  fs::Directory directory;
  std::vector<std::string> keys;
  std::map<std::string, std::uint64_t> positions;

  // Takes in all files and removes what can go at that time; how many went.
  int take_in(std::uint64_t time) {
    int removed = 0;
    const auto names = directory.list();
    for (const std::string& name : *names) {
      auto reader = SpoolReader::open(directory, name);
      if (!reader || !*reader) continue;  // only begun
      REQUIRE((*reader)->go_on_at(positions[(*reader)->name()]));
      for (auto line = (*reader)->next(); line && *line; line = (*reader)->next())
        keys.push_back((*line)->report->key);
      positions[(*reader)->name()] = (*reader)->position();
      const auto gone = (*reader)->remove_if_read(time);
      REQUIRE(gone);
      removed += *gone ? 1 : 0;
    }
    return removed;
  }
  // The path of the file that holds reports.
  [[nodiscard]] std::string filled() const {
    const auto names = directory.list();
    for (const std::string& name : *names)
      if (!read_file(directory.name_of(name)).empty()) return directory.name_of(name);
    return {};
  }
};

}  // namespace

TEST_CASE("where locks do not work a file goes in two steps, and what comes between them is not lost") {
  constexpr std::uint64_t kHour = 3'600'000'000;
  const Scratch scratch;
  FaultyFileOps ops;
  ops.fail_all(Op::lock, ENOLCK);
  Spool writer(ops, scratch / "spool", true, {kHost, ::geteuid()});
  REQUIRE(append(writer, 1));
  auto directory = fs::Directory::open(ops, scratch / "spool");
  REQUIRE(directory);
  Importer importer{std::move(*directory), {}, {}};
  const std::string path = importer.filled();
  const auto late = fs::File::open(fs::posix_file_ops(), path, O_RDWR);
  REQUIRE(late);
  CHECK(importer.take_in(now_us() + kHour / 2) == 0);
  CHECK(exists(path));
  CHECK(importer.take_in(now_us() + 2 * kHour) == 0);
  CHECK_FALSE(exists(path));
  // Of a writer that had it open until now, and the next one's.
  const std::string text = read_file(importer.filled());
  const auto header = parse_header(std::string_view{text}.substr(0, text.find('\n')));
  const auto line = report_line({header->spool, text.size()}, sample_report(2));
  REQUIRE(late->write_at(std::as_bytes(std::span(*line)), text.size()));
  REQUIRE(append(writer, 3));
  CHECK(exists(path));
  CHECK(importer.take_in(now_us() + kHour / 2) == 0);
  CHECK(importer.take_in(now_us() + 2 * kHour) == 1);
  CHECK(importer.take_in(now_us() + 4 * kHour) == 1);
  CHECK(importer.filled().empty());
  std::sort(importer.keys.begin(), importer.keys.end());
  CHECK(importer.keys == std::vector{sample_report(1).key, sample_report(2).key, sample_report(3).key});
}

TEST_CASE("a lock that is held for good leads to another file") {
  const Scratch scratch;
  const std::string directory = scratch / "spool";
  Spool first(fs::posix_file_ops(), directory, true, {kHost, ::geteuid()});
  REQUIRE(append(first, 1));
  const std::string name = directory + "/node1-" + std::to_string(::geteuid()) + ".jsonl";
  const auto held = fs::File::open(fs::posix_file_ops(), name, O_RDONLY);
  REQUIRE(*held->try_lock());
  REQUIRE(append(first, 2));
  CHECK(keys_below(directory).size() == 2);
  CHECK(read_file(name).find(sample_report(2).key) == std::string::npos);
}
