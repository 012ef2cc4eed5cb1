// Reports on their way from a spool into a ledger: what each becomes, and that each arrives once.

#include "daemon/import/spool_import.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "daemon/import/spool_events.h"
#include "lib/control/spool.h"
#include "lib/control/spool_reader.h"
#include "lib/core/text.h"
#include "tests/support/catch.h"
#include "tests/support/report_samples.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::import;
using namespace microstage::testing;
using control::Report;
using ledger::EventType;

namespace {

const Claimant kAlice{"alice", 1000};

ledger::Event event(const Report& report) {
  const auto made = event_of(report, kAlice, 5);
  REQUIRE(made);
  CHECK(made->basis != "proof");
  CHECK(made->actor == "alice");
  CHECK(made->uid == 1000);
  CHECK(made->recorded == 5);
  CHECK(made->time == static_cast<std::int64_t>(report.time_us * 1000));
  return *made;
}

Report failed(control::Action action) {
  Report report = sample_report();
  report.action = action;
  report.outcome = control::Outcome::failed;
  report.error = ErrorKind::space_quota;
  report.message = "no room";
  return report;
}

control::Spool spool_at(const std::string& directory) {
  return {fs::posix_file_ops(), directory, true, {"node1", ::geteuid()}};
}

fs::Directory opened(const std::string& path) {
  auto directory = fs::Directory::open(fs::posix_file_ops(), path);
  REQUIRE(directory);
  return std::move(*directory);
}

}  // namespace

TEST_CASE("a transfer goes from the clone to the store, or back") {
  Report report = sample_report();
  const auto stored = event(report);
  CHECK(stored.type == EventType::transfer_finished);
  CHECK(stored.from == "/fast/section");
  CHECK(stored.to == "ria+file:///data/store");
  CHECK(stored.verified == "hash");
  CHECK(stored.bytes == report.bytes);
  CHECK(stored.duration == report.duration_us * 1000);
  CHECK(stored.digest == report.hash);  // which this key does not hold
  CHECK(stored.slurm == "99");
  CHECK(stored.note.empty());
  report.action = control::Action::retrieve;
  report.key += report.hash.substr(7);
  CHECK(event(report).from == "ria+file:///data/store");
  CHECK(event(report).to == "/fast/section");
  CHECK(event(report).digest.empty());
}

TEST_CASE("however a transfer was verified, the ledger has a word for it") {
  const std::map<control::Verified, std::string> words{{control::Verified::none, "none"},
                                                       {control::Verified::hashed, "hash"},
                                                       {control::Verified::read_back, "read-back"},
                                                       {control::Verified::size, "size"},
                                                       {control::Verified::follow, "git-annex"}};
  Report report = sample_report();
  report.action = control::Action::retrieve;
  for (const auto& [verified, word] : words) {
    report.verified = verified;
    CHECK(event(report).verified == word);
  }
}

TEST_CASE("what moved nothing is no transfer") {
  Report report = sample_report();
  report.outcome = control::Outcome::existing;
  report.verified = control::Verified::size;
  CHECK(event(report).type == EventType::object_found);
  CHECK(event(report).verified == "size");
  report = sample_report();
  report.action = control::Action::remove;
  CHECK(event(report).type == EventType::object_removed);
  CHECK(event(report).from == "ria+file:///data/store");
  report.action = control::Action::rename;
  report.path = "a";
  report.new_path = "b";
  CHECK(event(report).type == EventType::object_found);
  CHECK(event(report).path == "b");
  CHECK(event(report).note == "renamed from a");
}

TEST_CASE("a failure keeps its kind and its words") {
  for (const auto action : {control::Action::store, control::Action::retrieve}) {
    const auto made = event(failed(action));
    CHECK(made.type == EventType::transfer_failed);
    CHECK(made.result == "space-quota");
    CHECK(made.error == "no room");
  }
  for (const auto action : {control::Action::remove, control::Action::rename}) {
    const auto made = event(failed(action));
    CHECK(made.type == EventType::request_refused);
    CHECK(made.action == control::name(action));
  }
}

TEST_CASE("the claimed name is told apart from the owner's") {
  Report report = sample_report();
  report.user = "root";
  CHECK(event(report).actor == "alice");
  CHECK(event(report).note == "calls itself root");
}

TEST_CASE("a removal from an unknown dataset has no place in the ledger") {
  Report report = sample_report();
  report.action = control::Action::remove;
  report.dataset.clear();
  CHECK_FALSE(event_of(report, kAlice, 5));
}

TEST_CASE("a spool is taken in once, and goes on where it ended") {
  const Scratch scratch;
  control::Spool spool = spool_at(scratch / "spool");
  std::vector<Report> reports;
  for (std::uint64_t n = 0; n < 10; ++n)
    reports.push_back(sample_report(n));
  REQUIRE(spool.append(reports));
  const auto directory = opened(scratch / "spool");
  const std::string name = spools_in(directory)->at(0);
  {
    auto ledger = ledger::Ledger::open(scratch / "ledger.db");
    REQUIRE(ledger);
    const auto first = import_spool(*ledger, directory, name, false);
    REQUIRE(first);
    CHECK(first->lines == 10);
    CHECK(first->owner == account_name(::geteuid()));
    CHECK(ledger->head().seq == 11);
    CHECK(import_spool(*ledger, directory, name, false)->lines == 0);
    CHECK(ledger->head().seq == 11);
  }
  REQUIRE(spool.append(reports));
  auto again = ledger::Ledger::open(scratch / "ledger.db");
  REQUIRE(again);
  CHECK(import_spool(*again, directory, name, true)->lines == 10);
  CHECK(again->head().seq == 22);
  CHECK(spools_in(directory)->empty());
}

