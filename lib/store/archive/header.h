#pragma once
// A whole unpacked 7z header made into the table of members. Pure.

#include "lib/store/archive/member_table.h"
#include "lib/store/archive/wire.h"

namespace microstage::store::archive {

// `header` follows Property::header. Only regular files get into the table: directories, symbolic links and
// deletion marks hold no object. Errors: integrity; unsupported when anything is compressed or encrypted.
[[nodiscard]] Result<MemberTable> read_members(ByteReader& header, std::uint64_t data_end);

}  // namespace microstage::store::archive
