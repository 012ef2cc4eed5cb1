#include "lib/ledger/query_sql.h"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/core/text.h"
#include "lib/ledger/schema.h"

namespace microstage::ledger {

namespace {

constexpr std::array kKinds{ErrorKind::transient,      ErrorKind::mount_sick,  ErrorKind::space_bytes,
                            ErrorKind::space_inodes,   ErrorKind::space_quota, ErrorKind::permission,
                            ErrorKind::source_changed, ErrorKind::integrity,   ErrorKind::durability,
                            ErrorKind::stale_lease,    ErrorKind::not_found,   ErrorKind::invalid,
                            ErrorKind::unsupported,    ErrorKind::cancelled,   ErrorKind::bug};

template <class T, class Name>
std::string words(const T& list, const Name& name) {
  std::string text;
  for (const auto& one : list)
    text += (text.empty() ? "" : ", ") + std::string{name(one)};
  return text;
}

}  // namespace

std::vector<std::string> failures() {
  std::vector<std::string> names;
  for (const ErrorKind kind : kKinds)
    names.emplace_back(name(kind));
  return names;
}

Result<std::string> id_list(Reader& reader, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    const auto id = reader.texts().find(name);
    if (!id) return fail(id.error());
    if (*id != 0) list += (list.empty() ? "" : ",") + std::to_string(*id);
  }
  return "[" + list + "]";
}

void Conditions::add(std::string_view condition, std::vector<std::int64_t> values) {
  where_ += " AND ";
  where_ += condition;
  values_.insert(values_.end(), values.begin(), values.end());
}

// SQLite knows nothing of how rare a name is: the first condition may use its index, the others may not.
std::string Conditions::index() {
  return std::exchange(indexed_, true) ? "+event." : "event.";
}

Status Conditions::add_name(std::string_view column, const std::string& name) {
  if (name.empty()) return {};
  const auto id = reader_->texts().find(name);
  if (!id) return fail(id.error());
  if (*id == 0) nothing_ = true;
  add(index() + std::string{column} + " = ?", {*id});
  return {};
}

Status Conditions::add_keys(const std::vector<std::string>& keys) {
  auto list = id_list(*reader_, keys);
  if (!list) return fail(list.error());
  if (*list == "[]") nothing_ = true;
  add(index() + "key IN (SELECT value FROM json_each(?))");
  values_.emplace_back(std::move(*list));
  return {};
}

// Pins are in no column: they are looked for only where nothing else has the id.
Status Conditions::add_id(const std::string& id) {
  const auto text = reader_->texts().find(id);
  if (!text) return fail(text.error());
  if (*text != 0) {
    const std::string table = index();
    add("(" + table + "request = ? OR " + table + "job = ?)", {*text, *text});
    return {};
  }
  indexed_ = true;
  add("event.type IN (?, ?) AND " + std::string{kRareTypes} + " AND pin_of(event.detail) = ?",
      {static_cast<std::int64_t>(EventType::pin_made), static_cast<std::int64_t>(EventType::pin_ended)});
  values_.emplace_back(id);
  return {};
}

Status Conditions::add_tier(const std::string& tier, Part part) {
  const auto id = reader_->texts().find(tier);
  if (!id) return fail(id.error());
  if (*id == 0) nothing_ = true;
  if (part == Part::all) add("(+event.source = ? OR +event.target = ?)", {*id, *id});
  if (part == Part::to_tier) add(index() + "target = ?", {*id});
  if (part == Part::only_from_tier) add(index() + "source = ? AND +event.target IS NOT ?", {*id, *id});
  return {};
}

Status Conditions::add_result(const std::string& result) {
  if (result == "ok") {
    add("event.result IS NULL");
  } else if (result == "failed") {
    add("+event.result IS NOT NULL");
  } else if (std::any_of(kKinds.begin(), kKinds.end(),
                         [&](ErrorKind kind) { return name(kind) == result; })) {
    return add_name("result", result);
  } else {
    return fail(ErrorKind::invalid, "there is no result '" + one_line(result) + "'; there are ok, failed, " +
                                        words(kKinds, [](ErrorKind kind) { return name(kind); }));
  }
  return {};
}

