// Ledgers of every version so far can be read and go on; what is no ledger, or of a newer program, is refused
// and left alone. ledger_schemas/N.sql is a ledger as version N wrote it.

#include "lib/ledger/schema.h"

#include "lib/ledger/catalogue.h"
#include "lib/ledger/query.h"
#include "lib/ledger/verify.h"
#include "tests/support/ledger_fixture.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::require_good;
using testing::take;
using testing::transfer_event;

namespace {

std::string frozen(std::size_t version) {
  return testing::read_file(std::string{MICROSTAGE_SOURCE} + "/tests/unit/ledger_schemas/" +
                            std::to_string(version) + ".sql");
}

// A ledger of that version; its path.
std::string make_frozen(const testing::Scratch& scratch, std::size_t version) {
  const std::string sql = frozen(version);
  REQUIRE_FALSE(sql.empty());
  std::string path = scratch / ("ledger" + std::to_string(version));
  require_good(take(Database::open(path, Access::write))
                   .execute("PRAGMA synchronous = OFF; BEGIN; " + sql + "COMMIT"));
  return path;
}

std::vector<std::string> schema_of(Database& database) {
  Statement rows =
      take(database.prepare("SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema WHERE "
                            "sql IS NOT NULL ORDER BY type, name"));
  std::vector<std::string> schema;
  while (take(rows.step()))
    schema.emplace_back(rows.bytes(0));
  return schema;
}

constexpr const char* kFirst = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);";
constexpr const char* kSecond = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;";
constexpr const char* kThird = "CREATE TABLE b AS SELECT y FROM a;";
constexpr const char* kBroken = "CREATE TABLE c (x INTEGER); INSERT INTO nowhere VALUES (1);";

std::int64_t version_of(Database& database) {
  return take(database.number("PRAGMA user_version"));
}

}  // namespace

TEST_CASE("A ledger of every earlier version is brought up to date and goes on") {
  const testing::Scratch scratch;
  Database fresh = take(Database::open(scratch / "fresh.db", Access::write));
  require_good(migrate(fresh));
  for (std::size_t version = 1; version <= migrations().size(); ++version) {
    INFO(version);
    const std::string path = make_frozen(scratch, version);
    const Event event = transfer_event(1);
    Ledger ledger = take(Ledger::open(path));
    const std::uint64_t before = ledger.head().seq;
    CHECK(before >= 40);
    CHECK(take(ledger.append({&event, 1})).seq == before + 1);
    Reader reader = take(Reader::open(path));
    CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
    CHECK(schema_of(reader.database()) == schema_of(fresh));
    require_good(ledger.rebuild());
    CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
  }
  CHECK(frozen(migrations().size() + 1).empty());
}

TEST_CASE("A ledger of every earlier version is read as it is") {
  const testing::Scratch scratch;
  const auto found = [](Reader& reader, const Query& query) {
    std::vector<std::uint64_t> numbers;
    require_good(for_each_event(reader, query, 1000, [&](const Found& one) -> Status {
      numbers.push_back(one.record.seq);
      return {};
    }));
    return numbers;
  };
  for (std::size_t version = 1; version <= migrations().size(); ++version) {
    Reader reader = take(Reader::open(make_frozen(scratch, version)));
    CHECK_FALSE(take(verify(reader, {{}, true})).first_bad);
    Query query;
    query.type = "request.made";
    CHECK(found(reader, query).size() == 20);
    query.tier = "capacity";
    CHECK(found(reader, query).empty());
    CHECK(take(knows_id(reader, "r3")));
    CHECK_FALSE(take(knows_id(reader, "nobody")));
    CHECK(version_of(reader.database()) == static_cast<std::int64_t>(version));
  }
}

