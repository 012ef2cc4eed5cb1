#pragma once
// Projections made once more, in a temporary database, to compare those of a ledger with.
//
// Threads: one at a time.

#include <memory>
#include <string>

#include "lib/ledger/projections.h"

namespace microstage::ledger {

class Comparison {
 public:
  [[nodiscard]] static Result<Comparison> begin();

  [[nodiscard]] Status fold(const Record& record);
  // The name of the first table that differs from `database`'s; empty when none does. Once, at the end.
  [[nodiscard]] Result<std::string> difference(Database& database, const Head& head);

 private:
  Comparison(std::unique_ptr<Database> database, Projections projections)
      : database_(std::move(database)), projections_(std::move(projections)) {}

  std::unique_ptr<Database> database_;
  Projections projections_;
};

}  // namespace microstage::ledger
