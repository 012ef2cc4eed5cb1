#include "daemon/planner/dataset_repository.h"

#include "lib/core/text.h"

namespace microstage::planner {

Result<DatasetRepository> find_repository(fs::FileOps& ops, const std::string& path) {
  std::string top = path;
  std::string below;
  for (;;) {
    auto reader = repo::RepositoryReader::open(ops, top);
    if (reader) return DatasetRepository{std::move(*reader), top, below};
    if (reader.error().kind != ErrorKind::not_found) return failure_of(reader);
    const std::size_t slash = top.rfind('/');
    if (slash == 0 || slash == std::string::npos)
      return fail(ErrorKind::not_found, one_line(path) + " is in no dataset");
    below = top.substr(slash + 1) + (below.empty() ? "" : "/" + below);
    top.resize(slash);
  }
}

bool is_there(fs::FileOps& ops, const std::string& path) {
  return fs::File::open(ops, path, O_PATH | O_NOFOLLOW).has_value();
}

}  // namespace microstage::planner
