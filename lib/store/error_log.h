#pragma once
// The error log that a RIA store may ask its clients for: with the flag "l" in the version file of the store
// or of the dataset ("1|l"), each client appends what goes wrong to error_logs/DATASET.CLIENT.log of the
// store. Source: DataLad's ORA remote, which writes the same files.

#include <string_view>

#include "lib/core/ids.h"
#include "lib/store/ria_store.h"

namespace microstage::store {

// `client` is the annex uuid of the clone that met the error. Success also when nobody asks for a log.
// Errors: as of opening and writing files; no caller can do anything about them, for the store is out of
// order.
[[nodiscard]] Status log_error(fs::FileOps& ops, const std::string& store_path, const DatasetId& dataset,
                               const DatasetId& client, std::string_view what);

}  // namespace microstage::store
