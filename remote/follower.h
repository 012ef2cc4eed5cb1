#pragma once
// git-annex as the reader of a file that we are writing. It hashes the file while it grows, slower than we
// write; when we end with less than half of it hashed, it throws that away and hashes from the start. So the
// writer stays a short way ahead. How far git-annex has read stands in /proc, where we may look: it is our
// parent and has our uid. Where nothing is to be seen, nobody waits.
//
// Threads: one follower for each transfer, used by its thread.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace microstage::remote {

class Follower {
 public:
  // `path`: the growing file, as we were given it. Errors are not told: pacing only affects speed.
  Follower(pid_t reader, std::string path) : reader_(reader), path_(std::move(path)) {}

  // Returns when the reader is near to `written` bytes, does not get on, is not there, or `stop` says so.
  void wait_until_near(std::uint64_t written, const std::stop_token& stop);

 private:
  [[nodiscard]] std::optional<std::uint64_t> position();
  [[nodiscard]] bool find_descriptor();

  pid_t reader_;
  std::string path_;
  int descriptor_ = -1;  // the reader's own number for the file
  bool given_up_ = false;
  std::uint64_t seen_ = 0;  // the furthest position
};

}  // namespace microstage::remote
