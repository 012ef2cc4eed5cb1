#include "remote/follower.h"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <thread>

namespace microstage::remote {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// What git-annex hashes in some 50 ms: it never starves, and is never far behind.
constexpr std::uint64_t kAhead = std::uint64_t{16} << 20U;
constexpr milliseconds kLookAgainAfter{2};
// A reader that has not come, or has not read on, for so long is not waited for any more.
constexpr milliseconds kPatience{500};

std::string proc_directory(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name + "/";
}

}  // namespace

bool Follower::find_descriptor() {
  struct ::stat wanted {};
  if (::stat(path_.c_str(), &wanted) != 0) return false;
  std::error_code failed;
  const std::string directory = proc_directory(reader_, "fd");
  for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    struct ::stat status {};
    if (::stat(entry->path().c_str(), &status) != 0) continue;
    if (status.st_dev != wanted.st_dev || status.st_ino != wanted.st_ino) continue;
    const std::string number = entry->path().filename();
    return std::from_chars(number.data(), number.data() + number.size(), descriptor_).ec == std::errc{};
  }
  return false;
}

// The first line of fdinfo is "pos:", a tab and the offset (proc(5)).
std::optional<std::uint64_t> Follower::position() {
  if (descriptor_ < 0 && !find_descriptor()) return std::nullopt;
  std::ifstream info(proc_directory(reader_, "fdinfo") + std::to_string(descriptor_));
  std::string word;
  std::uint64_t offset = 0;
  if (!(info >> word >> offset) || word != "pos:") return std::nullopt;
  return offset;
}

void Follower::wait_until_near(std::uint64_t written, const std::stop_token& stop) {
  auto last_progress = Clock::now();
  while (!given_up_ && seen_ + kAhead < written && !stop.stop_requested()) {
    const auto now = position();
    if (now && *now > seen_) {
      seen_ = *now;
      last_progress = Clock::now();
      continue;
    }
    given_up_ = Clock::now() - last_progress > kPatience;
    std::this_thread::sleep_for(kLookAgainAfter);
  }
}

}  // namespace microstage::remote
