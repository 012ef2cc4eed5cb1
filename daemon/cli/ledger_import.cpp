#include "daemon/cli/ledger_import.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "daemon/cli/times.h"
#include "daemon/import/spool_import.h"
#include "lib/control/spool_place.h"
#include "lib/core/text.h"
#include "lib/ledger/anchor.h"
#include "lib/ledger/location.h"

namespace microstage::cli {

namespace {

// One file to take in, and the directory that it is opened in.
struct Found {
  std::size_t directory = 0;  // index
  std::string name;
  bool named = false;  // by the user, and not just found
};

struct Search {
  std::vector<fs::Directory> directories;
  std::vector<Found> files;
};

struct Totals {
  std::uint64_t files = 0;
  std::uint64_t lines = 0;
  std::uint64_t bad = 0;
  std::uint64_t refused = 0;
  std::uint64_t removed = 0;
  bool failed = false;
};

Status add_directory(Search& search, fs::Directory directory) {
  const auto names = import::spools_in(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names)
    search.files.push_back({search.directories.size(), name, false});
  search.directories.push_back(std::move(directory));
  return {};
}

// A directory of spools, or one file.
Status add(Search& search, const std::string& given) {
  const std::string path = absolute_path(given);
  auto directory = fs::Directory::open(fs::posix_file_ops(), path);
  if (directory) return add_directory(search, std::move(*directory));
  if (directory.error().code != ENOTDIR) return fail(directory.error());
  const std::size_t slash = path.rfind('/');
  auto parent = fs::Directory::open(fs::posix_file_ops(), slash == 0 ? "/" : path.substr(0, slash));
  if (!parent) return fail(parent.error());
  search.files.push_back({search.directories.size(), path.substr(slash + 1), true});
  search.directories.push_back(std::move(*parent));
  return {};
}

// Where this user's transfers are recorded; that there is nothing yet is no error.
Status add_own(Search& search) {
  const auto place = control::spool_place(control::spool_settings_of_environment());
  if (!place) return fail(place.error());
  for (const std::string& path : {place->site, place->own}) {
    if (path.empty()) continue;
    auto added = add(search, path);
    if (!added && (path == place->site || added.error().code != ENOENT)) return added;
  }
  return {};
}

Result<Search> look_for(const std::vector<std::string>& spools) {
  Search search;
  if (spools.empty())
    if (auto own = add_own(search); !own) return fail(own.error());
  for (const std::string& spool : spools)
    if (auto added = add(search, spool); !added) return fail(added.error());
  return search;
}

// The ledger has one writer; another import is over soon.
Result<ledger::Ledger> open_ledger(const std::string& path) {
  constexpr std::chrono::seconds kPatience{30};
  constexpr std::chrono::milliseconds kPause{20};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto opened = ledger::Ledger::open(path);
    const bool busy = !opened && opened.error().kind == ErrorKind::transient;
    if (!busy || std::chrono::steady_clock::now() > deadline) return opened;
    std::this_thread::sleep_for(kPause);
  }
}

// The directory of the user's own ledger may not be there yet.
void make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    fs::posix_file_ops().make_directory(AT_FDCWD, path.substr(0, slash).c_str(), 0700);
}

void print_json(const import::ImportedSpool& spool) {
  std::vector<std::string> examples;
  for (const import::BadLine& bad : spool.examples)
    examples.push_back(std::to_string(bad.number) + ": " + bad.why);
  JsonObject json;
  json.text("type", "spool").text("path", spool.path).text_unless_empty("owner", spool.owner);
  json.number("lines", spool.lines).number("bad", spool.bad).number("bytes", spool.bytes);
  if (!examples.empty()) json.texts("bad_lines", examples);
  json.boolean("removed", spool.removed);
  if (!spool.state)
    json.text("result", name(spool.state.error().kind)).text("error", spool.state.error().message);
  std::fputs(json.line().c_str(), stdout);
}

void print_problems(const import::ImportedSpool& spool) {
  for (const import::BadLine& bad : spool.examples)
    print_error(spool.path + ":" + std::to_string(bad.number) + ": left out: " + bad.why);
  if (spool.bad > spool.examples.size()) {
    print_error(spool.path + ": left out: " + std::to_string(spool.bad - spool.examples.size()) +
                " lines more");
  }
  if (!spool.state) print_error(spool.state.error().message);
}

// What a neighbour put into a directory must not make every import fail.
void count(Totals& totals, const import::ImportedSpool& spool, bool named) {
  ++totals.files;
  totals.lines += spool.lines;
  totals.bad += spool.bad;
  totals.removed += spool.removed ? 1 : 0;
  if (spool.state) return;
  const bool refused = spool.state.error().kind == ErrorKind::invalid;
  totals.refused += refused ? 1 : 0;
  // Gone since we looked: another import removed it.
  if (named || (!refused && spool.state.error().code != ENOENT)) totals.failed = true;
}

void print_totals(const Totals& totals, const std::string& ledger, const ledger::Head& head, bool json) {
  if (json) {
    JsonObject object;
    object.text("type", "ledger.import")
        .text("ledger", ledger)
        .number("files", totals.files)
        .number("lines", totals.lines);
    object.number("bad", totals.bad).number("refused", totals.refused).number("removed", totals.removed);
    object.number("seq", head.seq).text("hash", hex(head.hash));
    std::fputs(object.line().c_str(), stdout);
    return;
  }
  std::string line = "took in " + std::to_string(totals.lines) + " reports from " +
                     std::to_string(totals.files) + " spool files into " + one_line(ledger);
  if (totals.bad > 0) line += "; " + std::to_string(totals.bad) + " lines left out";
  if (totals.refused > 0) line += "; " + std::to_string(totals.refused) + " files refused";
  if (totals.removed > 0) line += "; " + std::to_string(totals.removed) + " files removed";
  std::printf("%s\n", line.c_str());
}

Status anchor(const std::string& ledger, const ledger::Head& head) {
  return ledger::append_anchor(fs::posix_file_ops(), ledger::anchor_path(ledger), head, current_time(),
                               MICROSTAGE_VERSION);
}

}  // namespace

ExitStatus run_ledger_import(const ImportOptions& options) {
  const std::string path =
      absolute_path(options.ledger.empty() ? ledger::default_path_to_write() : options.ledger);
  const auto search = look_for(options.spools);
  if (!search) return report(search.error());
  if (path == ledger::own_path()) make_parents(path);
  auto ledger = open_ledger(path);
  if (!ledger) return report(ledger.error());
  Totals totals;
  const ledger::Head before = ledger->head();
  for (const Found& file : search->files) {
    const auto spool =
        import::import_spool(*ledger, search->directories.at(file.directory), file.name, options.remove);
    if (!spool) return report(spool.error());
    count(totals, *spool, file.named);
    print_problems(*spool);
    if (options.json) print_json(*spool);
  }
  // Where no daemon is, nobody else does; against it a cut tail and a rewritten chain show.
  const auto anchored = ledger->head() == before ? Status{} : anchor(path, ledger->head());
  if (!anchored) {
    print_error(anchored.error().message + "; the reports were taken in, but the heads of " + path +
                " end before them");
    totals.failed = true;
  }
  print_totals(totals, path, ledger->head(), options.json);
  return totals.failed ? kFailed : kDone;
}

}  // namespace microstage::cli
