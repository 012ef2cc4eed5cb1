#pragma once
// Which datasets a store has, and what they are called there. Nothing is opened but directories, none of them
// through a symbolic link, and no alias is followed: its text must name a dataset's directory of this store.
// What is there and is no such name is refused by itself and leaves the rest usable.
//
// Threads: any.

#include <string>
#include <vector>

#include "lib/core/ids.h"
#include "lib/store/ria_store.h"

namespace microstage::store {

struct RiaAlias {
  std::string name;  // as it is in the directory, which may be anything where the dataset is an error
  Result<DatasetId> dataset;
};

// By name. A store without aliases has none; names that begin with a dot are left out. An alias whose dataset
// is not there (any more) is listed all the same. What the file system cannot say is an error for all: nobody
// would miss the alias that is not in the list.
[[nodiscard]] Result<std::vector<RiaAlias>> list_aliases(const RiaStore& store);

struct RiaDatasets {
  std::vector<DatasetId> datasets;  // by id
  std::vector<Error> refused;       // what could not be looked into
};

[[nodiscard]] Result<RiaDatasets> list_datasets(const RiaStore& store);

}  // namespace microstage::store
