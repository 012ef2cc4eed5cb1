#pragma once
// What of a request goes into its report. Pure but for origin_of, which looks at the process and the clone.
//
// Threads: any.

#include "lib/annex/key.h"
#include "lib/control/report.h"
#include "lib/fs/file_ops.h"
#include "lib/store/incoming.h"
#include "remote/protocol.h"
#include "remote/settings.h"

namespace microstage::remote {

// Requests that move or remove content.
[[nodiscard]] bool is_reported(RequestType type);

// What all reports of this process have in common, but for the store's URL.
[[nodiscard]] control::Report origin_of(fs::FileOps& ops, const CommittedSettings& settings,
                                        const GitConfig& config);

void note_request(control::Report& report, const Request& request);
void note_stored(control::Report& report, const annex::Key& key, const store::StoreReport& stored,
                 bool read_back);
void note_delivered(control::Report& report, const annex::Key& key, std::uint64_t bytes,
                    bool git_annex_verifies);

}  // namespace microstage::remote
