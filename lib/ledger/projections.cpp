#include "lib/ledger/projections.h"

#include "lib/ledger/schema.h"

namespace microstage::ledger {

namespace {

// Prepares one statement after the other; the first failure is kept.
class Preparer {
 public:
  explicit Preparer(Database& database) : database_(database) {}

  Statement operator()(std::string_view sql) {
    auto statement = database_.prepare(sql);
    if (!statement && status_) status_ = fail(statement.error());
    return statement ? std::move(*statement) : Statement();
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  Database& database_;
  Status status_;
};

}  // namespace

Result<Projections> Projections::open(Database& database) {
  Preparer prepare(database);
  Statements sql{
      .arrive = prepare("INSERT INTO copies VALUES (?1, ?2, ?3, ?4, ?4, ?5, NULL) ON CONFLICT DO UPDATE SET "
                        "since = iif(gone IS NULL, since, excluded.since), seen = excluded.seen, "
                        "proven = coalesce(excluded.proven, proven), gone = NULL"),
      .disprove = prepare("UPDATE copies SET seen = ?4, proven = NULL WHERE dataset = ?1 AND key = ?2 AND "
                          "place = ?3"),
      .leave = prepare("DELETE FROM copies WHERE dataset = ?1 AND key = ?2 AND place = ?3"),
      .said_to_leave = prepare("UPDATE copies SET gone = ?4 WHERE dataset = ?1 AND key = ?2 AND place = ?3"),
      .open = prepare("INSERT OR REPLACE INTO open VALUES (?1, ?2, ?3, ?3)"),
      .change = prepare("UPDATE open SET latest = ?3 WHERE kind = ?1 AND name = ?2"),
      .close = prepare("DELETE FROM open WHERE kind = ?1 AND name = ?2"),
      .spool = prepare("INSERT INTO spools VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
                       "position = max(position, excluded.position), seq = excluded.seq"),
      .totals =
          prepare("INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET "
                  "files = files + excluded.files, "
                  "bytes = min(bytes + excluded.bytes, 9223372036854775807), "
                  "removed_files = removed_files + excluded.removed_files, "
                  "removed_bytes = min(removed_bytes + excluded.removed_bytes, 9223372036854775807), "
                  "failures = failures + excluded.failures"),
      .head = prepare("INSERT OR REPLACE INTO head VALUES (1, ?1, ?2)"),
  };
  if (!prepare.status()) return fail(prepare.status().error());
  return Projections(std::move(sql));
}

bool proves(const Event& event) {
  return event.basis == "proof" && event.result.empty() &&
         (event.verified == "hash" || event.verified == "read-back");
}

std::string open_name(OpenKind kind, const Event& event) {
  switch (kind) {
    case OpenKind::request:
      return event.request;
    case OpenKind::pin:
      return event.pin;
    case OpenKind::lease:  // a job can have an old lease and its successor at once
      return event.job + ":" + std::to_string(event.token.value_or(0));
    case OpenKind::job:
    case OpenKind::reservation:
    case OpenKind::none:
      break;
  }
  return event.job;
}

void Projections::count(const TypeSpec& type, const Event& event, const Ids& ids) {
  if (type.count == Count::none) return;
  const TextId tier = ids[type.count == Count::removed ? Field::from : Field::to];
  Totals& totals = pending_[{event.time / kNanosecondsPerDay, ids[Field::actor], tier}];
  if (type.count == Count::failed) {
    ++totals.failures;
  } else if (type.count == Count::removed) {
    ++totals.removed_files;
    totals.removed_bytes = added(totals.removed_bytes, event.bytes.value_or(0));
  } else {
    ++totals.files;
    totals.bytes = added(totals.bytes, event.bytes.value_or(0));
  }
}

Status Projections::fold_copy(std::uint64_t seq, const TypeSpec& type, const Event& event, const Ids& ids) {
  const bool leaves = type.copy == CopyEffect::leaves;
  const bool damaged = type.copy == CopyEffect::proves && !event.result.empty();
  const bool claim = event.basis != "proof";
  if (damaged && claim) return {};  // somebody's word does not undo a proof
  Statement& statement = damaged   ? sql_.disprove
                         : !leaves ? sql_.arrive
                         : claim   ? sql_.said_to_leave
                                   : sql_.leave;
  statement.bind(1, ids[Field::dataset]).bind(2, ids[Field::key]);
  statement.bind(3, ids[leaves ? Field::from : Field::to]);
  if (!leaves || claim) statement.bind(4, seq);
  if (!leaves && !damaged) proves(event) ? statement.bind(5, seq) : statement.bind_null(5);
  return statement.run();
}

Status Projections::fold_open(std::uint64_t seq, const TypeSpec& type, const Event& event) {
  Statement& statement = type.open == OpenEffect::opens     ? sql_.open
                         : type.open == OpenEffect::changes ? sql_.change
                                                            : sql_.close;
  const std::string name = open_name(type.kind, event);
  statement.bind(1, static_cast<std::int64_t>(type.kind)).bind_bytes(2, name);
  if (type.open != OpenEffect::closes) statement.bind(3, seq);
  return statement.run();
}

Status Projections::fold(std::uint64_t seq, const Event& event, const Ids& ids) {
  const TypeSpec& type = *find_type(event.type);
  count(type, event, ids);
  if (type.copy != CopyEffect::none)
    if (auto folded = fold_copy(seq, type, event, ids); !folded) return folded;
  if (type.open != OpenEffect::none)
    if (auto folded = fold_open(seq, type, event); !folded) return folded;
  if (event.type != EventType::spool_imported) return {};
  return sql_.spool.bind_bytes(1, event.spool).bind(2, event.position.value_or(0)).bind(3, seq).run();
}

Status Projections::finish(const Head& head) {
  for (const auto& [where, totals] : pending_) {
    const auto& [day, actor, tier] = where;
    sql_.totals.bind(1, day).bind(2, actor).bind(3, tier).bind(4, totals.files).bind(5, totals.bytes);
    sql_.totals.bind(6, totals.removed_files).bind(7, totals.removed_bytes).bind(8, totals.failures);
    if (auto added = sql_.totals.run(); !added) return added;
  }
  pending_.clear();
  const std::string_view hash{reinterpret_cast<const char*>(head.hash.data()), head.hash.size()};
  return sql_.head.bind(1, head.seq).bind_bytes(2, hash).run();
}

Status Projections::clear(Database& database) {
  for (const ProjectionTable& table : projection_tables())
    if (auto cleared = database.execute("DELETE FROM " + std::string{table.name}); !cleared) return cleared;
  return {};
}

}  // namespace microstage::ledger
