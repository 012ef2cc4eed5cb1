#include "daemon/cli/where.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "daemon/cli/table.h"
#include "daemon/cli/times.h"
#include "lib/core/text.h"
#include "lib/ledger/projections.h"
#include "lib/ledger/query.h"

namespace microstage::cli {

namespace {

using ledger::Copy;

// All copies of a place, summed up.
struct PlaceSum {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t proven = 0;
  std::uint64_t gone = 0;
  std::int64_t oldest_proof = 0;
  std::int64_t seen = 0;
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string count_of(std::uint64_t count) {
  return count == 0 ? "" : std::to_string(count);
}

class Answer {
 public:
  Answer(Target target, const WhereOptions& options) : target_(std::move(target)), options_(options) {
    const bool all_known = !target_.known.empty() || target_.keys;
    if (target_.keys) wanted_.insert(target_.keys->begin(), target_.keys->end());
    for (const auto& [key, file] : target_.known)
      wanted_.insert(key);
    only_wanted_ = all_known && !target_.is_key;
  }

  Status collect(ledger::Reader& reader) {
    ledger::Query query;
    query.dataset = target_.dataset;
    query.keys = target_.keys;
    if (!target_.keys && only_wanted_) query.keys.emplace(wanted_.begin(), wanted_.end());
    auto collected = ledger::for_each_copy(reader, query, [this](const Copy& copy) -> Status {
      copies_.push_back(copy);
      return {};
    });
    std::sort(copies_.begin(), copies_.end(), [this](const Copy& a, const Copy& b) {
      return std::tuple(path_of(a.key), a.key, a.place, a.dataset) <
             std::tuple(path_of(b.key), b.key, b.place, b.dataset);
    });
    sum_up();
    return collected;
  }

  void print_json() const {
    for (const Copy& copy : copies_)
      print(json_of(copy));
    for (const std::string& key : missing_) {
      JsonObject json;
      json.text("type", "missing").text_unless_empty("dataset", target_.dataset).text("key", key);
      print(json.text_unless_empty("path", path_of(key)).line());
    }
  }

  void print_for_people() const {
    const auto width = terminal_width();
    if (copies_.empty()) {
      print("the ledger knows of no copy\n");
      return;
    }
    const bool each = options_.files || wanted_.size() == 1;
    print(each ? each_copy().text(width) : places().text(width));
    if (missing_.empty()) return;
    print(std::to_string(missing_.size()) + " of " + std::to_string(wanted_.size()) +
          " keys: the ledger knows of no copy\n");
  }

 private:
  [[nodiscard]] std::string path_of(const std::string& key) const {
    const auto known = target_.known.find(key);
    return known == target_.known.end() ? std::string{} : known->second.path;
  }

  [[nodiscard]] std::optional<std::uint64_t> bytes_of(const Copy& copy) const {
    const auto known = target_.known.find(copy.key);
    return known != target_.known.end() && known->second.bytes ? known->second.bytes : copy.bytes;
  }

  void sum_up() {
    std::set<std::string> somewhere;
    std::set<std::pair<std::string, std::string>> counted;  // a key told of with and without a dataset is one
    for (const Copy& copy : copies_) {
      if (!copy.gone) somewhere.insert(copy.key);
      if (!target_.is_key && !counted.emplace(copy.place, copy.key).second) continue;
      PlaceSum& sum = sums_[copy.place];
      sum.seen = std::max(sum.seen, copy.seen.time);
      if (copy.gone) {
        ++sum.gone;
        continue;
      }
      ++sum.keys;
      sum.bytes = ledger::added(sum.bytes, bytes_of(copy).value_or(0));
      if (!copy.proven) continue;
      sum.oldest_proof =
          sum.proven++ == 0 ? copy.proven->time : std::min(sum.oldest_proof, copy.proven->time);
    }
    for (const std::string& key : wanted_)
      if (!somewhere.contains(key)) missing_.push_back(key);
  }

  [[nodiscard]] std::string json_of(const Copy& copy) const {
    JsonObject json;
    json.text("type", "copy").text_unless_empty("dataset", copy.dataset).text("key", copy.key);
    json.text_unless_empty("path", path_of(copy.key)).text("to", copy.place);
    if (const auto bytes = bytes_of(copy)) json.number("bytes", *bytes);
    json.text("since", utc_time(copy.since.time))
        .text("seen", utc_time(copy.seen.time))
        .number("seq", copy.seen.seq);
    if (copy.proven) json.text("proven", utc_time(copy.proven->time)).number("evidence", copy.proven->seq);
    if (copy.gone) json.text("gone", utc_time(copy.gone->time));
    return json.line();
  }

  [[nodiscard]] Table each_copy() const {
    Table table({{"WHAT", Align::left, 16},
                 {"PLACE", Align::left, 10},
                 {"SIZE", Align::right},
                 {"SINCE"},
                 {"LAST SEEN"},
                 {"PROVEN"},
                 {"GONE, IT IS SAID"}});
    for (const Copy& copy : copies_) {
      const std::string path = path_of(copy.key);
      const auto bytes = bytes_of(copy);
      table.add({path.empty() ? copy.key : path, copy.place, bytes ? human_size(*bytes) : "",
                 local_time(copy.since.time), local_time(copy.seen.time),
                 copy.proven ? local_time(copy.proven->time) : "never",
                 copy.gone ? local_time(copy.gone->time) : ""});
    }
    return table;
  }

  [[nodiscard]] Table places() const {
    Table table({{"PLACE", Align::left, 10},
                 {"KEYS", Align::right},
                 {"SIZE", Align::right},
                 {"PROVEN", Align::right},
                 {"OLDEST PROOF"},
                 {"LAST SEEN"},
                 {"GONE, IT IS SAID", Align::right}});
    for (const auto& [place, sum] : sums_) {
      const std::string all = only_wanted_ ? " of " + std::to_string(wanted_.size()) : "";
      table.add({place, std::to_string(sum.keys) + all, human_size(sum.bytes), std::to_string(sum.proven),
                 sum.proven == 0 ? "never" : local_time(sum.oldest_proof), local_time(sum.seen),
                 count_of(sum.gone)});
    }
    return table;
  }

  Target target_;
  const WhereOptions& options_;
  std::set<std::string> wanted_;  // keys, where it is known which there are
  bool only_wanted_ = false;
  std::vector<Copy> copies_;
  std::vector<std::string> missing_;
  std::map<std::string, PlaceSum> sums_;
};

Status show(const WhereOptions& options) {
  auto reader = ledger::Reader::open(ledger_path(options.ledger));
  if (!reader) return fail(reader.error());
  auto target = resolve_target(*reader, options.target);
  if (!target) return failure_of(target);
  if (!target->id.empty()) {
    return fail(ErrorKind::not_found,
                "'" + target->id + "' is no dataset, file or key; microstage log tells what happened to it");
  }
  Answer answer(std::move(*target), options);
  if (auto collected = answer.collect(*reader); !collected) return collected;
  options.json ? answer.print_json() : answer.print_for_people();
  return {};
}

}  // namespace

ExitStatus run_where(const WhereOptions& options) {
  const auto shown = show(options);
  return shown ? kDone : report(shown.error());
}

}  // namespace microstage::cli
