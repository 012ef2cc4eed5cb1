#include "daemon/cli/program_path.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "lib/core/text.h"

namespace microstage::cli {

namespace {

constexpr const char* kProgram = "git-annex-remote-microstage";
constexpr const char* kNames[] = {kProgram, "git-annex-remote-ora"};

bool is_executable(const std::string& path) {
  std::error_code none;
  return ::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, none);
}

std::string search_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string_view directory : split(path == nullptr ? "" : path, ':')) {
    const std::string candidate = std::string{directory.empty() ? "." : directory} + "/" + name;
    if (is_executable(candidate)) return std::filesystem::absolute(candidate).string();
  }
  return {};
}

}  // namespace

Result<std::string> find_remote_program() {
  std::error_code none;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", none);
  const std::string beside = (self.parent_path() / kProgram).string();
  if (!none && is_executable(beside)) return beside;
  std::string found = search_path(kProgram);
  if (found.empty())
    return fail(ErrorKind::not_found,
                std::string{kProgram} + " is neither beside this program nor in PATH; install it");
  return found;
}

bool is_in_path(const std::string& program_name) {
  return !search_path(program_name).empty();
}

Result<StandIn> StandIn::make(const std::string& program) {
  const char* base = std::getenv("TMPDIR");
  std::string name =
      std::string{base == nullptr || *base == '\0' ? "/tmp" : base} + "/microstage-connect-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    return fail(system_error(errno, "make the temporary directory " + name));
  StandIn stand_in(name);
  for (const char* link : kNames)
    if (::symlink(program.c_str(), (name + "/" + link).c_str()) != 0)
      return fail(system_error(errno, "make a link in " + name));
  return stand_in;
}

StandIn::~StandIn() {
  if (directory_.empty()) return;
  for (const char* link : kNames)
    ::unlink((directory_ + "/" + link).c_str());
  ::rmdir(directory_.c_str());
}

}  // namespace microstage::cli
