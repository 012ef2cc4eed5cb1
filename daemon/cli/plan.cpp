#include "daemon/cli/plan.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "daemon/cli/plan_output.h"
#include "daemon/core/plan/target_list.h"
#include "daemon/planner/parallel.h"
#include "lib/core/text.h"

namespace microstage::cli {

namespace {

using planner::NamedTarget;

constexpr std::size_t kLongestList = 64U << 20U;

Error too_long(const std::string& name) {
  return {ErrorKind::invalid, name + " is longer than 64 MiB", 0};
}

Result<std::string> read_standard_input() {
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
    bytes.append(buffer.data(), count);
    if (bytes.size() > kLongestList) return fail(too_long("standard input"));
  }
  if (std::ferror(stdin) != 0) return fail(system_error(errno, "read standard input"));
  return bytes;
}

Result<std::string> read_list(const std::string& path) {
  if (path == "-") return read_standard_input();
  const auto file = fs::File::open(fs::posix_file_ops(), path, O_RDONLY | O_NONBLOCK);
  const auto status = file ? file->status() : fail(file.error());
  if (!status) return fail(status.error());
  if (!status->is_regular())
    return fail(ErrorKind::invalid, one_line(path) + " is no regular file; use --from-file - for a pipe");
  if (status->size > kLongestList) return fail(too_long(one_line(path)));
  return read_small_file(*file, kLongestList);
}

Result<std::vector<NamedTarget>> targets_of(const PlanOptions& options) {
  std::vector<NamedTarget> targets;
  for (const std::string& text : options.targets) {
    auto target = core::parse_target(text);
    if (!target) return failure_of(target);
    targets.push_back({std::move(*target), absolute_path(text)});
  }
  if (options.from_file.empty()) return targets;
  const std::string name = options.from_file == "-" ? "standard input" : options.from_file;
  const auto bytes = read_list(options.from_file);
  if (!bytes) return fail(bytes.error());
  auto listed = core::parse_target_list(*bytes, name);
  if (!listed) return failure_of(listed);
  for (core::ListedTarget& one : *listed) {
    std::string path = absolute_path(one.target.text);
    targets.push_back({std::move(one.target), std::move(path), name + ":" + std::to_string(one.line) + ": "});
  }
  return targets;
}

core::Action action_of(const std::string& word) {
  if (word == "archive") return core::Action::archive;
  return word == "release" ? core::Action::release : core::Action::stage;
}

Result<planner::PlannedTargets> plan(const PlanOptions& options, const std::vector<NamedTarget>& targets) {
  fs::FileOps& ops = fs::posix_file_ops();
  const auto path = store_path_of(options.store);
  if (!path) return fail(path.error());
  const auto store = store::RiaStore::open(ops, *path);
  if (!store) return fail(store.error());
  repo::PlanCache cache(ops);
  const auto finder = planner::DatasetFinder::open(
      ops, cache, *store, options.fast_root.empty() ? "" : absolute_path(options.fast_root));
  if (!finder) return fail(finder.error());
  const planner::Planner reader(ops, cache, *store, *finder);
  const planner::PlanRequest request{action_of(options.action), options.recursive, planner::usable_cores()};
  return options.all ? reader.plan_all(request) : reader.plan(targets, request);
}

ExitStatus status_of(const planner::PlannedTargets& planned) {
  if (planned.failures.empty()) return kDone;
  const bool nothing = planned.datasets.empty() &&
                       std::all_of(planned.failures.begin(), planned.failures.end(),
                                   [](const auto& one) { return exit_status_of(one.error) == kNoSuchThing; });
  return nothing ? kNoSuchThing : kFailed;
}

ExitStatus usage(const std::string& message) {
  print_error(message + "; see microstage plan --help");
  return kUsage;
}

}  // namespace

ExitStatus run_plan(const PlanOptions& options) {
  const bool named = !options.targets.empty() || !options.from_file.empty();
  if (named == options.all) {
    return usage(named ? "--all and the name of a dataset exclude each other"
                       : "name a dataset, or say --all");
  }
  const auto targets = targets_of(options);
  if (!targets) {
    if (exit_status_of(targets.error()) == kNoSuchThing) return report(targets.error());
    return usage(targets.error().message);
  }
  const auto planned = plan(options, *targets);
  if (!planned) return report(planned.error());
  options.json ? print_plan_json(*planned, options) : print_plan_table(*planned, options);
  for (const planner::Failure& failure : planned->failures)
    print_error(failure_line(failure));
  return status_of(*planned);
}

}  // namespace microstage::cli
