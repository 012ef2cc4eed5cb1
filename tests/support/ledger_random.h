#pragma once
// Random events of every type, from small pools of names, so that they meet the same things again and again.

#include <random>
#include <string>

#include "lib/ledger/catalogue.h"

namespace microstage::testing {

class RandomEvents {
 public:
  explicit RandomEvents(unsigned seed) : random_(seed) {}

  // Fields that the type may have, and sometimes not.
  [[nodiscard]] ledger::Event next() {
    ledger::Event event;
    const ledger::TypeSpec& type = ledger::types()[below(ledger::types().size())];
    event.type = type.type;
    event.time = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(below(400'000'000'000'000));
    for (const ledger::FieldSpec& spec : ledger::fields()) {
      const bool required = (type.required & bit(spec.field)) != 0;
      const bool possible = (type.optional & bit(spec.field)) != 0;
      if (required || (possible && below(2) == 0)) fill(event, spec);
    }
    return event;
  }

  [[nodiscard]] std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }

 private:
  void fill(ledger::Event& event, const ledger::FieldSpec& spec) {
    if (spec.number != nullptr) {
      event.*spec.number = spec.field == ledger::Field::token ? below(3) : below(1U << 20U) << below(40);
    } else {
      event.*spec.text = text(spec.field);
    }
  }

  [[nodiscard]] std::string text(ledger::Field field) {
    using ledger::Field;
    if (field == Field::basis) return below(2) == 0 ? "claim" : "proof";
    if (field == Field::verified) return one_of({"hash", "read-back", "size", "none"});
    if (field == Field::result) return one_of({"integrity", "permission", "space-bytes"});
    if (field == Field::from || field == Field::to) return one_of({"fast", "capacity", "node1:/scratch/b"});
    if (field == Field::note || field == Field::path) return {'n', static_cast<char>(below(256)), '\0', '\n'};
    return std::string{ledger::find_field(static_cast<std::uint64_t>(field))->name} +
           std::to_string(below(6));
  }

  [[nodiscard]] std::string one_of(std::initializer_list<const char*> words) {
    return *(words.begin() + below(words.size()));
  }

  std::mt19937_64 random_;
};

}  // namespace microstage::testing
