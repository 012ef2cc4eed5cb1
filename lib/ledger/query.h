#pragma once
// What people ask of a ledger: which events, which copies, how much. Read-only; page by page, for a long read
// keeps the writer's log from being reset.
//
// Threads: as the Reader.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/ledger/reader.h"

namespace microstage::ledger {

// What an event must be to be found; what is empty asks for nothing. Names are compared as bytes.
struct Query {
  std::string dataset;
  // One of these; none at all finds nothing. With a dataset also what was told of them without one.
  std::optional<std::vector<std::string>> keys;
  std::string id;  // of a request, a job or a pin
  std::string actor;
  std::string host;
  std::string tier;                   // `from` or `to`
  std::string result;                 // "ok", "failed", or a kind of error
  std::string type;                   // "transfer.failed", or "transfer" for all of the kind
  std::string text;                   // in any text of the event; ASCII letters of either case
  std::optional<std::int64_t> since;  // nanoseconds since 1970: since <= time < until
  std::optional<std::int64_t> until;
  std::optional<std::uint64_t> before;  // events with a smaller number: where the last page ended
};

struct Found {
  Record record;
  Hash previous{};  // of the event before
};

// Calls `take` for each event that fits, newest (by number) first, at most `limit` of them. Errors: invalid
// for a `type` or `result` that does not exist; what `take` fails with.
[[nodiscard]] Status for_each_event(Reader& reader, const Query& query, std::size_t limit,
                                    const std::function<Status(const Found&)>& take);

// Whether any event was of this request, job or pin; used this name as `field`.
[[nodiscard]] Result<bool> knows_id(Reader& reader, const std::string& id);
[[nodiscard]] Result<bool> knows_dataset(Reader& reader, const std::string& dataset);
[[nodiscard]] Result<bool> knows_key(Reader& reader, const std::string& key);

struct Moment {
  std::uint64_t seq = 0;
  std::int64_t time = 0;
};

// Where a key is, as far as the ledger was told.
struct Copy {
  std::string dataset;  // empty: told of without one
  std::string key;
  std::string place;
  std::optional<std::uint64_t> bytes;
  Moment since;
  Moment seen;                   // the last event that told of it
  std::optional<Moment> proven;  // every byte read and right
  std::optional<Moment> gone;    // somebody says so, and nobody has proven it
};

// Of Query only dataset, keys and tier (the place) count. By dataset, key and place, in no order people care
// for.
[[nodiscard]] Status for_each_copy(Reader& reader, const Query& query,
                                   const std::function<Status(const Copy&)>& take);

// What was moved: to a tier, or away from it.
struct TotalsRow {
  std::string actor;
  std::string tier;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  std::uint64_t removed_files = 0;
  std::uint64_t removed_bytes = 0;

  bool operator==(const TotalsRow&) const = default;
};

// By actor and tier, sorted. `before` does not count; `tier` is the row's. Where nothing but actor, tier and
// time is asked, whole days come from what the ledger has added up already.
[[nodiscard]] Result<std::vector<TotalsRow>> totals(Reader& reader, const Query& query);

}  // namespace microstage::ledger
