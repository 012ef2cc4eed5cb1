// Tampering through SQL: whatever is changed in a row, and whichever row is taken, put or moved, verify says
// so and names the first event that is not what was written.

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "lib/ledger/verify.h"

#include "lib/core/text.h"
#include "lib/ledger/anchor.h"
#include "lib/ledger/backup.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_random.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::require_good;
using testing::take;
using testing::transfer_event;

namespace {

constexpr std::uint64_t kEvents = 30;

bool soak() {
  return std::getenv("MICROSTAGE_SOAK") != nullptr;  // NOLINT: nobody changes the environment
}

// A ledger of random events, to tamper with in transactions that are rolled back.
class Tampered {
 public:
  Tampered() : reader_(make()) {
    execute(
        "DROP TRIGGER event_is_final; DROP TRIGGER event_stays; DROP TRIGGER text_is_final; "
        "DROP TRIGGER text_stays");
  }

  // What verify finds after this was done: the event it names, 0 for something that is none, nothing when all
  // is well.
  [[nodiscard]] std::optional<std::uint64_t> after(const std::string& change,
                                                   std::span<const Head> heads = {}) {
    execute("BEGIN; " + change);
    const auto verification = take(verify(reader_, {heads, false}));
    execute("ROLLBACK");
    if (!verification.first_bad) return std::nullopt;
    CHECK_FALSE(verification.first_bad->what.empty());
    return verification.first_bad->seq;
  }

  // To look at the rows as they were.
  [[nodiscard]] Database& untouched() { return *untouched_; }
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::vector<Head>& heads() const { return heads_; }

 private:
  Reader make() {
    testing::RandomEvents random(4);
    for (std::uint64_t i = 0; i < kEvents; ++i)
      events_.push_back(random.next());
    const std::string path = scratch_ / "ledger.db";
    {
      Ledger ledger = take(Ledger::open(path));
      heads_.push_back(take(ledger.append(std::span(events_).first(10))));
      heads_.push_back(take(ledger.append(std::span(events_).subspan(10))));
    }
    untouched_.emplace(take(Database::open(path, Access::read)));
    return take(Reader::over(take(Database::open(path, Access::write))));
  }
  void execute(const std::string& sql) { require_good(reader_.database().execute(sql)); }

  testing::Scratch scratch_;
  std::vector<Event> events_;
  std::vector<Head> heads_;
  std::optional<Database> untouched_;
  Reader reader_;
};

std::string literal(std::string_view bytes) {
  return "x'" + hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}) + "'";
}

// SQL values that differ from the cell's in one byte: some of them, or all in the soak.
std::vector<std::string> changed(const Statement& row, int column, bool is_bytes, std::uint64_t salt) {
  std::vector<std::string> values;
  if (row.is_null(column)) return {is_bytes ? "x''" : "0", is_bytes ? "x'00'" : "1"};
  const std::string_view bytes = row.bytes(column);
  const std::size_t size = is_bytes ? bytes.size() : sizeof(std::int64_t);
  for (std::size_t at = 0; at < size; ++at) {
    if (!soak() && at != salt % size) continue;
    const std::uint64_t flip = std::uint64_t{1} << ((at + salt) % 8);
    if (is_bytes) {
      std::string other{bytes};
      other[at] = static_cast<char>(static_cast<std::uint64_t>(static_cast<unsigned char>(other[at])) ^ flip);
      values.push_back(literal(other));
    } else {
      const auto value = static_cast<std::uint64_t>(row.integer(column)) ^ (flip << (8 * at));
      values.push_back(std::to_string(static_cast<std::int64_t>(value)));
    }
  }
  return values;
}

}  // namespace

TEST_CASE("Any byte of any event's row that is changed is found, and the event is named") {
  Tampered ledger;
  REQUIRE_FALSE(ledger.after(""));
  Database& raw = ledger.untouched();
  Statement rows = take(raw.prepare("SELECT " + event_columns() + " FROM event ORDER BY seq"));
  const auto columns = split(event_columns(), ' ');
  std::uint64_t salt = 0;
  while (take(rows.step())) {
    const auto seq = static_cast<std::uint64_t>(rows.integer(0));
    for (int column = 1; column < kEventColumns; ++column) {
      std::string name{columns.at(static_cast<std::size_t>(column)).substr(6)};
      if (name.ends_with(',')) name.pop_back();
      const bool is_bytes = name == "detail" || name == "hash";
      for (const std::string& value : changed(rows, column, is_bytes, ++salt)) {
        const std::string change =
            "UPDATE event SET " + name + " = " + value + " WHERE seq = " + std::to_string(seq);
        INFO(change);
        REQUIRE(ledger.after(change) == seq);
      }
    }
  }
}

