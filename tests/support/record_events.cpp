// Appends events to a ledger, for tests of what reads it:
//   record-events LEDGER <LINES
// A line is an event, its fields as NAME=VALUE with tabs between them; beside the fields of events.md "type"
// and "time" (nanoseconds since 1970).

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "lib/core/text.h"
#include "lib/ledger/catalogue.h"
#include "lib/ledger/ledger.h"

using namespace microstage;

namespace {

bool set_field(ledger::Event& event, std::string_view name, std::string_view value) {
  std::uint64_t number = 0;
  if (name == "type") {
    const ledger::TypeSpec* type = ledger::find_type(value);
    if (type != nullptr) event.type = type->type;
    return type != nullptr;
  }
  if (name == "time") {
    if (!parse_decimal(value, number)) return false;
    event.time = static_cast<std::int64_t>(number);
    return true;
  }
  for (const ledger::FieldSpec& spec : ledger::fields()) {
    if (spec.name != name) continue;
    if (spec.text != nullptr) event.*spec.text = value;
    if (spec.number != nullptr && parse_decimal(value, number)) event.*spec.number = number;
    return spec.text != nullptr || (event.*spec.number).has_value();
  }
  return false;
}

int fail_with(const std::string& message) {
  std::fprintf(stderr, "record-events: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail_with("usage: record-events LEDGER <LINES");
  std::vector<ledger::Event> events;
  for (std::string line; std::getline(std::cin, line);) {
    ledger::Event& event = events.emplace_back();
    for (const std::string_view field : split(line, '\t')) {
      const std::size_t equal = std::min(field.find('='), field.size());
      if (!set_field(event, field.substr(0, equal), field.substr(std::min(equal + 1, field.size()))))
        return fail_with("no such field: " + std::string{field});
    }
  }
  auto ledger = ledger::Ledger::open(argv[1]);
  if (!ledger) return fail_with(ledger.error().message);
  const auto head = ledger->append(events);
  return head ? 0 : fail_with(head.error().message);
}
