#include "lib/ledger/query.h"

#include <algorithm>

#include "lib/ledger/query_sql.h"
#include "lib/ledger/schema.h"

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

// The events that fit some conditions, newest first, one at a time.
class Stream {
 public:
  static Result<Stream> open(Reader& reader, const Conditions& conditions);

  // Loads the next one; `seq` 0: there is none.
  Status advance();
  [[nodiscard]] const Found& current() const { return current_; }

 private:
  Stream(Reader& reader, Statement statement) : reader_(&reader), statement_(std::move(statement)) {}

  Reader* reader_;
  Statement statement_;
  Found current_;
};

Result<Stream> Stream::open(Reader& reader, const Conditions& conditions) {
  auto statement = reader.database().prepare(
      conditions.with() + "SELECT " + event_columns() +
      ", before.hash FROM event LEFT JOIN event AS before ON before.seq = event.seq - 1 WHERE " +
      conditions.where() + " ORDER BY event.seq DESC");
  if (!statement) return fail(statement.error());
  conditions.bind(*statement);
  return Stream(reader, std::move(*statement));
}

Status Stream::advance() {
  const auto row = statement_.step();
  if (!row) return fail(row.error());
  current_ = {};
  if (!*row) return {};
  auto record = reader_->rows().record(statement_);
  if (!record) {
    return fail(record.error().kind, "event " + std::to_string(statement_.integer(0)) + " of the ledger " +
                                         reader_->database().path() + " cannot be read: " +
                                         record.error().message + "; run microstage ledger verify");
  }
  current_.record = std::move(*record);
  const std::string_view hash = statement_.bytes(kEventColumns);
  if (hash.size() == current_.previous.size()) std::copy(hash.begin(), hash.end(), current_.previous.begin());
  return {};
}

// What is asked for by its tier alone comes from two indexes, failures from an index for each kind;
// everything else from one, or from going through all events.
Result<std::vector<Conditions>> parts_of(Reader& reader, const Query& query) {
  std::vector<Conditions> parts;
  auto all = Conditions::of(reader, query);
  if (!all) return fail(all.error());
  if (all->nothing()) return parts;
  const bool failed = query.result == "failed";
  if (all->indexed() || (query.tier.empty() && !failed)) {
    parts.push_back(std::move(*all));
    return parts;
  }
  const auto add = [&](const Query& asked, Part part) -> Status {
    auto conditions = Conditions::of(reader, asked, part);
    if (!conditions) return fail(conditions.error());
    if (!conditions->nothing()) parts.push_back(std::move(*conditions));
    return {};
  };
  if (!failed) {
    for (const Part part : {Part::to_tier, Part::only_from_tier})
      if (auto added = add(query, part); !added) return fail(added.error());
    return parts;
  }
  Query one = query;
  for (const std::string& failure : failures()) {
    one.result = failure;
    if (auto added = add(one, Part::all); !added) return fail(added.error());
  }
  return parts;
}

Result<std::vector<Stream>> streams_of(Reader& reader, const std::vector<Conditions>& parts) {
  std::vector<Stream> streams;
  for (const Conditions& part : parts) {
    auto stream = Stream::open(reader, part);
    if (!stream) return fail(stream.error());
    if (auto begun = stream->advance(); !begun) return fail(begun.error());
    streams.push_back(std::move(*stream));
  }
  return streams;
}

}  // namespace

Status for_each_event(Reader& reader, const Query& query, std::size_t limit,
                      const std::function<Status(const Found&)>& take) {
  const auto parts = parts_of(reader, query);
  if (!parts) return fail(parts.error());
  auto streams = streams_of(reader, *parts);
  if (!streams) return fail(streams.error());
  const auto older = [](const Stream& a, const Stream& b) {
    return a.current().record.seq < b.current().record.seq;
  };
  auto last = streams->end();
  for (std::size_t count = 0; count < limit; ++count) {
    // Not sooner: the one after the last that is wanted may be far away.
    if (last != streams->end())
      if (auto advanced = last->advance(); !advanced) return advanced;
    last = std::max_element(streams->begin(), streams->end(), older);
    if (last == streams->end() || last->current().record.seq == 0) break;
    if (auto taken = take(last->current()); !taken) return taken;
  }
  return {};
}

Result<bool> knows_id(Reader& reader, const std::string& id) {
  const auto known = has_row(reader, "SELECT 1 FROM event WHERE request = ?1 OR job = ?1 LIMIT 1", id);
  if (!known || *known) return known;
  if (auto ready = add_query_functions(reader.database()); !ready) return fail(ready.error());
  auto statement = reader.database().prepare("SELECT 1 FROM event WHERE type = ?1 AND " +
                                             std::string{kRareTypes} + " AND pin_of(detail) = ?2 LIMIT 1");
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
