#include "daemon/cli/git.h"

#include <unistd.h>

#include <cstdlib>

#include "lib/core/text.h"

namespace microstage::cli {

namespace {

constexpr std::size_t kLongestReason = 600;

// What git or git-annex said, without its closing count ("initremote: 1 failed").
std::string reason_of(const fs::ProcessResult& result) {
  std::string reason;
  std::string_view last;
  for (const std::string_view line : split(result.errors, '\n')) {
    if (line.empty() || line.ends_with(": 1 failed") || line.starts_with("hint:") || line == last) continue;
    last = line;
    if (!reason.empty()) reason += "; ";
    reason += one_line(line);
  }
  if (reason.size() > kLongestReason) reason = reason.substr(0, kLongestReason) + "…";
  return reason.empty() ? "it ended with status " + std::to_string(result.exit_status) : reason;
}

Error failure(std::string_view program, const std::string& where, const fs::ProcessResult& result) {
  return {ErrorKind::transient, std::string{program} + " in " + where + ": " + reason_of(result), 0};
}

}  // namespace

Git::Git(const fs::File& directory) : directory_(directory.name()), start_(path_of(directory)) {}

Arguments Git::command(const Arguments& arguments) const {
  Arguments argv{"git", "-C", start_, "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Result<fs::ProcessResult> Git::run(const Arguments& arguments) const {
  return fs::run_process(command(arguments));
}

Result<std::string> Git::output(const Arguments& arguments) const {
  auto result = run(arguments);
  if (!result) return failure_of(result);
  if (result->exit_status != 0) return fail(failure("git " + arguments.front(), directory_, *result));
  return std::move(result->output);
}

Status Git::annex(const Arguments& arguments, const std::string& first_in_path) const {
  Arguments argv{"annex"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::pair<std::string, std::string>> environment;
  const char* path = std::getenv("PATH");
  if (!first_in_path.empty())
    environment.emplace_back("PATH", first_in_path + ":" + (path == nullptr ? "" : path));
  const auto result = fs::run_process(command(argv), environment);
  if (!result) return fail(result.error());
  if (result->exit_status != 0) return fail(failure("git annex " + arguments.front(), directory_, *result));
  return {};
}

Result<GitConfig> Git::config() const {
  const auto text = output({"config", "--null", "--list"});
  if (!text) return fail(text.error());
  return GitConfig::parse(*text);
}

Status Git::set_config(const std::string& name, const std::string& value) const {
  const auto set = output({"config", "--local", "--replace-all", name, value});
  if (!set) return fail(set.error());
  return {};
}

Status Git::add_config(const std::string& name, const std::string& value) const {
  const auto added = output({"config", "--local", "--add", name, value});
  if (!added) return fail(added.error());
  return {};
}

Result<GitConfig> read_config_file(const fs::File& file) {
  const auto result = fs::run_process({"git", "config", "--file", path_of(file), "--null", "--list"});
  if (!result) return fail(result.error());
  if (result->exit_status != 0) return fail(failure("git config", file.name(), *result));
  return GitConfig::parse(result->output);
}

std::string path_of(const fs::File& file) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.descriptor());
}

void forget_calling_repository() {
  for (const char* name :
       {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX",
        "GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES"})
    ::unsetenv(name);
}

}  // namespace microstage::cli
