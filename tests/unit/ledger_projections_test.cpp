// Projections: what plain maps give, and what folding all events again gives, row for row.

#include <map>
#include <tuple>

#include "lib/core/text.h"
#include "lib/ledger/projections.h"
#include "lib/ledger/query.h"
#include "lib/ledger/schema.h"
#include "lib/ledger/verify.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_random.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::require_good;
using testing::take;
using testing::transfer_event;

namespace {

// All rows of a query as text, the columns quoted by SQLite.
std::vector<std::string> rows_of(Database& database, const std::string& columns, const std::string& rest) {
  std::string quoted;
  for (const std::string_view column : split(columns, ' '))
    quoted += (quoted.empty() ? "quote(" : " || ' ' || quote(") + std::string{column} + ")";
  Statement statement = take(database.prepare("SELECT " + quoted + " FROM " + rest));
  std::vector<std::string> rows;
  while (take(statement.step()))
    rows.emplace_back(statement.bytes(0));
  return rows;
}

std::vector<std::string> dump(const std::string& path) {
  Database database = take(Database::open(path, Access::read));
  std::vector<std::string> all;
  const auto add = [&](const std::string& columns, const std::string& rest) {
    for (std::string& row : rows_of(database, columns, rest))
      all.push_back(rest + ": " + row);
  };
  add("id seq hash", "head");
  add("day actor tier files bytes removed_files removed_bytes failures", "totals ORDER BY day, actor, tier");
  add("dataset key place since seen proven gone", "copies ORDER BY dataset, key, place");
  add("kind name opened latest", "open ORDER BY kind, name");
  add("name position seq", "spools ORDER BY name");
  return all;
}

struct Copy {
  std::uint64_t since = 0, seen = 0, proven = 0, gone = 0;
  bool operator==(const Copy&) const = default;
};
using CopyKey = std::tuple<std::string, std::string, std::string>;

// The rules of the page once more, on maps of texts.
struct Model {
  std::map<CopyKey, Copy> copies;
  std::map<std::string, std::array<std::uint64_t, 5>> totals;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> open;
  std::map<std::string, std::uint64_t> spools;

  void arrive(std::uint64_t seq, const Event& e) {
    Copy& copy = copies[{e.dataset, e.key, e.to}];
    if (copy.since == 0 || copy.gone != 0) copy.since = seq;
    copy.seen = seq;
    copy.gone = 0;
    const bool hashed = e.verified == "hash" || e.verified == "read-back";
    if (e.basis == "proof" && hashed && e.result.empty()) copy.proven = seq;
  }
  void leave(std::uint64_t seq, const Event& e) {
    const auto found = copies.find({e.dataset, e.key, e.from});
    if (found == copies.end()) return;
    if (e.basis == "proof") {
      copies.erase(found);
    } else {
      found->second.gone = seq;
    }
  }
  void verified(std::uint64_t seq, const Event& e) {
    if (e.result.empty()) return arrive(seq, e);
    const auto found = copies.find({e.dataset, e.key, e.to});
    if (found == copies.end() || e.basis != "proof") return;
    found->second.seen = seq;
    found->second.proven = 0;
  }
  std::array<std::uint64_t, 5>& total(const Event& e, const std::string& tier) {
    return totals[std::to_string(e.time / kNanosecondsPerDay) + " " + e.actor + " " + tier];
  }
  void opens(std::uint64_t seq, const std::string& name) { open[name] = {seq, seq}; }
  void changes(std::uint64_t seq, const std::string& name) {
    if (open.contains(name)) open[name].second = seq;
  }

