#pragma once
// The HTTP library is a module of its own, loaded when the first URL needs it: git-annex starts this program
// over and over, and most stores are directories.
//
// Threads: any; loaded once per process.

#include <memory>

#include "lib/store/http/transport.h"

namespace microstage::store::http {

// What the module exports under kModuleEntry. The caller owns the transport; null when there is no memory.
// `version` is the caller's: a module of another version gives null.
using ModuleEntry = Transport* (*)(const char* version, const TransportOptions* options);
inline constexpr const char* kModuleEntry = "microstage_http_transport";
inline constexpr const char* kModuleFile = "microstage-http.so";

// Looks beside the program (a build tree), then where it was installed, relative to the program and as
// configured. Errors: unsupported, naming the places.
[[nodiscard]] Result<std::shared_ptr<Transport>> load_transport(const TransportOptions& options);

}  // namespace microstage::store::http
