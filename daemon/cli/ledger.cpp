#include "daemon/cli/ledger.h"

#include <cstdio>

#include "lib/core/text.h"
#include "lib/ledger/anchor.h"
#include "lib/ledger/backup.h"
#include "lib/ledger/location.h"
#include "lib/ledger/verify.h"

namespace microstage::cli {

namespace {

std::string path_of(const LedgerOptions& options) {
  return absolute_path(options.ledger.empty() ? ledger::default_path() : options.ledger);
}

ExitStatus tell(const LedgerOptions& options, const JsonObject& json, const std::string& text) {
  std::fputs(options.json ? json.line().c_str() : text.c_str(), stdout);
  return kDone;
}

// In JSON too an error is told on standard error, for people.
ExitStatus tell_bad(const LedgerOptions& options, const std::string& path, const ledger::Finding& bad) {
  const std::string line = (bad.seq == 0 ? "" : "event " + std::to_string(bad.seq) + ": ") + bad.what;
  if (options.json) {
    JsonObject json;
    json.text("type", "ledger.verify").text("path", path).text("result", name(ErrorKind::integrity));
    if (bad.seq != 0) json.number("seq", bad.seq);
    std::fputs(json.text("error", line).line().c_str(), stdout);
  }
  print_error("the ledger " + path + " is not what was written: " + line +
              ". Keep it as it is, and compare it with a backup");
  return kFailed;
}

}  // namespace

ExitStatus run_ledger_verify(const LedgerOptions& options) {
  const std::string path = path_of(options);
  auto anchors = ledger::read_anchors(fs::posix_file_ops(), ledger::anchor_path(path));
  if (!anchors) return report(anchors.error());
  for (const std::string& text : options.heads) {
    const auto head = ledger::parse_head(text);
    if (!head) {
      print_error("--head takes SEQ:HASH, as verify and backup print it, not '" + text + "'");
      return kUsage;
    }
    anchors->push_back(*head);
  }
  auto reader = ledger::Reader::open(path);
  if (!reader) return report(reader.error());
  const auto verified = ledger::verify(*reader, {*anchors, options.projections});
  if (!verified) return report(verified.error());
  if (verified->first_bad) return tell_bad(options, path, *verified->first_bad);
  JsonObject json;
  json.text("type", "ledger.verify").text("path", path).text("result", "ok");
  json.number("seq", verified->head.seq).text("hash", hex(verified->head.hash));
  json.number("heads", anchors->size());
  return tell(options, json,
              "good: " + std::to_string(verified->head.seq) + " events, and " +
                  std::to_string(anchors->size()) + " earlier heads found in their chain\nhead " +
                  to_text(verified->head) + "\n");
}

ExitStatus run_ledger_backup(const LedgerOptions& options) {
  const std::string path = path_of(options);
  const std::string target = absolute_path(options.target);
  const auto head = ledger::backup(fs::posix_file_ops(), path, target);
  if (!head) return report(head.error());
  JsonObject json;
  json.text("type", "ledger.backup").text("from", path).text("to", target).text("result", "ok");
  json.number("seq", head->seq).text("hash", hex(head->hash));
  return tell(options, json,
              "copied and verified: " + std::to_string(head->seq) + " events in " + one_line(target) +
                  "\nhead " + to_text(*head) + "\n");
}

}  // namespace microstage::cli