TEST_CASE("Any byte of any text that is changed is found, and the first event with it is named") {
  Tampered ledger;
  Database& raw = ledger.untouched();
  Statement texts = take(raw.prepare("SELECT id, value FROM text"));
  std::uint64_t salt = 0;
  while (take(texts.step())) {
    const std::string id = std::to_string(texts.integer(0));
    std::string uses;
    for (const FieldSpec& spec : fields())
      if (spec.kind == FieldKind::name) uses += (uses.empty() ? "" : ", ") + std::string{spec.column};
    const auto first = static_cast<std::uint64_t>(
        take(raw.number("SELECT min(seq) FROM event WHERE " + id + " IN (" + uses + ")")));
    for (const std::string& value : changed(texts, 1, true, ++salt))
      REQUIRE(ledger.after("UPDATE text SET value = " + value + " WHERE id = " + id) == first);
    REQUIRE(ledger.after("DELETE FROM text WHERE id = " + id) == first);
    REQUIRE(ledger.after("UPDATE text SET id = id + 1000 WHERE id = " + id) == first);
    REQUIRE(ledger.after("UPDATE text_lookup SET hash = hash + 256 WHERE id = " + id) == 0);
    REQUIRE(ledger.after("DELETE FROM text_lookup WHERE id = " + id) == 0);
  }
  CHECK(ledger.after("INSERT INTO text SELECT max(id) + 1, x'41' FROM text") == 0);
  CHECK(ledger.after("INSERT INTO text VALUES (-3, x'41')") == 0);
  for (const char* row : {"1, 1", "1, -1", "1, 0"})
    CHECK(ledger.after("INSERT INTO text_lookup VALUES (" + std::string{row} + ")") == 0);
}

TEST_CASE("A name that queries would find only half of is found") {
  Tampered ledger;
  // A second text of the same value, properly filed, for an event that is made to use it.
  const auto found = ledger.after(
      "INSERT INTO text SELECT max(id) + 1, (SELECT value FROM text WHERE id = 1) FROM text; "
      "INSERT INTO text_lookup SELECT (SELECT hash FROM text_lookup WHERE id = 1), max(id) FROM text;");
  CHECK(found == 0);
}

TEST_CASE("An event that is deleted, moved or put in is found and named") {
  Tampered ledger;
  for (std::uint64_t seq = 1; seq <= kEvents; ++seq) {
    const std::string n = std::to_string(seq);
    INFO(seq);
    CHECK(ledger.after("DELETE FROM event WHERE seq = " + n) == std::min(seq, kEvents - 1 + (seq < kEvents)));
    if (seq == kEvents) continue;
    CHECK(ledger.after("UPDATE event SET seq = -1 WHERE seq = " + n + "; UPDATE event SET seq = " + n +
                       " WHERE seq = " + n + " + 1; UPDATE event SET seq = " + n + " + 1 WHERE seq = -1") ==
          seq);
    CHECK(ledger.after(
              "UPDATE event SET seq = -seq WHERE seq > " + n +
              "; UPDATE event SET seq = 1 - seq WHERE seq < 0; INSERT INTO event SELECT " + n +
              " + 1, time, type, request, job, dataset, key, source, target, actor, host, program, verified, "
              "basis, result, bytes, duration, detail, hash FROM event WHERE seq = " +
              n) == seq + 1);
  }
  CHECK(ledger.after("UPDATE event SET seq = 0 WHERE seq = 1") == 1);
  CHECK(ledger.after("UPDATE event SET seq = -5 WHERE seq = 30") == 1);
  CHECK(ledger.after("UPDATE event SET seq = seq + 1 WHERE seq = 30") == 30);
  CHECK(ledger.after("DELETE FROM event WHERE seq > 20") == 20);
  CHECK(ledger.after("DELETE FROM event") == 0);
  CHECK(ledger.after("DELETE FROM head") == kEvents);
  CHECK(ledger.after("UPDATE head SET seq = 29") == kEvents);
  CHECK(ledger.after("UPDATE head SET hash = zeroblob(32)") == kEvents);
}

TEST_CASE("A cut tail and a rewritten chain are found against any earlier head") {
  Tampered ledger;
  const std::string cut =
      "DELETE FROM event WHERE seq > 5; UPDATE head SET seq = 5, hash = (SELECT hash FROM event WHERE seq = "
      "5); "
      "DELETE FROM text WHERE id > (SELECT max(max(coalesce(key, 0), coalesce(host, 0), coalesce(actor, 0), "
      "coalesce(request, 0), coalesce(job, 0), coalesce(dataset, 0), coalesce(source, 0), coalesce(target, "
      "0), "
      "coalesce(program, 0), coalesce(verified, 0), coalesce(basis, 0), coalesce(result, 0))) FROM event); "
      "DELETE FROM text_lookup WHERE id NOT IN (SELECT id FROM text)";
  CHECK_FALSE(ledger.after(cut));  // a whole ledger of five events
  for (const Head& head : ledger.heads())
    CHECK(ledger.after(cut, {&head, 1}) == 5);
  CHECK_FALSE(ledger.after("", ledger.heads()));
  // Another ledger altogether, of the same length, that differs in one event.
  const testing::Scratch scratch;
  std::vector<Event> events = ledger.events();
  events[8].time += 1;
  take(take(Ledger::open(scratch / "other.db")).append(events));
  Reader reader = take(Reader::open(scratch / "other.db"));
  CHECK_FALSE(take(verify(reader)).first_bad);
  for (const Head& head : ledger.heads())
    CHECK(take(verify(reader, {{&head, 1}, false})).first_bad.value().seq == head.seq);
  CHECK(take(verify(reader, {ledger.heads(), false})).first_bad.value().seq == 10);
}

