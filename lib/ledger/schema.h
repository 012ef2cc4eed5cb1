#pragma once
// The tables of a ledger, and the steps that bring an older one up to date. What they mean: events.md,
// "Tables". Forward only: a ledger of a newer program is refused.
//
// Threads: as Database.

#include <span>

#include "lib/ledger/database.h"

namespace microstage::ledger {

// Step n brings PRAGMA user_version from n to n + 1. Steps are never changed once released.
[[nodiscard]] std::span<const char* const> migrations();

inline constexpr std::int64_t kApplicationId = 0x6d73746c;  // "mstl"

// Whether `database` is a ledger that this program can read as it is. Fails with `unsupported` for a newer or
// an older one (which `migrate` would update), with `invalid` for a database of something else.
[[nodiscard]] Status check_schema(Database& database);

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
