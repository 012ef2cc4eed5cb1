#include "daemon/cli/log.h"

#include <cstdio>

#include "daemon/cli/log_output.h"
#include "daemon/cli/times.h"
#include "lib/core/text.h"

namespace microstage::cli {

namespace {

Status parse_moment(const char* option, const std::string& text, std::optional<std::int64_t>& time) {
  if (text.empty()) return {};
  time = parse_time(text, current_time());
  if (time) return {};
  return fail(ErrorKind::invalid,
              std::string{option} + " takes 7d, 12h, 2026-11-22 or '2026-11-22 18:30', not '" + text + "'");
}

// What is wrong with the words themselves, before anything is opened.
Result<ledger::Query> parse(const LogOptions& options) {
  ledger::Query query;
  query.id = options.request;
  query.actor = options.user;
  query.host = options.host;
  query.tier = options.tier;
  query.result = options.result;
  query.type = options.type;
  query.text = options.text;
  query.before = options.before;
  if (auto parsed = parse_moment("--since", options.since, query.since); !parsed) return fail(parsed.error());
  if (auto parsed = parse_moment("--until", options.until, query.until); !parsed) return fail(parsed.error());
  const bool of_dataset = !options.target.at.empty() || !options.target.path.empty();
  if (of_dataset && options.target.target.empty())
    return fail(ErrorKind::invalid, "--at and --path need the dataset that they are about");
  return query;
}

Status add_target(const Target& target, ledger::Query& query) {
  query.dataset = target.dataset;
  query.keys = target.keys;
  if (target.id.empty()) return {};
  if (!query.id.empty() && query.id != target.id)
    return fail(ErrorKind::invalid, "--request and '" + target.id + "' are two ids; give one");
  query.id = target.id;
  return {};
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

Status print_events(ledger::Reader& reader, const ledger::Query& query, const Target& target,
                    const LogOptions& options) {
  const std::size_t limit = options.limit == 0 ? static_cast<std::size_t>(-2) : options.limit;
  Table table = event_table();
  std::size_t count = 0;
  std::uint64_t last = 0;
  const auto printed =
      ledger::for_each_event(reader, query, limit + 1, [&](const ledger::Found& found) -> Status {
        if (++count > limit) return {};
        last = found.record.seq;
        if (options.json) {
          print(event_json(found, target));
        } else {
          add_event(table, found.record, target);
        }
        return {};
      });
  if (!printed || options.json) return printed;
  if (table.empty()) {
    print("no events\n");
    return {};
  }
  print(table.text(terminal_width()));
  if (count > limit) print("older ones: the same with --before " + std::to_string(last) + "\n");
  return {};
}

Status print_totals(ledger::Reader& reader, const ledger::Query& query, const LogOptions& options) {
  const auto rows = ledger::totals(reader, query);
  if (!rows) return fail(rows.error());
  if (options.json) {
    for (const ledger::TotalsRow& row : *rows)
      print(totals_json(row));
  } else {
    print(rows->empty() ? "nothing was moved\n" : totals_table(*rows).text(terminal_width()));
  }
  return {};
}

Status show(const LogOptions& options, ledger::Query query) {
  auto reader = ledger::Reader::open(ledger_path(options.ledger));
  if (!reader) return fail(reader.error());
  const auto target = resolve_target(*reader, options.target);
  if (!target) return fail(target.error());
  if (auto added = add_target(*target, query); !added) return added;
  return options.totals ? print_totals(*reader, query, options)
                        : print_events(*reader, query, *target, options);
}

}  // namespace

ExitStatus run_log(const LogOptions& options) {
  const auto query = parse(options);
  if (!query) {
    print_error(query.error().message);
    return kUsage;
  }
  const auto shown = show(options, *query);
  return shown ? kDone : report(shown.error());
}

}  // namespace microstage::cli