TEST_CASE("A writer refuses a ledger whose end was cut off") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  const std::vector<Event> events{transfer_event(1), transfer_event(2)};
  take(take(Ledger::open(path)).append(events));
  require_good(take(Database::open(path, Access::write))
                   .execute("DROP TRIGGER event_stays; DELETE FROM event WHERE seq = 2"));
  CHECK(Ledger::open(path).error().kind == ErrorKind::integrity);
}

TEST_CASE("A page of the file that is no longer one is told as damage") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  std::vector<Event> events;
  for (unsigned i = 0; i < 3000; ++i)
    events.push_back(transfer_event(i));
  take(take(Ledger::open(path)).append(events));
  std::string bytes = testing::read_file(path);
  for (std::size_t at = 10 * 4096; at + 4096 < bytes.size(); at += 4096 * 5)
    bytes.replace(at, 4096, std::string(4096, '\x0d'));
  testing::write_file(path, bytes);
  Reader reader = take(Reader::open(path));
  const auto verification = take(verify(reader));
  CHECK(verification.first_bad);
}

TEST_CASE("A backup is a copy that verifies, and needs nothing beside it") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  const std::string copy = scratch / "copies/ledger.db";
  std::filesystem::create_directory(scratch / "copies");
  Ledger ledger = take(Ledger::open(path));
  const std::vector<Event> events{transfer_event(1), transfer_event(2)};
  take(ledger.append(events));
  CHECK(take(backup(fs::posix_file_ops(), path, copy)) == ledger.head());
  take(ledger.append(events));
  CHECK(take(backup(fs::posix_file_ops(), path, copy)) == ledger.head());
  {
    Reader reader = take(Reader::open(copy));
    CHECK(take(reader.head()) == ledger.head());
    CHECK(take(reader.event(4)).event == events[1]);
  }
  CHECK(testing::Scratch(scratch / "copies").tree().empty());
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "copies"))
    names.push_back(entry.path().filename());
  CHECK(names == std::vector<std::string>{"ledger.db"});
  CHECK(backup(fs::posix_file_ops(), path, path).error().kind == ErrorKind::invalid);
  CHECK(backup(fs::posix_file_ops(), scratch / "none.db", copy).error().kind == ErrorKind::not_found);
  CHECK(testing::exists(copy));
}

TEST_CASE("A ledger that does not verify is not backed up") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  const std::vector<Event> events{transfer_event(1), transfer_event(2)};
  take(take(Ledger::open(path)).append(events));
  const std::string copy = scratch / "copy.db";
  take(backup(fs::posix_file_ops(), path, copy));
  const std::string before = testing::read_file(copy);
  require_good(take(Database::open(path, Access::write))
                   .execute("DROP TRIGGER event_is_final; UPDATE event SET bytes = 1 WHERE seq = 2"));
  CHECK(backup(fs::posix_file_ops(), path, copy).error().kind == ErrorKind::integrity);
  CHECK(testing::read_file(copy) == before);
}

TEST_CASE("Anchors are appended, survive a torn line, and are refused when they are none") {
  const testing::Scratch scratch;
  fs::FileOps& ops = fs::posix_file_ops();
  const std::string path = scratch / "ledger.db-heads";
  CHECK(anchor_path(scratch / "ledger.db") == path);
  CHECK(take(read_anchors(ops, path)).empty());
  Head one{1, {}};
  Head two{70, {}};
  two.hash.fill(0xfe);
  require_good(append_anchor(ops, path, one, 5, "0.1.0"));
  const std::string whole = testing::read_file(path);
  require_good(append_anchor(ops, path, two, 6, "0.1.0"));
  CHECK(take(read_anchors(ops, path)) == std::vector<Head>{one, two});
  const std::string both = testing::read_file(path);
  for (std::size_t size = whole.size(); size < both.size(); ++size) {
    testing::write_file(path, both.substr(0, size));
    CHECK(take(read_anchors(ops, path)) == std::vector<Head>{one});
    require_good(append_anchor(ops, path, two, 7, "0.1.0"));
    const auto heads = take(read_anchors(ops, path));
    CHECK(heads.front() == one);
    CHECK(heads.back() == two);
  }
  testing::write_file(path, "one two three\n");
  CHECK(read_anchors(ops, path).error().kind == ErrorKind::integrity);
}
