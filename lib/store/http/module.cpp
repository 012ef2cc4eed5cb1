#include "lib/store/http/module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <mutex>
#include <vector>

#include "lib/core/text.h"

namespace microstage::store::http {

namespace {

std::string directory_of_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return {};
  const std::string program(path.data(), static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/') + 1);
}

std::vector<std::string> places() {
  std::vector<std::string> found;
  if (const std::string own = directory_of_program(); !own.empty())
    found = {own + kModuleFile, own + MICROSTAGE_MODULES_FROM_BIN "/" + kModuleFile};
  found.push_back(std::string{MICROSTAGE_MODULE_DIR "/"} + kModuleFile);
  return found;
}

// The module is never unloaded: its code may run in any thread until the end.
Result<ModuleEntry> load_entry() {
  std::string tried;
  for (const std::string& place : places()) {
    if (::access(place.c_str(), F_OK) != 0) {
      tried += (tried.empty() ? "" : ", ") + place;
      continue;
    }
    void* const handle = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const entry = handle != nullptr ? ::dlsym(handle, kModuleEntry) : nullptr;
    if (entry != nullptr) return reinterpret_cast<ModuleEntry>(entry);  // NOLINT: POSIX defines this
    const char* const why = ::dlerror();                                // NOLINT: glibc's is per thread
    return fail(ErrorKind::unsupported, "reading over http needs " + place + ", which cannot be loaded: " +
                                            one_line(why != nullptr ? why : "no reason given"));
  }
  return fail(ErrorKind::unsupported, "reading over http needs " + std::string{kModuleFile} +
                                          ", which is not installed (looked for " + tried + ")");
}

}  // namespace

Result<std::shared_ptr<Transport>> load_transport(const TransportOptions& options) {
  static std::mutex mutex;
  static ModuleEntry entry = nullptr;
  const std::lock_guard lock(mutex);
  if (entry == nullptr) {
    const auto loaded = load_entry();
    if (!loaded) return fail(loaded.error());
    entry = *loaded;
  }
  std::shared_ptr<Transport> transport(entry(MICROSTAGE_VERSION, &options));
  if (transport) return transport;
  return fail(ErrorKind::unsupported,
              std::string{kModuleFile} +
                  " is of another version than this program, which is " MICROSTAGE_VERSION
                  "; install both from one build");
}

}  // namespace microstage::store::http
