#include "lib/store/ria_listing.h"

#include <algorithm>
#include <cerrno>

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr std::size_t kPrefix = 3;  // of an id: the first of the two directories

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

// The dataset that the text of a link means: "../b24/8c7…", or the same from the root.
Result<DatasetId> dataset_of_link(const RiaStore& store, std::string_view target) {
  while (target.ends_with('/'))
    target.remove_suffix(1);
  const bool below = consume_prefix(target, "../") || consume_prefix(target, store.path() + "/");
  const std::size_t slash = target.find('/');
  if (!below || slash != kPrefix) return fail(ErrorKind::invalid, "");
  return DatasetId::parse(std::string{target.substr(0, slash)} + std::string{target.substr(slash + 1)});
}

// Adds the alias, or why it is none; nothing when it has vanished. An error is one of the file system: what
// is not known then may be the name of any dataset.
Status read_alias(const RiaStore& store, const fs::Directory& aliases, std::string name,
                  std::vector<RiaAlias>& found) {
  if (const auto plain = Alias::parse(name); !plain) {
    found.push_back({std::move(name), fail(plain.error())});
    return {};
  }
  const auto target = aliases.read_link(name);
  if (!target && is_missing(target.error())) return {};
  const bool no_link = !target && target.error().code == EINVAL;
  if (!target && !no_link && target.error().code != ENAMETOOLONG) return fail(target.error());
  auto dataset = target ? dataset_of_link(store, *target) : fail(ErrorKind::invalid, "");
  if (!dataset) {
    dataset =
        fail(ErrorKind::invalid,
             "the alias " + aliases.name_of(name) +
                 (no_link ? " is no symbolic link" : " leads to no dataset of the store") + "; remove it");
  }
  found.push_back({std::move(name), std::move(dataset)});
  return {};
}

}  // namespace

Result<std::vector<RiaAlias>> list_aliases(const RiaStore& store) {
  std::vector<RiaAlias> found;
  const auto aliases = store.root().open_directory("alias");
  if (!aliases && is_missing(aliases.error())) {
    if (auto there = store.confirm_still_there(); !there) return fail(there.error());
    return found;
  }
  if (!aliases) return fail(aliases.error());
  auto names = aliases->list();
  if (!names) return failure_of(names);
  std::sort(names->begin(), names->end());
  for (std::string& name : *names) {
    if (name.starts_with('.')) continue;
    if (auto read = read_alias(store, *aliases, std::move(name), found); !read) return fail(read.error());
  }
  return found;
}

Result<RiaDatasets> list_datasets(const RiaStore& store) {
  RiaDatasets found;
  const auto prefixes = store.root().list();
  if (!prefixes) return fail(prefixes.error());
  for (const std::string& prefix : *prefixes) {
    if (prefix.size() != kPrefix || prefix.find_first_not_of("0123456789abcdef") != std::string::npos)
      continue;
    const auto directory = store.root().open_directory(prefix);
    if (!directory && is_missing(directory.error())) continue;
    const auto names = directory ? directory->list() : fail(directory.error());
    if (!names) {
      found.refused.push_back(names.error());
      continue;
    }
    for (const std::string& name : *names)
      if (auto id = DatasetId::parse(prefix + name)) found.datasets.push_back(std::move(*id));
  }
  std::sort(found.datasets.begin(), found.datasets.end(),
            [](const DatasetId& a, const DatasetId& b) { return a.text() < b.text(); });
  return found;
}

}  // namespace microstage::store
