#pragma once
// Heads kept outside the ledger, one a line in a file that is only ever appended to (`chattr +a` may hold it
// to that). Whoever rewrites the whole chain would have to rewrite these too.
//
// A line is "SEQ:HASH TIME VERSION", TIME in nanoseconds since 1970. Threads: any; one writer at a time.

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/fs/file_ops.h"
#include "lib/ledger/chain.h"

namespace microstage::ledger {

[[nodiscard]] std::string anchor_path(const std::string& ledger);

// Appends the head and makes it durable. `version` is the program's, without blanks.
[[nodiscard]] Status append_anchor(fs::FileOps& ops, const std::string& path, const Head& head,
                                   std::int64_t time, std::string_view version);

// The heads of the file, in its order; none when there is no file. A last line that a crash has torn is left
// out; any other line that is no anchor fails with `integrity`.
[[nodiscard]] Result<std::vector<Head>> read_anchors(fs::FileOps& ops, const std::string& path);

}  // namespace microstage::ledger
