#pragma once
// STORE/alias/NAME, a relative symbolic link to a dataset's directory.

#include "lib/core/ids.h"
#include "lib/store/ria_store.h"

namespace microstage::cli {

// Refuses (invalid) an alias that leads to another dataset, or nowhere. True: it is there and right.
[[nodiscard]] Result<bool> check_alias(const store::RiaStore& store, const DatasetId& id, const Alias& alias);

// True: it was made now. Errors as above.
[[nodiscard]] Result<bool> set_alias(const store::RiaStore& store, const DatasetId& id, const Alias& alias);

}  // namespace microstage::cli
