#include "lib/ledger/rows.h"

#include <algorithm>
#include <cstring>

#include "lib/ledger/canonical.h"

namespace microstage::ledger {

namespace {

constexpr int kFirstField = 3;  // after seq, time, type

std::string column_list(std::string_view prefix) {
  std::string list;
  const auto add = [&](std::string_view column) {
    if (!list.empty()) list += ", ";
    list += prefix;
    list += column;
  };
  for (const char* column : {"seq", "time", "type"})
    add(column);
  for (const FieldSpec& spec : fields())
    if (!spec.column.empty()) add(spec.column);
  for (const char* column : {"detail", "hash"})
    add(column);
  return list;
}

void clear(Event& event) {
  for (const FieldSpec& spec : fields()) {
    if (spec.text != nullptr) {
      (event.*spec.text).clear();
    } else {
      (event.*spec.number).reset();
    }
  }
}

std::string_view as_bytes(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

const std::string& event_columns() {
  static const std::string list = column_list("event.");
  return list;
}

Result<RowReader> RowReader::open(Database& database) {
  auto texts = Texts::open(database);
  if (!texts) return fail(texts.error());
  return RowReader(std::move(*texts));
}

Status RowReader::read_field(const Statement& statement, int column, const FieldSpec& spec, Record& record) {
  if (statement.is_null(column)) return {};
  const std::int64_t value = statement.integer(column);
  if (value < (spec.kind == FieldKind::name ? 1 : 0))
    return fail(ErrorKind::integrity, "its " + std::string{spec.name} + " is a number that is never written");
  if (spec.kind == FieldKind::number) {
    record.event.*spec.number = static_cast<std::uint64_t>(value);
    return {};
  }
  const auto text = texts_.text(value);
  if (!text) return fail(text.error());
  record.event.*spec.text = *text;
  record.ids[spec.field] = value;
  return {};
}

Result<Record> RowReader::record(const Statement& statement, int first) {
  Record record;
  if (auto done = read(statement, record, first); !done) return fail(done.error());
  return record;
}

Status RowReader::read(const Statement& statement, Record& record, int first) {
  clear(record.event);
  record.ids = {};
  record.seq = static_cast<std::uint64_t>(statement.integer(first));
  record.event.time = statement.integer(first + 1);
  const std::int64_t type = statement.integer(first + 2);
  record.event.type = static_cast<EventType>(type);
  if (type < 0 || type > 255 || find_type(record.event.type) == nullptr)
    return fail(ErrorKind::integrity, "it has a type that does not exist");
  int column = first + kFirstField;
  for (const FieldSpec& spec : fields()) {
    if (spec.column.empty()) continue;
    if (auto read = read_field(statement, column++, spec, record); !read) return read;
  }
  if (!statement.is_null(column)) {
    const std::string_view detail = statement.bytes(column);
    if (detail.empty()) return fail(ErrorKind::integrity, "its detail is empty");
    if (auto parsed = parse_detail(detail, record.event); !parsed) return parsed;
  }
  const std::string_view hash = statement.bytes(column + 1);
  if (hash.size() != record.hash.size()) return fail(ErrorKind::integrity, "its hash has a wrong length");
  std::memcpy(record.hash.data(), hash.data(), hash.size());
  return {};
}

Result<RowWriter> RowWriter::open(Database& database) {
  std::string parameters = "?";
  for (int i = 1; i < kEventColumns; ++i)
    parameters += ", ?";
  auto insert = database.prepare("INSERT INTO event (" + column_list("") + ") VALUES (" + parameters + ")");
  if (!insert) return fail(insert.error());
  return RowWriter(std::move(*insert));
}

Status RowWriter::insert(std::uint64_t seq, const Event& event, const Ids& ids, const Hash& hash) {
  insert_.bind(1, seq).bind(2, event.time).bind(3, static_cast<std::int64_t>(event.type));
  int parameter = kFirstField;
  for (const FieldSpec& spec : fields()) {
    if (spec.column.empty()) continue;
    ++parameter;
    if (!spec.present(event)) {
      insert_.bind_null(parameter);
    } else {
      insert_.bind(parameter, spec.number != nullptr ? static_cast<std::int64_t>(*(event.*spec.number))
                                                     : ids[spec.field]);
    }
  }
  detail_.clear();
  append_detail(detail_, event);
  if (detail_.empty()) {
    insert_.bind_null(parameter + 1);
  } else {
    insert_.bind_bytes(parameter + 1, detail_);
  }
  return insert_.bind_bytes(parameter + 2, as_bytes(hash)).run();
}

}  // namespace microstage::ledger
