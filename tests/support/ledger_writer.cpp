// Writes a ledger for tests that kill it or fill its disk, and compares one with what was to be written.
//
//   ledger_writer append LEDGER   appends the load from where the ledger ends, in small transactions, for
//   ever;
//                                 prints the number of the last event after each one that is acknowledged
//   ledger_writer check LEDGER    every event is the load's; prints how many there are
//   ledger_writer fill LEDGER     appends until there is no room ("full"), records that work stopped
//   ("paused"),
//                                 waits for a line on standard input, goes on ("went on")

#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "lib/ledger/catalogue.h"
#include "lib/ledger/ledger.h"
#include "lib/ledger/reader.h"
#include "tests/support/ledger_load.h"

namespace {

using namespace microstage;
using namespace microstage::ledger;

int complain(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", std::string{microstage::name(error.kind)}.c_str(), error.message.c_str());
  return 1;
}

std::vector<Event> next_events(testing::LedgerLoad& load, unsigned count) {
  std::vector<Event> events;
  for (unsigned i = 0; i < count; ++i)
    events.push_back(load.next());
  return events;
}

int append(const std::string& path) {
  LedgerOptions options;
  options.reserve_bytes = 0;
  options.checkpoint_pages = 64;  // so that kills meet checkpoints too
  auto ledger = Ledger::open(path, options);
  if (!ledger) return complain(ledger.error());
  testing::LedgerLoad load(5);
  for (std::uint64_t seq = 0; seq < ledger->head().seq; ++seq)
    load.next();
  for (unsigned turn = 0;; ++turn) {
    const auto head = ledger->append(next_events(load, 1 + turn % 17));
    if (!head) return complain(head.error());
    std::printf("%" PRIu64 "\n", head->seq);
    std::fflush(stdout);
  }
}

int check(const std::string& path) {
  auto reader = Reader::open(path);
  if (!reader) return complain(reader.error());
  const auto head = reader->head();
  if (!head) return complain(head.error());
  testing::LedgerLoad load(5);
  for (std::uint64_t seq = 1; seq <= head->seq; ++seq) {
    const auto record = reader->event(seq);
    if (!record) return complain(record.error());
    if (record->event != load.next())
      return complain({ErrorKind::integrity, "event " + std::to_string(seq) + " is not the load's"});
  }
  std::printf("%" PRIu64 "\n", head->seq);
  return 0;
}

Event paused(const Error& error) {
  Event event;
  event.type = EventType::daemon_paused;
  event.time = 1;
  event.result = microstage::name(error.kind);
  event.error = error.message;
  return event;
}

Status append_some(Ledger& ledger, testing::LedgerLoad& load, unsigned transactions) {
  for (unsigned i = 0; i < transactions; ++i)
    if (const auto head = ledger.append(next_events(load, 100)); !head) return fail(head.error());
  return {};
}

void say(const char* what, const Ledger& ledger) {
  std::printf("%s %" PRIu64 "\n", what, ledger.head().seq);
  std::fflush(stdout);
}

int fill(const std::string& path) {
  auto ledger = Ledger::open(path);
  if (!ledger) return complain(ledger.error());
  testing::LedgerLoad load;
  const auto full = append_some(*ledger, load, 1'000'000);
  complain(full.error());
  say("full", *ledger);
  if (const auto head = ledger->append_from_reserve(paused(full.error())); !head)
    return complain(head.error());
  say("paused", *ledger);
  if (std::getchar() == EOF) return 1;
  if (auto restored = ledger->restore_reserve(); !restored) return complain(restored.error());
  if (auto went_on = append_some(*ledger, load, 10); !went_on) return complain(went_on.error());
  say("went on", *ledger);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc == 3 ? argv[1] : "";
  if (mode == "append") return append(argv[2]);
  if (mode == "check") return check(argv[2]);
  return mode == "fill" ? fill(argv[2]) : 2;
}
