// Events go in, and come out of the file as they were.

#include "lib/ledger/ledger.h"

#include "lib/ledger/canonical.h"
#include "tests/support/ledger_fixture.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::require_good;
using testing::take;
using testing::transfer_event;

TEST_CASE("What is appended is read back, chained, also after reopening") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  std::vector<Event> events;
  for (unsigned i = 0; i < 10; ++i)
    events.push_back(transfer_event(i));
  events[3].path = "planes/\xff\n.tif";
  events[3].recorded = 42;
  {
    Ledger ledger = take(Ledger::open(path));
    CHECK(take(ledger.append(std::span(events).first(4))).seq == 4);
    CHECK(take(ledger.append({})).seq == 4);
  }
  Ledger ledger = take(Ledger::open(path));
  const Head head = take(ledger.append(std::span(events).subspan(4)));
  CHECK(head.seq == 10);
  Reader reader = take(Reader::open(path));
  CHECK(take(reader.head()) == head);
  ChainHasher hasher;
  Hash previous{};
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    const Record record = take(reader.event(seq));
    CHECK(record.seq == seq);
    CHECK(record.event == events[seq - 1]);
    std::string bytes;
    append_canonical(bytes, seq, events[seq - 1]);
    CHECK(record.hash == hasher.next(previous, bytes));
    previous = record.hash;
  }
  CHECK(previous == head.hash);
  CHECK(reader.event(11).error().kind == ErrorKind::not_found);
}

TEST_CASE("A transaction with an event that is refused leaves nothing") {
  const testing::Scratch scratch;
  Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
  std::vector<Event> events{transfer_event(1), transfer_event(2)};
  events[1].key.clear();
  CHECK(ledger.append(events).error().kind == ErrorKind::invalid);
  CHECK(ledger.head() == Head{});
  CHECK(take(ledger.append({&events[0], 1})).seq == 1);
}

TEST_CASE("A ledger has one writer, and readers beside it") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  CHECK(Reader::open(path).error().kind == ErrorKind::not_found);
  Ledger ledger = take(Ledger::open(path));
  CHECK(Ledger::open(path).error().kind == ErrorKind::transient);
  const Event event = transfer_event(1);
  take(ledger.append({&event, 1}));
  Reader reader = take(Reader::open(path));
  CHECK(take(reader.texts().find(event.key)) != 0);
  CHECK(take(reader.texts().find("no such key")) == 0);
}

TEST_CASE("Names that share a lookup hash stay apart") {
  const testing::Scratch scratch;
  // Two texts whose SHA-256 begin with the same four bytes.
  const std::string first = "text-67310";
  const std::string second = "text-78383";
  ChainHasher hasher;
  REQUIRE(lookup_hash(hasher, first) == lookup_hash(hasher, second));
  std::vector<Event> events{transfer_event(1), transfer_event(2), transfer_event(3)};
  events[0].key = events[2].key = first;
  events[1].key = second;
  {
    Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
    take(ledger.append(std::span(events).first(2)));
  }
  Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
  take(ledger.append(std::span(events).last(1)));
  Reader reader = take(Reader::open(scratch / "ledger.db"));
  const Record one = take(reader.event(1));
  CHECK(take(reader.event(2)).event.key == second);
  CHECK(take(reader.event(3)).ids[Field::key] == one.ids[Field::key]);
  CHECK(take(reader.texts().find(second)) == take(reader.event(2)).ids[Field::key]);
}
