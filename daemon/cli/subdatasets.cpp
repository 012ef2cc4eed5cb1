#include "daemon/cli/subdatasets.h"

#include "daemon/cli/clone.h"
#include "lib/core/text.h"
#include "lib/fs/file.h"

namespace microstage::cli {

namespace {

bool is_installed(const std::string& path) {
  return fs::File::open(fs::posix_file_ops(), path + "/.git", O_PATH).has_value();
}

Status append_below(const std::string& dataset, std::vector<Subdataset>& found) {
  if (!check_owner(dataset)) return {};  // connecting it says why
  const auto index = Git(dataset).output({"ls-files", "--stage", "-z"});
  if (!index) return fail(index.error());
  for (std::string_view entry : split(*index, '\0')) {
    if (!consume_prefix(entry, "160000 ")) continue;
    const std::string path = dataset + "/" + std::string{entry.substr(entry.find('\t') + 1)};
    found.push_back({path, is_installed(path)});
    if (!found.back().installed) continue;
    if (auto below = append_below(path, found); !below) return below;
  }
  return {};
}

}  // namespace

Result<std::vector<Subdataset>> list_subdatasets(const std::string& dataset) {
  std::vector<Subdataset> found;
  if (auto listed = append_below(dataset, found); !listed) return fail(listed.error());
  return found;
}

}  // namespace microstage::cli
