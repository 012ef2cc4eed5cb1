#pragma once
// The catalogue of events.md as tables: every field, every type, and what a type means for the projections.
// Whatever walks over an event (canonical bytes, columns, JSON) walks over fields(), so that a new field is
// one line here. A test compares both tables with the page.
//
// Threads: immutable; any.

#include <optional>
#include <span>
#include <string_view>

#include "lib/core/result.h"
#include "lib/ledger/event.h"

namespace microstage::ledger {

// Written to disk: never renumbered.
enum class Field : std::uint8_t {
  request = 1,
  job = 2,
  dataset = 3,
  key = 4,
  from = 5,
  to = 6,
  actor = 7,
  host = 8,
  program = 9,
  verified = 10,
  basis = 11,
  result = 12,
  bytes = 13,
  duration = 14,
  path = 15,
  error = 16,
  digest = 17,
  proof = 18,
  state = 19,
  action = 20,
  owner = 21,
  slurm = 22,
  pin = 23,
  spool = 24,
  note = 25,
  evidence = 26,
  uid = 27,
  token = 28,
  attempt = 29,
  files = 30,
  inodes = 31,
  until = 32,
  recorded = 33,
  position = 34,
  priority = 35,
  keep = 36,
};

enum class FieldKind {
  name,         // a column, interned: the column holds the id of a row of the table `text`
  number,       // a column
  rare_text,    // in the column `detail`
  rare_number,  // likewise
};

struct FieldSpec {
  Field field;
  FieldKind kind;
  std::string_view name;    // as JSON has it
  std::string_view column;  // of the table `event`; empty for what is in `detail`
  std::string Event::*text = nullptr;
  std::optional<std::uint64_t> Event::*number = nullptr;

  [[nodiscard]] bool present(const Event& event) const {
    return text != nullptr ? !(event.*text).empty() : (event.*number).has_value();
  }
};

// By ascending number.
[[nodiscard]] std::span<const FieldSpec> fields();
// Null when there is no such field.
[[nodiscard]] const FieldSpec* find_field(std::uint64_t number);

using FieldSet = std::uint64_t;  // bit n: field n
[[nodiscard]] constexpr FieldSet bit(Field field) {
  return FieldSet{1} << static_cast<unsigned>(field);
}

// What an event does to "where each key is".
enum class CopyEffect : std::uint8_t { none, arrives, leaves, proves };

// What is open, and what an event does to it.
enum class OpenKind : std::uint8_t { none = 0, request = 1, job = 2, lease = 3, pin = 4, reservation = 5 };
enum class OpenEffect : std::uint8_t { none, opens, changes, closes };

// What it adds to the totals of its day, actor and tier (`to`; for removed `from`).
enum class Count : std::uint8_t { none, moved, failed, removed };

struct TypeSpec {
  EventType type;
  std::string_view name;
  unsigned version;
  FieldSet required;
  FieldSet optional;
  CopyEffect copy = CopyEffect::none;
  Count count = Count::none;
  OpenKind kind = OpenKind::none;
  OpenEffect open = OpenEffect::none;
};

[[nodiscard]] std::span<const TypeSpec> types();
// Null for a number or name that is not in the catalogue; of a name the newest version.
[[nodiscard]] const TypeSpec* find_type(EventType type);
[[nodiscard]] const TypeSpec* find_type(std::string_view name);

// "transfer.finished"; "unknown" for what is not in the catalogue.
[[nodiscard]] std::string_view name(EventType type);

inline constexpr std::size_t kLongestText = 16384;

// Whether the event may be recorded: a known type, its required fields, no field that is not its own, times
// and numbers below 2^63, no text longer than kLongestText, `result` of the taxonomy, `basis` and `verified`
// of their words.
// Fails with `invalid`.
[[nodiscard]] Status check(const Event& event);

}  // namespace microstage::ledger
