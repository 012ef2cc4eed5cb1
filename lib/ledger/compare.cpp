#include "lib/ledger/compare.h"

#include "lib/ledger/schema.h"

namespace microstage::ledger {

namespace {

// Every column of every row, so that equal tables and only those give equal cells.
bool same_row(const Statement& a, const Statement& b) {
  for (int column = 0; column < a.columns(); ++column) {
    if (a.is_null(column) != b.is_null(column)) return false;
    if (a.bytes(column) != b.bytes(column)) return false;
  }
  return true;
}

Result<bool> same_table(Database& left, Database& right, const ProjectionTable& table) {
  const std::string sql = "SELECT * FROM " + std::string{table.name} + " ORDER BY " + table.order;
  auto a = left.prepare(sql);
  if (!a) return fail(a.error());
  auto b = right.prepare(sql);
  if (!b) return fail(b.error());
  for (;;) {
    const auto one = a->step();
    if (!one) return fail(one.error());
    const auto other = b->step();
    if (!other) return fail(other.error());
    if (*one != *other) return false;
    if (!*one) return true;
    if (!same_row(*a, *b)) return false;
  }
}

}  // namespace

Result<Comparison> Comparison::begin() {
  auto opened = Database::open("", Access::write);  // SQLite removes it by itself
  if (!opened) return fail(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  if (auto made = migrate(*database); !made) return fail(made.error());
  auto projections = Projections::open(*database);
  if (!projections) return fail(projections.error());
  if (auto begun = database->execute("BEGIN"); !begun) return fail(begun.error());
  return Comparison(std::move(database), std::move(*projections));
}

Status Comparison::fold(const Record& record) {
  return projections_.fold(record.seq, record.event, record.ids);
}

Result<std::string> Comparison::difference(Database& database, const Head& head) {
  if (head.seq > 0)
    if (auto finished = projections_.finish(head); !finished) return fail(finished.error());
  for (const ProjectionTable& table : projection_tables()) {
    const auto same = same_table(*database_, database, table);
    if (!same) return fail(same.error());
    if (!*same) return std::string{table.name};
  }
  return std::string{};
}

}  // namespace microstage::ledger
