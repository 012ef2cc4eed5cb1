#include "lib/ledger/reader.h"

#include <algorithm>

#include "lib/ledger/schema.h"

namespace microstage::ledger {

namespace {

Head head_at(const Statement& row, int column) {
  Head head;
  head.seq = static_cast<std::uint64_t>(row.integer(column));
  const std::string_view hash = row.bytes(column + 1);
  if (hash.size() == head.hash.size()) std::copy(hash.begin(), hash.end(), head.hash.begin());
  return head;
}

}  // namespace

// In one statement, so that both are of one snapshot while a daemon writes.
Result<Head> read_head(Database& database) {
  auto statement = database.prepare(
      "SELECT last.seq, last.hash, head.seq, head.hash FROM (SELECT 1) "
      "LEFT JOIN (SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1) AS last LEFT JOIN head");
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  const Head last = head_at(*statement, 0);
  const Head noted = head_at(*statement, 2);
  if (last == noted) return last;
  return fail(ErrorKind::integrity, "the ledger " + database.path() + " ends with event " +
                                        std::to_string(last.seq) + ", but event " +
                                        std::to_string(noted.seq) +
                                        " was the last to be written; run microstage ledger verify");
}

Result<Reader> Reader::open(const std::string& path, const std::string& vfs) {
  auto opened = Database::open(path, Access::read, vfs);
  if (!opened && opened.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no ledger " + path +
                                          "; microstage ledger import makes your own from the reports of "
                                          "your transfers");
  }
  if (!opened) return fail(opened.error());
  return over(std::move(*opened));
}

Result<Reader> Reader::over(Database opened) {
  auto database = std::make_unique<Database>(std::move(opened));
  if (auto known = check_schema(*database); !known) return fail(known.error());
  auto rows = RowReader::open(*database);
  if (!rows) return fail(rows.error());
  return Reader(std::move(database), std::move(*rows));
}

Result<Head> Reader::head() {
  return read_head(*database_);
}

Result<Record> Reader::event(std::uint64_t seq) {
  auto statement = database_->prepare("SELECT " + event_columns() + " FROM event WHERE seq = ?");
  if (!statement) return fail(statement.error());
  const auto row = statement->bind(1, seq).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorKind::not_found, "the ledger has no event " + std::to_string(seq));
  return rows_.record(*statement);
}

}  // namespace microstage::ledger
