#include "lib/ledger/open.h"

namespace microstage::ledger {

Status for_each_open_event(Reader& reader, const std::function<Status(const Record&)>& take) {
  auto statement = reader.database().prepare(
      "SELECT " + event_columns() +
      " FROM (SELECT opened AS number FROM open UNION SELECT latest FROM open UNION "
      "SELECT ended.seq FROM open JOIN event AS made ON made.seq = open.opened "
      "JOIN event AS ended ON ended.request = made.request AND ended.type = ?2 AND ended.result IS NOT NULL "
      "WHERE open.kind = ?1) AS wanted JOIN event ON event.seq = wanted.number ORDER BY event.seq");
  if (!statement) return fail(statement.error());
  statement->bind(1, static_cast<std::int64_t>(OpenKind::request));
  statement->bind(2, static_cast<std::int64_t>(EventType::job_ended));
  Record record;
  while (true) {
    const auto row = statement->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    if (auto read = reader.rows().read(*statement, record); !read) return read;
    if (auto taken = take(record); !taken) return taken;
  }
}

}  // namespace microstage::ledger
