#pragma once
// The tables of a ledger, and the steps that bring an older one up to date. What they mean: events.md,
// "Tables". Forward only: a ledger of a newer program is refused.
//
// Threads: as Database.

#include <span>
#include <string_view>

#include "lib/ledger/database.h"
#include "lib/ledger/event.h"

namespace microstage::ledger {

// Step n brings PRAGMA user_version from n to n + 1. Steps are never changed once released.
[[nodiscard]] std::span<const char* const> migrations();

inline constexpr std::int64_t kApplicationId = 0x6d73746c;  // "mstl"

// Whether `database` is a ledger that this program can read as it is: of any version so far, for they differ
// in indexes alone (a backup cannot be updated by who may only read it). Fails with `unsupported` for a newer
// one, with `invalid` for a database of something else.
[[nodiscard]] Status check_schema(Database& database);

// The condition of the index on types, word for word: only then SQLite uses it. The other types are most of a
// ledger, and found soon without.
inline constexpr std::string_view kRareTypes =
    "event.type NOT IN (10, 11, 20, 21, 22, 30, 31, 40, 50, 54, 80, 81)";
[[nodiscard]] bool is_rare(EventType type);

// Makes the tables in an empty database, or takes the missing steps, each in a transaction of its own:
// stopped at any moment, the ledger is of one version or of the next.
[[nodiscard]] Status migrate(Database& database, std::span<const char* const> steps = migrations());

// Tables that can be rebuilt from the events. Their names and what makes them, for `rebuild`.
struct ProjectionTable {
  const char* name;
  const char* order;  // of the rows that a comparison goes by
};
[[nodiscard]] std::span<const ProjectionTable> projection_tables();

}  // namespace microstage::ledger
