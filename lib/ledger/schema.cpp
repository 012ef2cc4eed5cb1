#include "lib/ledger/schema.h"

#include <algorithm>
#include <array>
#include <string>

namespace microstage::ledger {

namespace {

// Names are ids of `text`. Partial indexes: most columns are absent in most rows of some types. No index is
// on a text or on anything random: rows of one dataset come close together, so that inserts touch few pages.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE text (
  id INTEGER PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
CREATE TABLE text_lookup (
  hash INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (hash, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  type INTEGER NOT NULL,
  request INTEGER,
  job INTEGER,
  dataset INTEGER,
  key INTEGER,
  source INTEGER,
  target INTEGER,
  actor INTEGER,
  host INTEGER,
  program INTEGER,
  verified INTEGER,
  basis INTEGER,
  result INTEGER,
  bytes INTEGER,
  duration INTEGER,
  detail BLOB,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX event_time ON event (time);
CREATE INDEX event_request ON event (request) WHERE request IS NOT NULL;
CREATE INDEX event_job ON event (job) WHERE job IS NOT NULL;
CREATE INDEX event_dataset ON event (dataset) WHERE dataset IS NOT NULL;
CREATE INDEX event_key ON event (key) WHERE key IS NOT NULL;
CREATE INDEX event_actor ON event (actor) WHERE actor IS NOT NULL;
CREATE INDEX event_host ON event (host) WHERE host IS NOT NULL;
CREATE INDEX event_result ON event (result) WHERE result IS NOT NULL;
CREATE TRIGGER event_is_final BEFORE UPDATE ON event
  BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
  BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER text_is_final BEFORE UPDATE ON text
  BEGIN SELECT RAISE(ABORT, 'texts of events are never changed'); END;
CREATE TRIGGER text_stays BEFORE DELETE ON text
  BEGIN SELECT RAISE(ABORT, 'texts of events are never deleted'); END;
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE totals (
  day INTEGER NOT NULL,
  actor INTEGER NOT NULL,
  tier INTEGER NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  removed_files INTEGER NOT NULL,
  removed_bytes INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (day, actor, tier)
) STRICT, WITHOUT ROWID;
CREATE TABLE copies (
  dataset INTEGER NOT NULL,
  key INTEGER NOT NULL,
  place INTEGER NOT NULL,
  since INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  proven INTEGER,
  gone INTEGER,
  PRIMARY KEY (dataset, key, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_key ON copies (key);
CREATE TABLE open (
  kind INTEGER NOT NULL,
  name BLOB NOT NULL,
  opened INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE spools (
  name BLOB PRIMARY KEY,
  position INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What is asked for by tier or place alone, and the types that there are few of (kRareTypes).
constexpr const char* kVersion2 = R"sql(
CREATE INDEX event_source ON event (source) WHERE source IS NOT NULL;
CREATE INDEX event_target ON event (target) WHERE target IS NOT NULL;
CREATE INDEX event_rare ON event (type) WHERE type NOT IN (10, 11, 20, 21, 22, 30, 31, 40, 50, 54, 80, 81);
)sql";

constexpr std::array kMigrations{kVersion1, kVersion2};

constexpr std::array kProjections{
    ProjectionTable{"head", "id"},
    ProjectionTable{"totals", "day, actor, tier"},
    ProjectionTable{"copies", "dataset, key, place"},
    ProjectionTable{"open", "kind, name"},
    ProjectionTable{"spools", "name"},
};

Status refuse(const Database& database, ErrorKind kind, std::string_view why) {
  return fail(kind, "the ledger " + database.path() + " " + std::string{why});
}

// The version, 0 for an empty file.
Result<std::size_t> version_of(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return fail(application.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*application == kApplicationId && *version > 0) return static_cast<std::size_t>(*version);
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*tables == 0) return std::size_t{0};
  return fail(
      refuse(database, ErrorKind::invalid, "is a database of another program; choose another file").error());
}

Status refuse_newer(const Database& database) {
  return refuse(database, ErrorKind::unsupported, "was written by a newer microstage; update this one");
}

}  // namespace

std::span<const char* const> migrations() {
  return kMigrations;
}

bool is_rare(EventType type) {
  constexpr std::array kCommon{10, 11, 20, 21, 22, 30, 31, 40, 50, 54, 80, 81};
  return std::find(kCommon.begin(), kCommon.end(), static_cast<int>(type)) == kCommon.end();
}

std::span<const ProjectionTable> projection_tables() {
  return kProjections;
}

Status check_schema(Database& database) {
  const auto version = version_of(database);
  if (!version) return fail(version.error());
  if (*version > kMigrations.size()) return refuse_newer(database);
  if (*version == 0) return refuse(database, ErrorKind::not_found, "holds nothing yet");
  return {};
}

Status migrate(Database& database, std::span<const char* const> steps) {
  const auto version = version_of(database);
  if (!version) return fail(version.error());
  if (*version > steps.size()) return refuse_newer(database);
  for (std::size_t next = *version; next < steps.size(); ++next) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return fail(transaction.error());
    const std::string sql = std::string{steps[next]} +
                            "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(next + 1);
    if (auto done = database.execute(sql); !done) return done;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  return {};
}

}  // namespace microstage::ledger
