#include "daemon/import/spool_import.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "daemon/import/spool_events.h"
#include "lib/control/spool.h"
#include "lib/control/spool_reader.h"
#include "lib/core/text.h"

namespace microstage::import {

namespace {

constexpr std::size_t kBatch = 4096;  // lines a transaction
constexpr std::uint64_t kBatchBytes = std::uint64_t{8} << 20U;
constexpr std::size_t kMostExamples = 10;

std::uint64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// One file on its way into the ledger.
class Import {
 public:
  Import(ledger::Ledger& ledger, control::SpoolReader& spool, ImportedSpool& result)
      : ledger_(ledger), spool_(spool), result_(result), who_{result.owner, spool.owner()} {}

  // Until nothing is left. Errors are the ledger's.
  Status run() {
    const auto position = ledger_.spool_position(spool_.name());
    if (!position) return fail(position.error());
    result_.state = spool_.go_on_at(*position);
    for (bool more = result_.state.has_value(); more;) {
      const auto taken = take_batch();
      if (!taken) return fail(taken.error());
      more = *taken;
    }
    return {};
  }

 private:
  // False when it was the last.
  Result<bool> take_batch() {
    const std::uint64_t begin = spool_.position();
    const ImportedSpool before = result_;
    std::vector<ledger::Event> events;
    bool more = true;
    while (more && events.size() < kBatch && result_.bad - before.bad < kBatch &&
           spool_.position() - begin < kBatchBytes)
      more = take_line(events);
    if (spool_.position() == begin) return false;
    result_.bytes += spool_.position() - begin;
    result_.lines += events.size();
    events.push_back(imported(before));
    if (const auto head = ledger_.append(events); !head) return fail(head.error());
    return more;
  }

  bool take_line(std::vector<ledger::Event>& events) {
    auto line = spool_.next();
    if (!line) result_.state = fail(line.error());
    if (!line || !*line) return false;
    const control::SpoolReader::Line& read = **line;
    auto event = read.report ? event_of(*read.report, who_, now_ns()) : fail(read.report.error());
    if (event) {
      events.push_back(std::move(*event));
    } else {
      leave_out(read.offset, event.error());
    }
    return true;
  }

  void leave_out(std::uint64_t offset, const Error& why) {
    ++result_.bad;
    if (result_.examples.size() == kMostExamples) return;
    const auto number = spool_.line_number(offset);
    result_.examples.push_back({number ? *number : 0, why.message});
  }

  // What moves the position, with what was left out on the way.
  [[nodiscard]] ledger::Event imported(const ImportedSpool& before) const {
    ledger::Event event;
    event.type = ledger::EventType::spool_imported;
    event.time = static_cast<std::int64_t>(now_ns());
    event.spool = spool_.name();
    event.position = spool_.position();
    event.path = result_.path;
    event.files = result_.lines - before.lines;
    event.bytes = result_.bytes - before.bytes;
    event.actor = account_name(::geteuid());
    event.uid = ::geteuid();
    if (result_.owner != event.actor) event.owner = result_.owner;
    event.host = control::this_reporting().host;
    event.program = "microstage " MICROSTAGE_VERSION;
    if (result_.bad == before.bad) return event;
    event.result = microstage::name(ErrorKind::invalid);
    event.error = std::to_string(result_.bad - before.bad) + " lines were left out";
    if (before.examples.size() < result_.examples.size()) {
      const BadLine& first = result_.examples.at(before.examples.size());
      event.error += ", the first is line " + std::to_string(first.number) + ": " + first.why;
    }
    return event;
  }

  ledger::Ledger& ledger_;
  control::SpoolReader& spool_;
  ImportedSpool& result_;
  const Claimant who_;
};

}  // namespace

std::string account_name(uid_t uid) {
  std::array<char, 16384> buffer{};
  struct ::passwd entry {};
  struct ::passwd* found = nullptr;
  const int result = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (result == 0 && found != nullptr && *found->pw_name != '\0') return one_line(found->pw_name);
  return "uid:" + std::to_string(uid);
}

Result<ImportedSpool> import_spool(ledger::Ledger& ledger, const fs::Directory& directory,
                                   const std::string& name, bool remove) {
  ImportedSpool result;
  result.path = directory.name_of(name);
  auto opened = control::SpoolReader::open(directory, name);
  if (!opened) result.state = fail(opened.error());
  if (!opened || !*opened) return result;
  control::SpoolReader& spool = **opened;
  result.owner = account_name(spool.owner());
  Import import(ledger, spool, result);
  if (auto run = import.run(); !run) return fail(run.error());
  if (!remove || !result.state) return result;
  const auto removed = spool.remove_if_read(control::now_us());
  if (!removed) result.state = fail(removed.error());
  result.removed = removed && *removed;
  return result;
}

Result<std::vector<std::string>> spools_in(const fs::Directory& directory) {
  auto names = directory.list();
  if (!names) return names;
  std::erase_if(*names, [](const std::string& name) { return !control::Spool::is_spool_name(name); });
  std::sort(names->begin(), names->end());
  return names;
}

}  // namespace microstage::import
