#include "daemon/cli/plan_output.h"

#include <cstdio>

#include "daemon/cli/table.h"
#include "lib/core/text.h"

namespace microstage::cli {

namespace {

using core::Amounts;
using core::KeyState;
using planner::PlannedDataset;
using planner::PlannedTargets;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string_view name_of(KeyState state) {
  switch (state) {
    case KeyState::move:
      return "move";
    case KeyState::there:
      return "there";
    case KeyState::missing:
      break;
  }
  return "missing";
}

std::string number_of(std::uint64_t number) {
  return number == 0 ? "" : std::to_string(number);
}

// For people: the alias, or how it was named, and what of it.
std::string name_of(const planner::Dataset& dataset) {
  std::string name = dataset.alias.empty() ? dataset.target : dataset.alias;
  for (const std::string& path : dataset.paths)
    name += (&path == dataset.paths.data() ? "/" : ", ") + path;
  return name == dataset.id->text() ? "" : name;
}

// Every file of a job with its key and what becomes of it.
template <class Each>
void for_each_file(const PlannedDataset& planned, const Each& each) {
  const repo::SectionPlan& plan = *planned.job.plan;
  std::vector<const core::JobKey*> by_place(plan.keys.size(), nullptr);
  for (const core::JobKey& key : planned.job.keys)
    by_place[key.place] = &key;
  for (const repo::PlannedFile& file : plan.files) {
    if (by_place[file.key] != nullptr && core::is_wanted(file.path, planned.dataset.paths))
      each(file, plan.keys[file.key], by_place[file.key]->state);
  }
}

void add_amounts(Amounts& sum, const Amounts& more) {
  sum.keys += more.keys;
  sum.files += more.files;
  sum.bytes += more.bytes;
  sum.unknown_sizes += more.unknown_sizes;
  sum.inodes += more.inodes;
}

struct Sum {
  Amounts move;
  Amounts there;
  Amounts missing;
  std::uint64_t inodes = 0;
  std::uint64_t subdatasets = 0;

  void add(const core::SectionJob& job) {
    add_amounts(move, job.move);
    add_amounts(there, job.there);
    add_amounts(missing, job.missing);
    inodes += job.move.inodes + job.clone_inodes;
    subdatasets += job.plan->subdatasets.size();
  }

  [[nodiscard]] std::vector<std::string> row(const std::string& dataset, const std::string& name) const {
    return {dataset,
            name,
            std::to_string(move.files),
            human_size(move.bytes),
            std::to_string(inodes),
            number_of(there.files),
            number_of(missing.files)};
  }
};

Table dataset_table(const PlannedTargets& planned, Sum& all) {
  Table table({{"DATASET", Align::left, 8},
               {"NAME", Align::left, 10},
               {"FILES", Align::right},
               {"SIZE", Align::right},
               {"INODES", Align::right},
               {"THERE", Align::right},
               {"MISSING", Align::right}});
  for (const PlannedDataset& one : planned.datasets) {
    Sum sum;
    sum.add(one.job);
    all.add(one.job);
    table.add(sum.row(one.dataset.id->text(), name_of(one.dataset)));
  }
  if (planned.datasets.size() > 1) table.add(all.row("all " + std::to_string(planned.datasets.size()), ""));
  return table;
}

Table file_table(const PlannedTargets& planned) {
  Table table({{"NAME", Align::left, 10}, {"FILE", Align::left, 16}, {"SIZE", Align::right}, {"STATE"}});
  for (const PlannedDataset& one : planned.datasets) {
    const std::string name = one.dataset.alias.empty() ? one.dataset.target : one.dataset.alias;
    for_each_file(one, [&](const repo::PlannedFile& file, const repo::PlannedKey& key, KeyState state) {
      table.add({name, file.path, key.bytes ? human_size(*key.bytes) : "", std::string{name_of(state)}});
    });
  }
  return table;
}

// What the numbers leave out.
void print_notes(const Sum& all, const PlanOptions& options) {
  const std::uint64_t unknown = all.move.unknown_sizes + all.there.unknown_sizes + all.missing.unknown_sizes;
  if (all.missing.files != 0 && options.action == "release")
    print("missing: not in the store, and so not to be released; archive them first\n");
  if (all.missing.files != 0 && options.action != "release")
    print("missing: neither in the store nor on the fast tier, as far as these know\n");
  if (unknown != 0) print(std::to_string(unknown) + " keys do not say how long they are\n");
  if (all.subdatasets != 0 && !options.recursive && !options.all)
    print(std::to_string(all.subdatasets) + " subdatasets are left out; --recursive takes them, too\n");
}

JsonObject json_of(const PlannedDataset& planned, const PlanOptions& options) {
  const core::SectionJob& job = planned.job;
  const planner::Dataset& dataset = planned.dataset;
  const bool staged = options.action == "stage";
  const bool archived = options.action == "archive";
  JsonObject json;
  json.text("type", "plan").text("action", options.action).text("target", dataset.target);
  json.text("dataset", dataset.id->text()).text_unless_empty("alias", dataset.alias);
  json.text("commit", job.plan->commit.hex());
  if (!dataset.paths.empty()) json.texts("paths", dataset.paths);
  json.text_unless_empty("from", staged ? planned.stored : dataset.clone);
  json.text_unless_empty("to", archived ? planned.stored : staged ? dataset.clone : "");
  json.number("files", job.move.files).number("keys", job.move.keys).number("bytes", job.move.bytes);
  json.number("inodes", job.move.inodes).number("clone_inodes", job.clone_inodes);
  json.number("there", job.there.files).number("there_bytes", job.there.bytes);
  json.number("missing", job.missing.files).number("missing_bytes", job.missing.bytes);
  json.number("unknown_sizes", job.move.unknown_sizes).number("subdatasets", job.plan->subdatasets.size());
  return json.text("result", "ok");
}

std::string json_of(const planner::Failure& failure, const PlanOptions& options) {
  JsonObject json;
  json.text("type", "plan").text("action", options.action).text("target", failure.target);
  json.text("result", name(failure.error.kind)).text("error", one_line(failure.error.message));
  return json.line();
}

}  // namespace

std::string failure_line(const planner::Failure& failure) {
  const std::string& message = failure.error.message;
  const bool named = failure.target.empty() || message.find(failure.target) != std::string::npos;
  return named ? message : failure.target + ": " + message;
}

void print_plan_table(const PlannedTargets& planned, const PlanOptions& options) {
  if (planned.datasets.empty()) return;
  Sum all;
  const Table datasets = dataset_table(planned, all);
  const auto width = terminal_width();
  print(options.files ? file_table(planned).text(width) : datasets.text(width));
  print_notes(all, options);
}

void print_plan_json(const PlannedTargets& planned, const PlanOptions& options) {
  for (const PlannedDataset& one : planned.datasets) {
    print(json_of(one, options).line());
    if (!options.files) continue;
    for_each_file(one, [&](const repo::PlannedFile& file, const repo::PlannedKey& key, KeyState state) {
      JsonObject json;
      json.text("type", "file").text("dataset", one.dataset.id->text()).text("path", file.path);
      json.text("key", key.key);
      if (key.bytes) json.number("bytes", *key.bytes);
      print(json.text("state", name_of(state)).line());
    });
  }
  for (const planner::Failure& failure : planned.failures)
    print(json_of(failure, options));
}

}  // namespace microstage::cli
