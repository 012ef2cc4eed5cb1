#pragma once
// Where our own programs are, and how git-annex finds them while a clone is being connected.

#include <string>

#include "lib/core/result.h"

namespace microstage::cli {

// git-annex-remote-microstage beside this program, or else in PATH. Errors: not_found.
[[nodiscard]] Result<std::string> find_remote_program();

// True when git-annex, started by this user, will find it too.
[[nodiscard]] bool is_in_path(const std::string& program_name);

// A temporary directory in which our program is called by both names; it stands in for ORA while that entry
// is made, so that DataLad need not be installed (and its start-up is not waited for). Removed with the
// object.
class StandIn {
 public:
  [[nodiscard]] static Result<StandIn> make(const std::string& program);

  StandIn(StandIn&& other) noexcept : directory_(std::move(other.directory_)) { other.directory_.clear(); }
  StandIn& operator=(StandIn&&) = delete;
  ~StandIn();

  // For PATH.
  [[nodiscard]] const std::string& path() const { return directory_; }

 private:
  explicit StandIn(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
};

}  // namespace microstage::cli
