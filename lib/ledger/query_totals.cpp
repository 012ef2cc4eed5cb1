#include <algorithm>
#include <limits>
#include <map>

#include "lib/ledger/projections.h"
#include "lib/ledger/query_sql.h"

namespace microstage::ledger {

namespace {

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

// The numbers of the types that count so, for SQL's IN.
std::string types_that(Count count) {
  std::string list;
  for (const TypeSpec& spec : types())
    if (spec.count == count) list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(spec.type));
  return "(" + list + ")";
}

class Sum {
 public:
  explicit Sum(Reader& reader) : reader_(reader) {}

  Status add_events(const Query& query) {
    const auto conditions = Conditions::of(reader_, query);
    if (!conditions) return fail(conditions.error());
    if (conditions->nothing()) return {};
    const std::string moved = types_that(Count::moved);
    const std::string failed = types_that(Count::failed);
    const std::string removed = types_that(Count::removed);
    auto statement = reader_.database().prepare(
        conditions->with() + "SELECT coalesce(actor, 0) AS who, coalesce(iif(type IN " + removed +
        ", source, target), 0) AS tier, sum(type IN " + moved + "), sum_up(iif(type IN " + moved +
        ", bytes, 0)), sum(type IN " + failed + "), sum(type IN " + removed + "), sum_up(iif(type IN " +
        removed + ", bytes, 0)) FROM event WHERE " + conditions->where() + " AND (type IN " + moved +
        " OR type IN " + failed + " OR type IN " + removed + ") GROUP BY who, tier");
    if (!statement) return fail(statement.error());
    conditions->bind(*statement);
    return add_rows(*statement);
  }

  Status add_days(std::int64_t first, std::int64_t end, const std::string& actor) {
    const auto who = reader_.texts().find(actor);
    if (!who) return fail(who.error());
    auto statement = reader_.database().prepare(
        "SELECT actor, tier, sum(files), sum_up(bytes), sum(failures), sum(removed_files), "
        "sum_up(removed_bytes) FROM totals WHERE day >= ?1 AND day < ?2 AND (?3 OR actor = ?4) GROUP BY "
        "actor, tier");
    if (!statement) return fail(statement.error());
    statement->bind(1, first).bind(2, end).bind(3, std::int64_t{actor.empty() ? 1 : 0}).bind(4, *who);
    return add_rows(*statement);
  }

  Result<std::vector<TotalsRow>> rows(const std::string& tier) {
    std::vector<TotalsRow> rows;
    for (auto& [who, row] : sums_) {
      const auto actor = reader_.texts().text(who.first);
      if (!actor) return fail(actor.error());
      row.actor = *actor;
      const auto place = reader_.texts().text(who.second);
      if (!place) return fail(place.error());
      row.tier = *place;
      if (tier.empty() || row.tier == tier) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const TotalsRow& a, const TotalsRow& b) {
      return std::tie(a.actor, a.tier) < std::tie(b.actor, b.tier);
    });
    return rows;
  }

 private:
  Status add_rows(Statement& statement) {
    for (;;) {
      const auto row = statement.step();
      if (!row) return fail(row.error());
      if (!*row) return {};
      TotalsRow& sum = sums_[{statement.integer(0), statement.integer(1)}];
      sum.files += static_cast<std::uint64_t>(statement.integer(2));
      sum.bytes = added(sum.bytes, static_cast<std::uint64_t>(statement.integer(3)));
      sum.failures += static_cast<std::uint64_t>(statement.integer(4));
      sum.removed_files += static_cast<std::uint64_t>(statement.integer(5));
      sum.removed_bytes = added(sum.removed_bytes, static_cast<std::uint64_t>(statement.integer(6)));
    }
  }

  Reader& reader_;
  std::map<std::pair<TextId, TextId>, TotalsRow> sums_;  // by actor and tier
};

bool asks_only_who_and_when(const Query& query) {
  return query.dataset.empty() && !query.keys && query.id.empty() && query.host.empty() &&
         query.result.empty() && query.type.empty() && query.text.empty();
}

// The first day that is whole: not begun before `time`.
std::int64_t day_from(std::int64_t time) {
  return time / kNanosecondsPerDay + (time % kNanosecondsPerDay == 0 ? 0 : 1);
}

Status add_by_days(Sum& sum, Query query) {
  const std::int64_t since = std::max<std::int64_t>(query.since.value_or(0), 0);
  const std::int64_t until = query.until.value_or(kEndOfTime);
  const std::int64_t first = day_from(since);
  const std::int64_t end = until == kEndOfTime ? day_from(until) : until / kNanosecondsPerDay;
  if (first >= end) return sum.add_events(query);
  if (auto added = sum.add_days(first, end, query.actor); !added) return added;
  if (since != first * kNanosecondsPerDay) {
    query.since = since;
    query.until = first * kNanosecondsPerDay;
    if (auto added = sum.add_events(query); !added) return added;
  }
  if (until == kEndOfTime || until == end * kNanosecondsPerDay) return {};
  query.since = end * kNanosecondsPerDay;
  query.until = until;
  return sum.add_events(query);
}

}  // namespace

Result<std::vector<TotalsRow>> totals(Reader& reader, const Query& query) {
  if (auto ready = add_query_functions(reader.database()); !ready) return fail(ready.error());
  Sum sum(reader);
  Query asked = query;
  asked.before.reset();
  asked.tier.clear();
  const Status added = asks_only_who_and_when(asked) ? add_by_days(sum, asked) : sum.add_events(asked);
  if (!added) return fail(added.error());
  return sum.rows(query.tier);
}

}  // namespace microstage::ledger