Status Conditions::add_type(const std::string& type) {
  std::vector<std::int64_t> numbers;
  std::string marks;
  bool rare = true;
  for (const TypeSpec& spec : types()) {
    if (spec.name != type && !spec.name.starts_with(type + ".")) continue;
    numbers.push_back(static_cast<std::int64_t>(spec.type));
    rare = rare && is_rare(spec.type);
    marks += marks.empty() ? "?" : ", ?";
  }
  if (numbers.empty()) {
    return fail(ErrorKind::invalid, "there is no type '" + one_line(type) + "'; there are " +
                                        words(types(), [](const TypeSpec& spec) { return spec.name; }));
  }
  add((rare ? index() : "+event.") + "type IN (" + marks + ")", std::move(numbers));
  if (rare) add(kRareTypes);
  return {};
}

// As a range of numbers, which are nearly in order of time: then the newest come first without sorting.
Status Conditions::add_times(const Query& query) {
  if ((!query.since && !query.until) || nothing_) return {};
  const std::int64_t since = query.since.value_or(0);
  const std::int64_t until = query.until.value_or(std::numeric_limits<std::int64_t>::max());
  auto range =
      reader_->database().prepare("SELECT min(seq), max(seq) FROM event WHERE time >= ? AND time < ?");
  if (!range) return fail(range.error());
  const auto row = range->bind(1, since).bind(2, until).step();
  if (!row) return fail(row.error());
  if (range->is_null(0)) nothing_ = true;
  add("event.seq BETWEEN ? AND ?", {range->integer(0), range->integer(1)});
  add("+event.time >= ? AND +event.time < ?", {since, until});
  return {};
}

Status Conditions::add_text(const std::string& text) {
  auto names = reader_->database().prepare("SELECT 1 FROM text WHERE contains(value, ?) LIMIT 1");
  if (!names) return fail(names.error());
  const auto named = names->bind_bytes(1, text).step();
  if (!named) return fail(named.error());
  if (!*named) {
    add("mentions(event.detail, ?)");
    values_.emplace_back(text);
    return {};
  }
  with_ = "WITH matching AS MATERIALIZED (SELECT id FROM text WHERE contains(value, ?)) ";
  with_values_.emplace_back(text);
  std::string any = "(mentions(event.detail, ?)";
  for (const FieldSpec& spec : fields())
    if (spec.kind == FieldKind::name) any += " OR +event." + std::string{spec.column} + " IN matching";
  add(any + ")");
  values_.emplace_back(text);
  return {};
}

Status Conditions::add_dataset(const Query& query) {
  if (!query.keys) return add_name("dataset", query.dataset);
  if (query.dataset.empty()) return {};
  const auto id = reader_->texts().find(query.dataset);
  if (!id) return fail(id.error());
  add("(+event.dataset = ? OR +event.dataset IS NULL)", {*id});
  return {};
}

Status Conditions::add_all(const Query& query, Part part) {
  if (query.keys)
    if (auto added = add_keys(*query.keys); !added) return added;
  if (!query.id.empty())
    if (auto added = add_id(query.id); !added) return added;
  if (auto added = add_dataset(query); !added) return added;
  if (auto added = add_name("actor", query.actor); !added) return added;
  if (auto added = add_name("host", query.host); !added) return added;
  if (!query.tier.empty())
    if (auto added = add_tier(query.tier, part); !added) return added;
  if (!query.result.empty())
    if (auto added = add_result(query.result); !added) return added;
  if (!query.type.empty())
    if (auto added = add_type(query.type); !added) return added;
  if (auto added = add_times(query); !added) return added;
  if (query.before) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    add("event.seq < ?", {static_cast<std::int64_t>(std::min(*query.before, kMost))});
  }
  return query.text.empty() ? Status{} : add_text(query.text);
}

Result<Conditions> Conditions::of(Reader& reader, const Query& query, Part part) {
  if (auto ready = add_query_functions(reader.database()); !ready) return fail(ready.error());
  Conditions conditions(reader);
  if (auto added = conditions.add_all(query, part); !added) return fail(added.error());
  return conditions;
}

void Conditions::bind(Statement& statement) const {
  int parameter = 0;
  for (const auto* values : {&with_values_, &values_}) {
    for (const auto& value : *values) {
      ++parameter;
      if (const auto* number = std::get_if<std::int64_t>(&value)) statement.bind(parameter, *number);
      if (const auto* bytes = std::get_if<std::string>(&value)) statement.bind_bytes(parameter, *bytes);
    }
  }
}

}  // namespace microstage::ledger
