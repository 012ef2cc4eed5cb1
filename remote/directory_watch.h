#pragma once
// Keeps a directory watched that git-annex watches once for each key that it verifies while we bring it. When
// the last watch of a directory goes, the kernel takes it apart, and whoever closes it waits for that: 4 to
// 12 ms a key were seen (Linux 6.18), more than everything else that is done for a small one. With ours in
// place theirs is never the last.
//
// Threads: any.

#include <mutex>
#include <string>

namespace microstage::remote {

class DirectoryWatch {
 public:
  DirectoryWatch() = default;
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  // The directory that `path` is in. Errors are not told: a watch only affects speed.
  void keep_for(const std::string& path);

 private:
  std::mutex mutex_;  // guards what follows
  int descriptor_ = -1;
  std::string directory_;
};

}  // namespace microstage::remote
