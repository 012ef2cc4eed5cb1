#include <sqlite3.h>

#include <algorithm>

#include "lib/ledger/canonical.h"
#include "lib/ledger/projections.h"
#include "lib/ledger/query_sql.h"

namespace microstage::ledger {

namespace {

std::string_view bytes_of(sqlite3_value* value) {
  const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
  const int size = sqlite3_value_bytes(value);
  return data == nullptr ? std::string_view{} : std::string_view(data, static_cast<std::size_t>(size));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

void contains_function(sqlite3_context* context, int, sqlite3_value** values) {
  sqlite3_result_int(context, contains(bytes_of(values[0]), bytes_of(values[1])) ? 1 : 0);
}

// Whether one of the rare texts in a row's detail has the part in it.
void mentions_function(sqlite3_context* context, int, sqlite3_value** values) {
  const std::string_view detail = bytes_of(values[0]);
  bool found = false;
  // Texts stand in the detail as they are, so most rows need not be taken apart.
  if (Event event; contains(detail, bytes_of(values[1])) && parse_detail(detail, event)) {
    for (const FieldSpec& spec : fields()) {
      if (spec.kind == FieldKind::rare_text && spec.present(event))
        found = found || contains(event.*spec.text, bytes_of(values[1]));
    }
  }
  sqlite3_result_int(context, found ? 1 : 0);
}

void pin_function(sqlite3_context* context, int, sqlite3_value** values) {
  Event event;
  const std::string_view detail = bytes_of(values[0]);
  if (detail.empty() || !parse_detail(detail, event)) return sqlite3_result_null(context);
  sqlite3_result_blob64(context, event.pin.data(), event.pin.size(), SQLITE_TRANSIENT);
}

// SQLite's own sum is an error where it does not fit.
void sum_up_step(sqlite3_context* context, int, sqlite3_value** values) {
  auto* sum = static_cast<std::uint64_t*>(sqlite3_aggregate_context(context, sizeof(std::uint64_t)));
  if (sum == nullptr) return sqlite3_result_error_nomem(context);
  *sum = added(*sum, static_cast<std::uint64_t>(std::max<sqlite3_int64>(sqlite3_value_int64(values[0]), 0)));
}

void sum_up_end(sqlite3_context* context) {
  const auto* sum = static_cast<std::uint64_t*>(sqlite3_aggregate_context(context, 0));
  sqlite3_result_int64(context, sum == nullptr ? 0 : static_cast<sqlite3_int64>(*sum));
}

}  // namespace

Status add_query_functions(Database& database) {
  struct Function {
    const char* name;
    int arguments;
    void (*call)(sqlite3_context*, int, sqlite3_value**);
  };
  constexpr Function kFunctions[] = {
      {"contains", 2, contains_function}, {"mentions", 2, mentions_function}, {"pin_of", 1, pin_function}};
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  for (const Function& function : kFunctions) {
    if (sqlite3_create_function_v2(database.handle(), function.name, function.arguments, kFlags, nullptr,
                                   function.call, nullptr, nullptr, nullptr) != SQLITE_OK)
      return fail(database_error(database.handle(), "ledger " + database.path()));
  }
  if (sqlite3_create_function_v2(database.handle(), "sum_up", 1, kFlags, nullptr, nullptr, sum_up_step,
                                 sum_up_end, nullptr) != SQLITE_OK) {
    return fail(database_error(database.handle(), "ledger " + database.path()));
  }
  return {};
}

}  // namespace microstage::ledger
