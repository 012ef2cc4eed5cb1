#pragma once
// Names that nobody else picks. Thread-safe.

#include <cstddef>
#include <string>

namespace microstage {

// `bytes` random bytes as hexadecimal digits. Where the kernel has none to give they are zeros, so a file of
// that name is still made with O_EXCL.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace microstage
