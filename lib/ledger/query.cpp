#include "lib/ledger/query.h"

#include <algorithm>

#include "lib/ledger/query_sql.h"

namespace microstage::ledger {

namespace {

Result<bool> has_row(Reader& reader, std::string_view sql, const std::string& name) {
  const auto id = reader.texts().find(name);
  if (!id) return fail(id.error());
  if (*id == 0) return false;
  auto statement = reader.database().prepare(sql);
  if (!statement) return fail(statement.error());
  return statement->bind(1, *id).step();
}

Result<std::string> text_of(Reader& reader, const Statement& row, int column) {
  if (row.is_null(column)) return std::string{};
  const auto text = reader.texts().text(row.integer(column));
  if (!text) return fail(text.error());
  return std::string{*text};
}

Moment moment_of(const Statement& row, int column) {
  return {static_cast<std::uint64_t>(row.integer(column)), row.integer(column + 1)};
}

std::optional<Moment> optional_moment(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return moment_of(row, column);
}

Result<Copy> read_copy(Reader& reader, const Statement& row) {
  Copy copy;
  for (const auto& [column, text] : {std::pair{0, &copy.dataset}, {1, &copy.key}, {2, &copy.place}}) {
    auto read = text_of(reader, row, column);
    if (!read) return failure_of(read);
    *text = std::move(*read);
  }
  copy.since = moment_of(row, 3);
  copy.seen = moment_of(row, 5);
  copy.proven = optional_moment(row, 7);
  copy.gone = optional_moment(row, 9);
  if (!row.is_null(11)) copy.bytes = static_cast<std::uint64_t>(row.integer(11));
  return copy;
}

}  // namespace

Status for_each_event(Reader& reader, const Query& query, std::size_t limit,
                      const std::function<Status(const Found&)>& take) {
  const auto conditions = Conditions::of(reader, query);
  if (!conditions) return fail(conditions.error());
  if (conditions->nothing()) return {};
  auto statement = reader.database().prepare(
      conditions->with() + "SELECT " + event_columns() +
      ", before.hash FROM event LEFT JOIN event AS before ON before.seq = event.seq - 1 WHERE " +
      conditions->where() + " ORDER BY event.seq DESC");
  if (!statement) return fail(statement.error());
  conditions->bind(*statement);
  for (std::size_t count = 0; count < limit; ++count) {
    const auto row = statement->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    Found found;
    auto record = reader.rows().record(*statement);
    if (!record) {
      return fail(record.error().kind, "event " + std::to_string(statement->integer(0)) + " of the ledger " +
                                           reader.database().path() + " cannot be read: " +
                                           record.error().message + "; run microstage ledger verify");
    }
    found.record = std::move(*record);
    const std::string_view hash = statement->bytes(kEventColumns);
    if (hash.size() == found.previous.size()) std::copy(hash.begin(), hash.end(), found.previous.begin());
    if (auto taken = take(found); !taken) return taken;
  }
  return {};
}

Result<bool> knows_id(Reader& reader, const std::string& id) {
  const auto known = has_row(reader, "SELECT 1 FROM event WHERE request = ?1 OR job = ?1 LIMIT 1", id);
  if (!known || *known) return known;
  if (auto ready = add_query_functions(reader.database()); !ready) return fail(ready.error());
  auto statement =
      reader.database().prepare("SELECT 1 FROM event WHERE type = ?1 AND pin_of(detail) = ?2 LIMIT 1");
  if (!statement) return fail(statement.error());
  return statement->bind(1, static_cast<std::int64_t>(EventType::pin_made)).bind_bytes(2, id).step();
}

Result<bool> knows_dataset(Reader& reader, const std::string& dataset) {
  return has_row(reader, "SELECT 1 FROM event WHERE dataset = ? LIMIT 1", dataset);
}

Result<bool> knows_key(Reader& reader, const std::string& key) {
  return has_row(reader, "SELECT 1 FROM event WHERE key = ? LIMIT 1", key);
}

Status for_each_copy(Reader& reader, const Query& query, const std::function<Status(const Copy&)>& take) {
  std::string where = "1";
  std::string keys;
  if (query.keys) {
    auto list = id_list(reader, *query.keys);
    if (!list) return fail(list.error());
    keys = std::move(*list);
    where = "copies.key IN (SELECT value FROM json_each(?1))";
  }
  const auto dataset = reader.texts().find(query.dataset);
  if (!dataset) return fail(dataset.error());
  const auto place = reader.texts().find(query.tier);
  if (!place) return fail(place.error());
  // What was told of a wanted key without its dataset belongs here, too.
  if (!query.dataset.empty())
    where += query.keys ? " AND +copies.dataset IN (?2, 0)" : " AND copies.dataset = ?2";
  if (!query.tier.empty()) where += " AND copies.place = ?3";
  auto statement = reader.database().prepare(
      "SELECT nullif(copies.dataset, 0), copies.key, copies.place, copies.since, since.time, copies.seen, "
      "seen.time, "
      "copies.proven, proven.time, copies.gone, gone.time, coalesce(seen.bytes, since.bytes, proven.bytes) "
      "FROM copies "
      "LEFT JOIN event AS since ON since.seq = copies.since LEFT JOIN event AS seen ON seen.seq = "
      "copies.seen "
      "LEFT JOIN event AS proven ON proven.seq = copies.proven LEFT JOIN event AS gone ON gone.seq = "
      "copies.gone WHERE " +
      where);
  if (!statement) return fail(statement.error());
  statement->bind_bytes(1, keys).bind(2, *dataset).bind(3, *place);
  for (;;) {
    const auto row = statement->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    const auto copy = read_copy(reader, *statement);
    if (!copy) return fail(copy.error());
    if (auto taken = take(*copy); !taken) return taken;
  }
}

}  // namespace microstage::ledger
