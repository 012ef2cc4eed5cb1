#pragma once
// Plans as people and programs read them.

#include "daemon/cli/plan.h"
#include "daemon/planner/planner.h"

namespace microstage::cli {

// Without the failures.
void print_plan_table(const planner::PlannedTargets& planned, const PlanOptions& options);
// With them. Field names of the ledger, where it has them.
void print_plan_json(const planner::PlannedTargets& planned, const PlanOptions& options);

// "B20_0197: …"; the name once.
[[nodiscard]] std::string failure_line(const planner::Failure& failure);

}  // namespace microstage::cli