  void fold(std::uint64_t seq, const Event& e) {
    switch (e.type) {
      case EventType::transfer_finished:
        arrive(seq, e);
        total(e, e.to)[0] += 1;
        total(e, e.to)[1] += *e.bytes;
        break;
      case EventType::transfer_failed:
        total(e, e.to)[4] += 1;
        break;
      case EventType::object_found:
        return arrive(seq, e);
      case EventType::object_verified:
        return verified(seq, e);
      case EventType::object_released:
      case EventType::object_removed:
        total(e, e.from)[2] += 1;
        total(e, e.from)[3] += e.bytes.value_or(0);
        return leave(seq, e);
      case EventType::object_lost:
      case EventType::object_quarantined:
        return leave(seq, e);
      case EventType::request_made:
        return opens(seq, "1 " + e.request);
      case EventType::request_ended:
        open.erase("1 " + e.request);
        break;
      case EventType::job_made:
        return opens(seq, "2 " + e.job);
      case EventType::job_changed:
        return changes(seq, "2 " + e.job);
      case EventType::job_ended:
        open.erase("2 " + e.job);
        break;
      case EventType::lease_given:
        return opens(seq, "3 " + e.job + ":" + std::to_string(*e.token));
      case EventType::lease_ended:
        open.erase("3 " + e.job + ":" + std::to_string(*e.token));
        break;
      case EventType::pin_made:
        return opens(seq, "4 " + e.pin);
      case EventType::pin_ended:
        open.erase("4 " + e.pin);
        break;
      case EventType::reservation_made:
        return opens(seq, "5 " + e.job);
      case EventType::reservation_ended:
        open.erase("5 " + e.job);
        break;
      case EventType::spool_imported:
        spools[e.spool] = std::max(spools[e.spool], *e.position);
        break;
      default:
        break;
    }
  }
};

std::uint64_t number(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

Model read_model(const std::string& path) {
  Reader reader = take(Reader::open(path));
  const auto text = [&](const Statement& row, int column) {
    return std::string{take(reader.texts().text(row.integer(column)))};
  };
  Model model;
  Statement copies = take(reader.database().prepare("SELECT * FROM copies"));
  while (take(copies.step())) {
    const CopyKey key{text(copies, 0), text(copies, 1), text(copies, 2)};
    model.copies[key] = {number(copies, 3), number(copies, 4), number(copies, 5), number(copies, 6)};
  }
  Statement totals = take(reader.database().prepare("SELECT * FROM totals"));
  while (take(totals.step())) {
    auto& row =
        model.totals[std::to_string(totals.integer(0)) + " " + text(totals, 1) + " " + text(totals, 2)];
    for (int i = 0; i < 5; ++i)
      row.at(static_cast<std::size_t>(i)) = number(totals, 3 + i);
  }
  Statement open = take(reader.database().prepare("SELECT * FROM open"));
  while (take(open.step())) {
    const std::string name = std::to_string(open.integer(0)) + " " + std::string{open.bytes(1)};
    model.open[name] = {number(open, 2), number(open, 3)};
  }
  Statement spools = take(reader.database().prepare("SELECT * FROM spools"));
  while (take(spools.step()))
    model.spools[std::string{spools.bytes(0)}] = number(spools, 1);
  return model;
}

}  // namespace

TEST_CASE("Random events give the projections of the page, and a rebuild gives the same rows") {
  const unsigned seed = GENERATE(1U, 2U, 3U);
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  testing::RandomEvents random(seed);
  Model model;
  std::uint64_t seq = 0;
  Ledger ledger = take(Ledger::open(path));
  while (seq < 1500) {
    std::vector<Event> batch;
    for (std::uint64_t left = 1 + random.below(60); left > 0; --left) {
      batch.push_back(random.next());
      model.fold(++seq, batch.back());
    }
    take(ledger.append(batch));
  }
  const Model stored = read_model(path);
  CHECK(stored.copies == model.copies);
  CHECK(stored.totals == model.totals);
  CHECK(stored.open == model.open);
  CHECK(stored.spools == model.spools);
  CHECK_FALSE(model.copies.empty());
  CHECK_FALSE(model.open.empty());
  const auto before = dump(path);
  require_good(ledger.rebuild());
  CHECK(dump(path) == before);
  Reader reader = take(Reader::open(path));
  const auto verified = take(verify(reader, {{}, true}));
  CHECK_FALSE(verified.first_bad);
  CHECK(verified.head == ledger.head());
}

TEST_CASE("A projection that was changed by hand is found, and a rebuild mends it") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  const char* change =
      GENERATE("UPDATE copies SET proven = 1 WHERE key = (SELECT max(key) FROM copies)",
               "UPDATE totals SET bytes = bytes + 1", "DELETE FROM copies",
               "INSERT INTO open VALUES (1, x'41', 1, 1)", "INSERT INTO spools VALUES (x'41', 1, 1)");
  std::vector<Event> events;
  for (unsigned i = 1; i < 30; ++i)
    events.push_back(transfer_event(i));
  take(take(Ledger::open(path)).append(events));
  const auto before = dump(path);
  const auto sound = [&] {
    Reader reader = take(Reader::open(path));
    return !take(verify(reader, {{}, true})).first_bad;
  };
  REQUIRE(sound());
  require_good(take(Database::open(path, Access::write)).execute(change));
  CHECK_FALSE(sound());
  require_good(take(Ledger::open(path)).rebuild());
  CHECK(sound());
  CHECK(dump(path) == before);
}

TEST_CASE("A transaction that fails adds nothing to the totals of the next") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  Ledger ledger = take(Ledger::open(path));
  // Fails at its second row, after the first was counted.
  Database raw = take(Database::open(path, Access::write));
  require_good(
      raw.execute("CREATE TRIGGER no BEFORE INSERT ON event WHEN new.seq = 2 "
                  "BEGIN SELECT RAISE(ABORT, 'not now'); END"));
  const std::vector<Event> events{transfer_event(1), transfer_event(2)};
  CHECK_FALSE(ledger.append(events));
  CHECK(ledger.head() == Head{});
  require_good(raw.execute("DROP TRIGGER no"));
  take(ledger.append(events));
  Reader reader = take(Reader::open(path));
  CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
  CHECK(take(reader.database().number("SELECT sum(files) FROM totals")) == 2);
}

TEST_CASE("Claims of the largest sizes stop nothing: sums end there") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  Ledger ledger = take(Ledger::open(path));
  std::vector<Event> claims(3, transfer_event(1));
  claims.push_back(transfer_event(1));
  claims.back().type = EventType::object_removed;
  claims.back().from = "capacity";
  for (std::string* absent : {&claims.back().to, &claims.back().verified})
    absent->clear();
  for (Event& claim : claims)
    claim.bytes = kMostBytes;
  take(ledger.append(claims));
  take(ledger.append(claims));
  Reader reader = take(Reader::open(path));
  CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
  Query of_a_host;  // added up from the events, the other from the days
  of_a_host.host = claims[0].host;
  for (const Query& query : {Query{}, of_a_host}) {
    const auto rows = take(totals(reader, query));
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].files == 6);
    CHECK(rows[0].bytes == kMostBytes);
    CHECK(rows[0].removed_bytes == kMostBytes);
  }
  require_good(ledger.rebuild());
  CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
}

TEST_CASE("The position of a spool is what was imported last, and never goes back") {
  const testing::Scratch scratch;
  Ledger ledger = take(Ledger::open(scratch / "ledger.db"));
  CHECK(take(ledger.spool_position("host-1000")) == 0);
  for (const std::uint64_t position : {100U, 700U, 300U}) {
    Event event;
    event.type = EventType::spool_imported;
    event.spool = "host-1000";
    event.position = position;
    take(ledger.append({&event, 1}));
  }
  CHECK(take(ledger.spool_position("host-1000")) == 700);
  CHECK(take(ledger.spool_position("host-1001")) == 0);
}
