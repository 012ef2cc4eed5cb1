#pragma once
// Unpacks a packed header with liblzma, which is loaded when the first one is met: most starts of the remote
// meet none, and a library costs each of them. Pure but for that. Threads: any.

#include <vector>

#include "lib/store/archive/streams.h"

namespace microstage::store::archive {

// The `folder.size` bytes that `packed` stands for; memory is bounded by that size and a few dozen KiB.
// Errors: integrity, also when a CRC does not match; unsupported for methods other than LZMA, LZMA2 and Copy,
// and when liblzma is not installed.
[[nodiscard]] Result<std::vector<std::byte>> unpack(const Folder& folder, Bytes packed);

}  // namespace microstage::store::archive
