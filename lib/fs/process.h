#pragma once
// The one launcher of child processes. A child inherits the environment and the working directory; its
// standard input is /dev/null or what the caller gives, and no other descriptor of ours reaches it, so it can
// neither eat nor inject protocol lines.
//
// Threads: any; each call waits for its own child.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace microstage::fs {

struct ProcessResult {
  int exit_status = 0;  // 128 + signal when a signal ended it
  std::string output;   // standard output
  std::string errors;   // standard error
};

inline constexpr std::size_t kLongestInput = 4096;

// Runs argv[0], found in PATH, to its end. `environment` adds to or replaces variables; `input` is a few
// lines, kLongestInput bytes at most, that stand in place of the empty standard input. Fails only when the
// program cannot be started or talked to; an exit status is the caller's to judge.
[[nodiscard]] Result<ProcessResult> run_process(
    const std::vector<std::string>& argv,
    const std::vector<std::pair<std::string, std::string>>& environment = {}, std::string_view input = {});

}  // namespace microstage::fs