TEST_CASE("a file that cannot be believed is left alone") {
  const Scratch scratch;
  control::Spool spool = spool_at(scratch / "spool");
  REQUIRE(spool.append({}));
  const auto directory = opened(scratch / "spool");
  const std::string name = spools_in(directory)->at(0);
  const std::string path = scratch / ("spool/" + name);
  SECTION("others may write it") {
    ::chmod(path.c_str(), 0620);
  }
  SECTION("it has another name") {
    std::filesystem::create_hard_link(path, scratch / "other");
  }
  SECTION("another began it") {
    std::string text = read_file(path);
    const std::string uid = "\"uid\":";
    text.insert(text.find(uid) + uid.size(), "1");
    write_file(path, text);
  }
  SECTION("its first line has no end") {
    write_file(path, std::string(5000, 'x'));
  }
  SECTION("it is something else") {
    write_file(path, "x\n");
  }
  auto ledger = ledger::Ledger::open(scratch / "ledger.db");
  REQUIRE(ledger);
  const auto result = import_spool(*ledger, directory, name, true);
  REQUIRE(result);
  REQUIRE_FALSE(result->state);
  CHECK(result->state.error().kind == ErrorKind::invalid);
  CHECK(result->state.error().message.find(path) != std::string::npos);
  CHECK(exists(path));
  CHECK(ledger->head().seq == 0);
}

TEST_CASE("a file that is only begun has nothing yet, and stays") {
  const Scratch scratch;
  REQUIRE(spool_at(scratch / "spool").append({}));
  const auto directory = opened(scratch / "spool");
  const std::string name = spools_in(directory)->at(0);
  const std::string whole = read_file(scratch / ("spool/" + name));
  auto ledger = ledger::Ledger::open(scratch / "ledger.db");
  REQUIRE(ledger);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    write_file(scratch / ("spool/" + name), whole.substr(0, size));
    const auto result = import_spool(*ledger, directory, name, true);
    REQUIRE(result);
    CHECK(result->state);
    CHECK_FALSE(result->removed);
  }
  CHECK(ledger->head().seq == 0);
}

TEST_CASE("any byte of a spool changed, and any end cut off, never brings a line twice or another's") {
  const Scratch scratch;
  control::Spool spool = spool_at(scratch / "spool");
  const std::vector<Report> reports{sample_report(0), strange_report()};
  REQUIRE(spool.append(reports));
  const auto directory = opened(scratch / "spool");
  const std::string name = spools_in(directory)->at(0);
  const std::string whole = read_file(scratch / ("spool/" + name));
  const auto read_all = [&](const std::string& text) {
    write_file(scratch / ("spool/" + name), text);
    auto reader = control::SpoolReader::open(directory, name);
    std::size_t lines = 0;
    if (!reader || !*reader) return lines;
    for (auto line = (*reader)->next(); line && *line; line = (*reader)->next())
      ++lines;
    return lines;
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(read_all(whole.substr(0, i)) <= 1);
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
    CHECK(read_all(damaged) <= 3);
  }
}

TEST_CASE("writers lose nothing while readers take in and take away") {
  const Scratch scratch;
  const std::string place = scratch / "spool";
  REQUIRE(spool_at(place).append({}));
  constexpr std::uint64_t kEach = 150;
  constexpr std::uint64_t kWriters = 3;
  std::atomic<std::uint64_t> writing = kWriters;
  std::mutex mutex;
  std::multiset<std::string> taken;
  std::vector<std::thread> threads;
  for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      control::Spool spool = spool_at(place);
      for (std::uint64_t n = 0; n < kEach; ++n) {
        const Report report = sample_report(writer * kEach + n);
        if (!spool.append({&report, 1})) throw std::runtime_error("not appended");
      }
      --writing;
    });
  }
  // Positions by file stand for the ledger, which has one writer.
  std::map<std::string, std::uint64_t> positions;
  const auto take_in = [&] {
    const auto directory = fs::Directory::open(fs::posix_file_ops(), place);
    const auto names = spools_in(*directory);
    for (const std::string& name : *names) {
      auto reader = control::SpoolReader::open(*directory, name);
      if (!reader || !*reader) continue;  // taken away, or only begun
      {
        const std::lock_guard lock(mutex);
        std::uint64_t& position = positions[(*reader)->name()];
        if (!(*reader)->go_on_at(position)) continue;
        for (auto line = (*reader)->next(); line && *line; line = (*reader)->next())
          taken.insert((*line)->report->key);
        position = (*reader)->position();
      }
      ignore_error((*reader)->remove_if_read(control::now_us()), "it stays where another takes it away");
    }
  };
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (writing > 0)
        take_in();
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  take_in();
  CHECK(taken.size() == kWriters * kEach);
  CHECK(std::set<std::string>(taken.begin(), taken.end()).size() == kWriters * kEach);
  CHECK(opened(place).list()->empty());
}