TEST_CASE("What is asked for by tier, type or pin alone has an index") {
  const testing::Scratch scratch;
  { const Ledger made = take(Ledger::open(scratch / "ledger.db")); }
  Reader reader = take(Reader::open(scratch / "ledger.db"));
  const std::string rare = std::string{kRareTypes};
  for (const auto& [condition, index] :
       {std::pair<std::string, std::string>{"event.source = ?", "event_source"},
        {"event.target = ? AND event.seq BETWEEN ? AND ?", "event_target"},
        {"event.type IN (?, ?) AND " + rare, "event_rare"},
        {"event.type = ? AND " + rare + " AND event.seq < ?", "event_rare"}}) {
    Statement plan = take(reader.database().prepare("EXPLAIN QUERY PLAN SELECT * FROM event WHERE 1 AND " +
                                                    condition + " ORDER BY event.seq DESC"));
    REQUIRE(take(plan.step()));
    CAPTURE(condition);
    CHECK(std::string{plan.bytes(3)}.find(index) != std::string::npos);
  }
  for (const TypeSpec& type : types()) {
    const auto number = std::to_string(static_cast<int>(type.type));
    const auto listed = take(reader.database().number(
        "SELECT type NOT IN (10, 11, 20, 21, 22, 30, 31, 40, 50, 54, 80, 81) FROM (SELECT " + number +
        " AS type)"));
    CHECK(is_rare(type.type) == (listed == 1));
  }
}

TEST_CASE("Missing steps are taken from any version on, each once") {
  const std::vector<const char*> steps{kFirst, kSecond, kThird};
  for (std::size_t from = 0; from <= steps.size(); ++from) {
    const testing::Scratch scratch;
    Database database = take(Database::open(scratch / "db", Access::write));
    require_good(migrate(database, std::span(steps).first(from)));
    CHECK(version_of(database) == static_cast<std::int64_t>(from));
    require_good(migrate(database, steps));
    require_good(migrate(database, steps));
    CHECK(version_of(database) == 3);
    CHECK(take(database.number("SELECT y FROM b")) == 2);
  }
}

TEST_CASE("A step that fails leaves the version before it") {
  const testing::Scratch scratch;
  Database database = take(Database::open(scratch / "db", Access::write));
  const std::vector<const char*> broken{kFirst, kSecond, kBroken};
  CHECK_FALSE(migrate(database, broken));
  CHECK(version_of(database) == 2);
  CHECK(take(database.number("SELECT count(*) FROM sqlite_schema")) == 1);
  require_good(migrate(database, std::vector<const char*>{kFirst, kSecond, kThird}));
  CHECK(version_of(database) == 3);
}

TEST_CASE("A ledger of a newer program is refused and left alone") {
  const testing::Scratch scratch;
  const std::string path = scratch / "ledger.db";
  { const Ledger made = take(Ledger::open(path)); }
  const auto newer = static_cast<std::int64_t>(migrations().size()) + 1;
  require_good(
      take(Database::open(path, Access::write)).execute("PRAGMA user_version = " + std::to_string(newer)));
  CHECK(Ledger::open(path).error().kind == ErrorKind::unsupported);
  CHECK(Reader::open(path).error().kind == ErrorKind::unsupported);
  Database database = take(Database::open(path, Access::read));
  CHECK(version_of(database) == newer);
}

TEST_CASE("What is no ledger is refused and left alone") {
  const testing::Scratch scratch;
  const std::string other = scratch / "other.db";
  require_good(take(Database::open(other, Access::write)).execute("CREATE TABLE theirs (x)"));
  CHECK(Ledger::open(other).error().kind == ErrorKind::invalid);
  CHECK(Reader::open(other).error().kind == ErrorKind::invalid);
  const std::string text = scratch / "notes.txt";
  testing::write_file(text, std::string(5000, 'n'));
  CHECK(Ledger::open(text).error().kind == ErrorKind::integrity);
  CHECK(testing::read_file(text) == std::string(5000, 'n'));
  const std::string empty = scratch / "empty.db";
  testing::write_file(empty, "");
  CHECK(Reader::open(empty).error().kind == ErrorKind::not_found);
  CHECK(Ledger::open(scratch / "no/ledger.db").error().kind == ErrorKind::not_found);
}
