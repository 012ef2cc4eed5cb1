// The catalogue in code and the page events.md say the same.

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "lib/core/text.h"
#include "lib/ledger/catalogue.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::ledger;

namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" `");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" `") - first + 1)};
}

// The cells of the tables' rows that begin with a number, below a heading of the page.
std::vector<std::vector<std::string>> rows_below(std::string_view heading) {
  const std::string page = testing::read_file(std::string{MICROSTAGE_SOURCE} + "/lib/ledger/events.md");
  std::vector<std::vector<std::string>> rows;
  bool below = false;
  for (const std::string_view line : split(page, '\n')) {
    if (line.starts_with("## ")) below = line.substr(3) == heading;
    if (!below || !line.starts_with("| ") || line.size() < 3 || line[2] < '0' || line[2] > '9') continue;
    std::vector<std::string> cells;
    for (const std::string_view cell : split(line.substr(1, line.size() - 2), '|'))
      cells.push_back(trimmed(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

FieldSet fields_of(std::string_view cell) {
  FieldSet set = 0;
  for (const std::string_view word : split(cell, ' ')) {
    const std::string name = trimmed(word);
    if (name.empty()) continue;
    const auto found = std::find_if(fields().begin(), fields().end(),
                                    [&](const FieldSpec& spec) { return spec.name == name; });
    INFO(name);
    REQUIRE(found != fields().end());
    set |= bit(found->field);
  }
  return set;
}

std::string kind_of(const FieldSpec& spec) {
  switch (spec.kind) {
    case FieldKind::name:
      return "name";
    case FieldKind::number:
      return "number";
    case FieldKind::rare_text:
      return "rare text";
    case FieldKind::rare_number:
      break;
  }
  return "rare number";
}

Event transfer() {
  Event event;
  event.type = EventType::transfer_finished;
  event.time = 1;
  event.key = "SHA256E-s3--aa.tif";
  event.from = "fast";
  event.to = "capacity";
  event.actor = "alice";
  event.verified = "hash";
  event.basis = "claim";
  event.bytes = 3;
  return event;
}

}  // namespace

TEST_CASE("The page of events has every field as the code has it") {
  const auto rows = rows_below("Fields");
  REQUIRE(rows.size() == fields().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const FieldSpec& spec = fields()[i];
    CHECK(rows[i][0] == std::to_string(static_cast<int>(spec.field)));
    CHECK(rows[i][1] == spec.name);
    CHECK(rows[i][2] == kind_of(spec));
    CHECK(rows[i][3] == spec.column);
    CHECK(find_field(static_cast<std::uint64_t>(spec.field)) == &spec);
    CHECK((spec.text != nullptr) != (spec.number != nullptr));
  }
  CHECK(find_field(0) == nullptr);
  CHECK(find_field(rows.size() + 1) == nullptr);
}

TEST_CASE("The page of events has every type as the code has it") {
  const FieldSet any = fields_of("actor host program owner slurm note uid recorded");
  const auto rows = rows_below("Types");
  REQUIRE(rows.size() == types().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TypeSpec& type = types()[i];
    INFO(type.name);
    CHECK(rows[i][0] == std::to_string(static_cast<int>(type.type)));
    CHECK(rows[i][1] == type.name);
    CHECK(rows[i][2] == std::to_string(type.version));
    CHECK(fields_of(rows[i][4]) == type.required);
    CHECK(((fields_of(rows[i][5]) | any) & ~type.required) == (type.optional & ~type.required));
    CHECK(find_type(type.type) == &type);
    CHECK(find_type(type.name) == &type);
  }
}

TEST_CASE("What opens and what closes a thing both name it") {
  for (const TypeSpec& type : types()) {
    INFO(type.name);
    CHECK((type.kind == OpenKind::none) == (type.open == OpenEffect::none));
    if (type.copy != CopyEffect::none)
      CHECK((type.required & bit(type.copy == CopyEffect::leaves ? Field::from : Field::to)) != 0);
  }
}

TEST_CASE("An event is recorded only as the catalogue has it") {
  CHECK(check(transfer()));
  const auto refused = [](auto change) {
    Event event = transfer();
    change(event);
    const auto checked = check(event);
    return !checked && checked.error().kind == ErrorKind::invalid;
  };
  CHECK(refused([](Event& event) { event.type = static_cast<EventType>(200); }));
  CHECK(refused([](Event& event) { event.type = static_cast<EventType>(0); }));
  CHECK(refused([](Event& event) { event.key.clear(); }));
  CHECK(refused([](Event& event) { event.bytes.reset(); }));
  CHECK(refused([](Event& event) { event.bytes = std::uint64_t{1} << 63U; }));
  CHECK(refused([](Event& event) { event.pin = "p1"; }));
  CHECK(refused([](Event& event) { event.time = -1; }));
  CHECK(refused([](Event& event) { event.basis = "word"; }));
  CHECK(refused([](Event& event) { event.verified = "perhaps"; }));
  CHECK(refused([](Event& event) { event.path = std::string(kLongestText + 1, 'x'); }));
  Event failed = transfer();
  failed.type = EventType::transfer_failed;
  failed.result = "integrity";
  failed.error = "it is damaged";
  CHECK(check(failed));
  failed.result = "bad luck";
  CHECK_FALSE(check(failed));
}
