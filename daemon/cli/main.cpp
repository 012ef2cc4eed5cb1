// The `microstage` command: what its subcommands are called and take. The only file that knows CLI11.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "daemon/cli/connect.h"
#include "daemon/cli/git.h"
#include "daemon/cli/init.h"
#include "daemon/cli/ledger.h"
#include "daemon/cli/ledger_import.h"
#include "daemon/cli/log.h"
#include "daemon/cli/plan.h"
#include "daemon/cli/where.h"
#include "lib/core/text.h"

namespace {

using namespace microstage::cli;

struct Command {
  CLI::App* app = nullptr;
  std::function<ExitStatus()> run;
};

Command add_init(CLI::App& app, InitOptions& options) {
  CLI::App* init = app.add_subcommand("init", "Make a RIA store, the capacity tier of datasets");
  init->add_option("STORE", options.store, "Path of the store, or ria+file:// URL")->required();
  init->add_option("--shared", options.shared,
                   "Who may use what is placed in it: group, all, or an octal mode like 0660 (git's "
                   "core.sharedRepository). Kept as the mode of the store's root, which connect goes by");
  init->add_flag("--json", options.json, "One JSON object instead of text");
  init->footer(
      "Examples:\n"
      "  microstage init /capacity/store\n"
      "  chgrp sections /capacity/store && microstage init /capacity/store --shared 0660\n");
  return {init, [&options] { return run_init(options); }};
}

Command add_connect(CLI::App& app, ConnectOptions& options) {
  CLI::App* connect =
      app.add_subcommand("connect", "Connect a dataset to a store, so that datalad push --to works");
  connect->add_option("DATASET", options.dataset, "Path of a clone")->capture_default_str();
  connect->add_option("--store", options.store, "The store: a path, or ria+file:// URL")->required();
  connect
      ->add_option("--name", options.name,
                   "Name of the git sibling; NAME-storage and NAME-ora are its special remotes")
      ->capture_default_str();
  connect->add_option("--alias", options.alias, "Also known in the store as this name");
  connect->add_option(
      "--shared", options.shared,
      "core.sharedRepository of a new dataset in the store: group, all, 0xxx or false; as the store's "
      "root is when not given");
  connect->add_flag("--verify-once", options.verify_once,
                    "In this clone let the remote alone verify what is got: faster, as safe");
  connect->add_flag("--only-microstage", options.only_microstage,
                    "No ORA entry: a clone without git-annex-remote-microstage then cannot get the content");
  connect->add_flag("--http", options.http, "Also keep what a static web server needs to serve git");
  connect->add_flag("-r,--recursive", options.recursive,
                    "Also all installed subdatasets; the alias is the top one's");
  connect->add_option("-J,--jobs", options.jobs, "Datasets at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  connect->add_flag("--json", options.json, "One JSON object a dataset instead of text");
  connect->footer(
      "A rerun finishes what a failure left. Exit status: 0 done, 1 failed, 2 usage, 3 no such thing.\n"
      "Examples:\n"
      "  microstage connect B20_0197 --store ria+file:///capacity/store --alias B20_0197\n"
      "  microstage connect brain --store /capacity/store --recursive --jobs 4\n"
      "  datalad push --to capacity -d B20_0197\n");
  return {connect, [&options] { return run_connect(options); }};
}

void add_ledger_options(CLI::App& command, LedgerOptions& options) {
  command.add_option("--ledger", options.ledger, "The ledger's file; else your own, else the service's");
  command.add_flag("--json", options.json, "One JSON object instead of text");
}

Command add_ledger_verify(CLI::App& ledger, LedgerOptions& options) {
  CLI::App* verify =
      ledger.add_subcommand("verify", "Check every event and the chain of hashes; names the first bad row");
  verify->add_option("--head", options.heads,
                     "An earlier head, SEQ:HASH, that must still be in the chain; may be repeated");
  verify->add_flag("--projections", options.projections,
                   "Also compare the tables that queries use with what the events give");
  add_ledger_options(*verify, options);
  verify->footer("The heads noted in LEDGER-heads are checked too.\n");
  return {verify, [&options] { return run_ledger_verify(options); }};
}

Command add_ledger_backup(CLI::App& ledger, LedgerOptions& options) {
  CLI::App* backup =
      ledger.add_subcommand("backup", "Copy the ledger, also under a running daemon, and verify the copy");
  backup->add_option("FILE", options.target, "The copy; replaced when it is there")->required();
  add_ledger_options(*backup, options);
  return {backup, [&options] { return run_ledger_backup(options); }};
}

// A variable of a script that is empty would otherwise ask for everything.
const CLI::Validator kGiven(
    [](const std::string& text) { return text.empty() ? std::string{"empty"} : std::string{}; }, "", "given");
const CLI::Validator kCount(
    [](const std::string& text) {
      std::uint64_t count = 0;
      return microstage::parse_decimal(text, count) ? std::string{} : "'" + text + "' is no number from 0 on";
    },
    "", "count");

// What `log` and `where` share.
void add_target_options(CLI::App& app, TargetOptions& target, std::string& ledger) {
  app.add_option("--path", target.path, "Only this file or directory of the dataset")->check(kGiven);
  app.add_option("--at", target.at, "As it is in this commit, branch or tag of the dataset")->check(kGiven);
  app.add_option("--store", target.store, "The store in which an id or alias is looked for")->check(kGiven);
  app.add_option("--ledger", ledger,
                 "The ledger's file; else MICROSTAGE_LEDGER, else your own, else the service's");
}

Command add_log(CLI::App& app, LogOptions& options) {
  CLI::App* log = app.add_subcommand("log", "What was moved, when, by whom, and how it went; newest first");
  log->add_option(
         "TARGET", options.target.target,
         "A dataset or a file in one by path, a dataset's id or alias, a key, or the id of a request, "
         "job or pin; without it everything")
      ->check(kGiven);
  add_target_options(*log, options.target, options.ledger);
  log->add_option("--request", options.request, "Only of this request, job or pin")->check(kGiven);
  log->add_option("--user", options.user, "Only what this account did")->check(kGiven);
  log->add_option("--host", options.host, "Only what happened there")->check(kGiven);
  log->add_option("--tier", options.tier, "Only from or to this tier or place")->check(kGiven);
  log->add_option("--type", options.type, "Only events of this type (transfer.failed) or kind (transfer)")
      ->check(kGiven);
  log->add_option("--result", options.result, "ok, failed, or a kind of error like integrity")->check(kGiven);
  log->add_option("--text", options.text, "Only events that have this in one of their texts")->check(kGiven);
  log->add_option("--since", options.since, "Not before: 7d (ago), 12h, 2026-11-22, '2026-11-22 18:30'")
      ->check(kGiven);
  log->add_option("--until", options.until, "Before, likewise")->check(kGiven);
  log->add_option("--limit", options.limit, "At most so many events; 0 for all")
      ->check(kCount)
      ->capture_default_str();
  log->add_option("--before", options.before, "Only events with a smaller number: the next page")
      ->check(kCount);
  log->add_flag("--totals", options.totals, "Files and bytes by account and tier instead of events");
  log->add_flag("--json", options.json, "One JSON object an event, in UTC");
  log->footer(
      "Filters together: what fits all of them.\n"
      "Examples:\n"
      "  microstage log B20_0197/planes/z07.tif         everything about this plane since it came\n"
      "  microstage log B20_0197 --result failed --since 7d\n"
      "  microstage log --user alice --since 7d --totals\n"
      "  microstage log B20_0197 --store /data/store --at v1.0 --json\n");
  return {log, [&options] { return run_log(options); }};
}

Command add_where(CLI::App& app, WhereOptions& options) {
  CLI::App* where = app.add_subcommand("where", "Which copies there are, and when each was last proven");
  where
      ->add_option("TARGET", options.target.target,
                   "A dataset or a file in one by path, an id or alias, or a key")
      ->required()
      ->check(kGiven);
  add_target_options(*where, options.target, options.ledger);
  where->add_flag("--files", options.files, "A line each file and copy, not each place");
  where->add_flag("--json", options.json, "One JSON object a copy, in UTC");
  where->footer(
      "Proven: every byte was read and hashed by the service itself. What anybody else reports is a claim.\n"
      "Examples:\n"
      "  microstage where B20_0197\n"
      "  microstage where B20_0197/planes/z07.tif\n"
      "  microstage where B20_0197 --store /data/store --files\n");
  return {where, [&options] { return run_where(options); }};
}

Command add_plan(CLI::App& app, PlanOptions& options) {
  CLI::App* plan =
      app.add_subcommand("plan", "What staging, archiving or releasing would move; moves nothing");
  plan->add_option("TARGET", options.targets,
                   "Datasets: by path (also a file or directory in one), id or alias; aliases by pattern "
                   "('B20_01*') or range (B20_0100..B20_0199)");
  plan->add_option("--from-file", options.from_file, "Also these TARGETs, one a line; - is standard input");
  plan->add_flag("--all", options.all, "Every dataset of the store");
  plan->add_option("--store", options.store, "The store: a path, or ria+file:// URL")->required();
  plan->add_option("--fast-root", options.fast_root,
                   "Where the clones on the fast tier are, as ROOT/ALIAS or ROOT/ID");
  plan->add_option("--for", options.action, "stage, archive or release")
      ->capture_default_str()
      ->check(CLI::IsMember({"stage", "archive", "release"}));
  plan->add_flag("-r,--recursive", options.recursive, "Also the subdatasets, installed or not");
  plan->add_flag("--files", options.files, "A line each file");
  plan->add_flag("--json", options.json, "One JSON object a dataset, and with --files one a file");
  plan->footer(
      "FILES, SIZE and INODES are what would move; THERE is where it should be already; MISSING is nowhere "
      "to "
      "be had,\n"
      "or for a release not in the store. As the location logs of both tiers say; whoever moves looks "
      "again.\n"
      "Exit status: 0 done, 1 some could not be planned, 2 usage, 3 no such thing.\n"
      "Examples:\n"
      "  microstage plan B20_0100..B20_0199 --store /data/store --fast-root /data/fast\n"
      "  microstage plan 'B20_01*' --for release --store /data/store --fast-root /data/fast --json\n"
      "  microstage plan brain --recursive --store /data/store\n"
      "  microstage plan --from-file sections.txt --store /data/store\n");
  return {plan, [&options] { return run_plan(options); }};
}

Command add_ledger_import(CLI::App& ledger, ImportOptions& options) {
  CLI::App* import = ledger.add_subcommand("import", "Take in what the remote spooled while no daemon ran");
  import->add_option("SPOOL", options.spools,
                     "Files or directories; without one those of this user and of MICROSTAGE_SPOOL");
  import->add_option("--ledger", options.ledger,
                     "The ledger's file, made when it is missing; else your own, else the service's");
  import->add_flag("--remove", options.remove,
                   "Remove each file that is taken in whole and that nobody writes to");
  import->add_flag("--json", options.json, "One JSON object a file, and one for all");
  import->footer(
      "Each report is taken in exactly once, as a claim of the file's owner. Lines that are no reports are "
      "named and\n"
      "left out. Exit status: 0 done, 1 something could not be read or recorded, 2 usage, 3 no such file.\n"
      "Examples:\n"
      "  microstage ledger import\n"
      "  microstage ledger import /data/spool --remove --ledger /var/lib/microstage/ledger.db\n");
  return {import, [&options] { return run_ledger_import(options); }};
}

// An answer that went nowhere, for want of space say, must not look like a short one.
ExitStatus all_said(ExitStatus status) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  print_error(microstage::system_error(errno == 0 ? EIO : errno, "write to standard output").message +
              "; what was found is not all there");
  return status == kDone ? kFailed : status;
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  print_error(std::string{error.what()} + "; see microstage --help");
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  forget_calling_repository();
  CLI::App app("microstage moves annexed section datasets between storage tiers under DataLad's control",
               "microstage");
  app.set_version_flag("--version", "microstage " MICROSTAGE_VERSION);
  app.require_subcommand(1);
  app.footer("'microstage COMMAND --help' tells more.");
  InitOptions init;
  ConnectOptions connect;
  LedgerOptions ledger_options;
  LogOptions log;
  WhereOptions where;
  PlanOptions plan;
  ImportOptions import;
  CLI::App* ledger = app.add_subcommand("ledger", "Check, copy or add to the record of what was moved");
  ledger->require_subcommand(1);
  const std::vector<Command> commands{add_init(app, init),
                                      add_connect(app, connect),
                                      add_ledger_verify(*ledger, ledger_options),
                                      add_ledger_backup(*ledger, ledger_options),
                                      add_ledger_import(*ledger, import),
                                      add_log(app, log),
                                      add_where(app, where),
                                      add_plan(app, plan)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  for (const Command& command : commands)
    if (command.app->parsed()) return all_said(command.run());
  return kUsage;
}
