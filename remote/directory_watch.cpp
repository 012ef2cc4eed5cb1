#include "remote/directory_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

namespace microstage::remote {

DirectoryWatch::~DirectoryWatch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DirectoryWatch::keep_for(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::lock_guard lock(mutex_);
  if (directory == directory_) return;
  directory_ = directory;
  if (descriptor_ < 0) descriptor_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  // For the one event that hardly ever comes: nobody reads them.
  if (descriptor_ >= 0) ::inotify_add_watch(descriptor_, directory.c_str(), IN_DELETE_SELF | IN_ONLYDIR);
}

}  // namespace microstage::remote
