#pragma once
// Events and totals as people and programs read them.

#include <string>
#include <vector>

#include "daemon/cli/table.h"
#include "daemon/cli/target.h"
#include "lib/ledger/query.h"

namespace microstage::cli {

// One line: the field names of the ledger (lib/ledger/events.md), times in UTC, `path` also where only the
// dataset says it.
[[nodiscard]] std::string event_json(const ledger::Found& found, const Target& target);
[[nodiscard]] std::string totals_json(const ledger::TotalsRow& row);

[[nodiscard]] Table event_table();
void add_event(Table& table, const ledger::Record& record, const Target& target);
[[nodiscard]] Table totals_table(const std::vector<ledger::TotalsRow>& rows);

}  // namespace microstage::cli
