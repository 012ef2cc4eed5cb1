#include "daemon/cli/log_output.h"

#include "daemon/cli/command.h"
#include "daemon/cli/times.h"
#include "lib/core/text.h"
#include "lib/ledger/projections.h"

namespace microstage::cli {

namespace {

using ledger::Event;
using ledger::Field;

bool is_time(Field field) {
  return field == Field::until || field == Field::recorded;
}

// The file that has the key, where the event does not say it itself.
std::string path_of(const Event& event, const Target& target) {
  if (!event.path.empty()) return event.path;
  const auto known = target.known.find(event.key);
  return known == target.known.end() ? std::string{} : known->second.path;
}

// What the event is about, in the word that says most.
std::string subject_of(const Event& event, const Target& target) {
  const std::string path = path_of(event, target);
  for (const std::string* text : {&path, &event.key, &event.action, &event.state, &event.dataset, &event.pin,
                                  &event.job, &event.request, &event.spool}) {
    if (!text->empty())
      return text == &event.action && !event.note.empty() ? *text + " " + event.note : *text;
  }
  return event.program;
}

std::string way_of(const Event& event) {
  if (event.from.empty() || event.to.empty()) return event.from + event.to;
  return event.from + " → " + event.to;
}

std::string who_of(const Event& event) {
  if (event.actor.empty() || event.host.empty()) return event.actor + event.host;
  return event.actor + "@" + event.host;
}

std::string outcome_of(const Event& event) {
  if (!event.result.empty()) return event.result + (event.error.empty() ? "" : ": " + event.error);
  if (event.verified.empty()) return event.basis;
  return event.verified + (event.basis.empty() ? "" : ", " + event.basis);
}

std::string size_of(const std::optional<std::uint64_t>& bytes) {
  return bytes ? human_size(*bytes) : "";
}

std::string number_of(std::uint64_t number) {
  return number == 0 ? "" : std::to_string(number);
}

}  // namespace

std::string event_json(const ledger::Found& found, const Target& target) {
  const ledger::Record& record = found.record;
  const Event& event = record.event;
  JsonObject json;
  json.number("seq", record.seq).text("time", utc_time(event.time)).text("type", ledger::name(event.type));
  for (const ledger::FieldSpec& spec : ledger::fields()) {
    if (spec.field == Field::path) {
      json.text_unless_empty("path", path_of(event, target));
    } else if (!spec.present(event)) {
      continue;
    } else if (spec.text != nullptr) {
      json.text(spec.name, event.*spec.text);
    } else if (is_time(spec.field)) {
      json.text(spec.name, utc_time(static_cast<std::int64_t>(*(event.*spec.number))));
    } else {
      json.number(spec.name, *(event.*spec.number));
    }
  }
  return json.text("hash", hex(record.hash)).text("prev", hex(found.previous)).line();
}

std::string totals_json(const ledger::TotalsRow& row) {
  JsonObject json;
  json.text("type", "totals").text("actor", row.actor).text("to", row.tier);
  json.number("files", row.files).number("bytes", row.bytes).number("failures", row.failures);
  json.number("removed_files", row.removed_files).number("removed_bytes", row.removed_bytes);
  return json.line();
}

Table event_table() {
  return Table({{"SEQ", Align::right},
                {"TIME"},
                {"EVENT", Align::left, 10, Shorten::end},
                {"WHAT", Align::left, 10},
                {"SIZE", Align::right},
                {"WHERE", Align::left, 8},
                {"WHO", Align::left, 5},
                {"RESULT", Align::left, 8, Shorten::end}});
}

void add_event(Table& table, const ledger::Record& record, const Target& target) {
  const Event& event = record.event;
  table.add({std::to_string(record.seq), local_time(event.time), std::string{ledger::name(event.type)},
             subject_of(event, target), size_of(event.bytes), way_of(event), who_of(event),
             outcome_of(event)});
}

Table totals_table(const std::vector<ledger::TotalsRow>& rows) {
  Table table({{"WHO", Align::left, 8},
               {"TIER", Align::left, 10},
               {"FILES", Align::right},
               {"BYTES", Align::right},
               {"FAILED", Align::right},
               {"REMOVED", Align::right},
               {"REMOVED BYTES", Align::right}});
  const auto add = [&](const ledger::TotalsRow& row) {
    table.add({row.actor, row.tier, std::to_string(row.files), human_size(row.bytes), number_of(row.failures),
               number_of(row.removed_files), row.removed_files == 0 ? "" : human_size(row.removed_bytes)});
  };
  ledger::TotalsRow sum;
  sum.actor = "all";
  for (const ledger::TotalsRow& row : rows) {
    add(row);
    sum.files += row.files;
    sum.bytes = ledger::added(sum.bytes, row.bytes);
    sum.failures += row.failures;
    sum.removed_files += row.removed_files;
    sum.removed_bytes = ledger::added(sum.removed_bytes, row.removed_bytes);
  }
  if (rows.size() > 1) add(sum);
  return table;
}

}  // namespace microstage::cli
