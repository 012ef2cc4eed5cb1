#include "lib/repo/dataset_tree.h"

#include <algorithm>
#include <unordered_map>

#include "lib/annex/git_config.h"
#include "lib/annex/pointer.h"
#include "lib/core/text.h"
#include "lib/repo/git_objects.h"

namespace microstage::repo {

namespace {

constexpr std::size_t kLongestLink = 8192;

// A directory of the commit.
struct Listing {
  Object object;
  std::vector<TreeEntry> entries;

  static Result<Listing> read(const ObjectDatabase& objects, const ObjectId& id, const Limits& limits) {
    auto object = objects.read(id, ObjectType::tree, limits.tree_object);
    if (!object) return failure_of(object);
    auto entries = parse_tree(object->bytes());
    if (!entries) return failure_of(entries);
    return Listing{std::move(*object), std::move(*entries)};
  }

  [[nodiscard]] const TreeEntry* find(std::string_view name) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const TreeEntry& entry) { return entry.name == name; });
    return found == entries.end() ? nullptr : &*found;
  }

  [[nodiscard]] const TreeEntry* find(std::string_view name, EntryKind kind) const {
    const TreeEntry* entry = find(name);
    return entry != nullptr && entry->kind == kind ? entry : nullptr;
  }
};

Result<annex::GitConfig> read_configuration(const ObjectDatabase& objects, const ObjectId& id,
                                            std::string_view name, const Limits& limits) {
  const auto blob = objects.read(id, ObjectType::blob, limits.text_object);
  if (!blob) return fail(blob.error());
  auto config = annex::GitConfig::parse_file(blob->bytes());
  if (!config) return fail(ErrorKind::invalid, std::string{name} + ": " + config.error().message);
  return config;
}

Result<std::optional<DatasetId>> dataset_id_in(const ObjectDatabase& objects, const Listing& root,
                                               const Limits& limits) {
  const TreeEntry* directory = root.find(".datalad", EntryKind::directory);
  if (directory == nullptr) return std::optional<DatasetId>{};
  const auto listing = Listing::read(objects, directory->id, limits);
  if (!listing) return fail(listing.error());
  const TreeEntry* file = listing->find("config", EntryKind::file);
  if (file == nullptr) return std::optional<DatasetId>{};
  const auto config = read_configuration(objects, file->id, ".datalad/config", limits);
  if (!config) return fail(config.error());
  const auto text = config->value("datalad.dataset.id");
  if (!text) return std::optional<DatasetId>{};
  auto dataset = DatasetId::parse(*text);
  if (!dataset) return fail(ErrorKind::invalid, ".datalad/config: " + dataset.error().message);
  return std::optional<DatasetId>{std::move(*dataset)};
}

class Walk {
 public:
  Walk(const ObjectDatabase& objects, const Limits& limits) : objects_(objects), limits_(limits) {}

  Result<DatasetTree> run(const ObjectId& root, std::string_view path) {
    if (auto described = describe(root); !described) return fail(described.error());
    while (path.ends_with('/'))
      path.remove_suffix(1);
    const Status walked = path.empty() ? directory(root, 0) : below(root, path);
    if (!walked) return fail(walked.error());
    return std::move(tree_);
  }

 private:
  // The dataset's id, and the subdatasets' by path.
  Status describe(const ObjectId& root) {
    const auto listing = Listing::read(objects_, root, limits_);
    if (!listing) return fail(listing.error());
    if (const TreeEntry* modules = listing->find(".gitmodules", EntryKind::file))
      if (auto read = read_modules(modules->id); !read) return read;
    auto dataset = dataset_id_in(objects_, *listing, limits_);
    if (!dataset) return fail(dataset.error());
    tree_.dataset = std::move(*dataset);
    return {};
  }

  Status read_modules(const ObjectId& id) {
    const auto config = read_configuration(objects_, id, ".gitmodules", limits_);
    if (!config) return fail(config.error());
    for (const std::string& name : config->subsections("submodule")) {
      const auto path = config->value("submodule." + name + ".path");
      const auto text = config->value("submodule." + name + ".datalad-id");
      auto dataset = text ? DatasetId::parse(*text) : fail(ErrorKind::not_found, "");
      if (path && dataset) ids_.emplace(*path, std::move(*dataset));
    }
    return {};
  }

  // Down to `path`, then what is there.
  Status below(ObjectId tree, std::string_view path) {
    const std::string missing = "'" + one_line(path) + "' is not in that commit";
    std::string_view rest = path;
    for (;;) {
      const std::size_t slash = rest.find('/');
      const auto listing = Listing::read(objects_, tree, limits_);
      if (!listing) return fail(listing.error());
      const TreeEntry* found = listing->find(rest.substr(0, slash));
      if (found == nullptr) return fail(ErrorKind::not_found, missing);
      path_ = path.substr(0, path.size() - rest.size());
      if (slash == std::string_view::npos) return take(*found, 0);
      if (found->kind == EntryKind::commit) {
        return fail(ErrorKind::not_found, missing + ": " + one_line(path_ + std::string{found->name}) +
                                              " is a dataset of its own; name that");
      }
      if (found->kind != EntryKind::directory) return fail(ErrorKind::not_found, missing);
      tree = found->id;
      rest.remove_prefix(slash + 1);
    }
  }

  Status directory(const ObjectId& id, std::size_t depth) {
    if (depth > limits_.depth || path_.size() > limits_.path) {
      return fail(ErrorKind::invalid,
                  "directories are nested too deeply: " + one_line(path_.substr(0, 100)) + "…");
    }
    const auto listing = Listing::read(objects_, id, limits_);
    if (!listing) return fail(listing.error());
    for (const TreeEntry& entry : listing->entries)
      if (auto taken = take(entry, depth); !taken) return taken;
    return {};
  }

  // path_ is the directory of `entry`, with a slash behind it unless it is the top.
  Status take(const TreeEntry& entry, std::size_t depth) {
    if (++tree_.entries > limits_.files) {
      return fail(ErrorKind::invalid,
                  "the commit has more than " + std::to_string(limits_.files) + " files and directories");
    }
    const std::size_t length = path_.size();
    path_ += entry.name;
    Status done;
    if (entry.kind == EntryKind::directory) {
      path_ += '/';
      done = directory(entry.id, depth + 1);
    } else if (entry.kind == EntryKind::commit) {
      const auto id = ids_.find(path_);
      tree_.subdatasets.push_back(
          {path_, entry.id, id == ids_.end() ? std::nullopt : std::optional<DatasetId>(id->second)});
    } else {
      done = file(entry);
    }
    path_.resize(length);
    return done;
  }

  Status file(const TreeEntry& entry) {
    const bool link = entry.kind == EntryKind::link;
    const auto blob = objects_.read_blob_up_to(entry.id, link ? kLongestLink : annex::kLongestPointer);
    if (!blob) return fail(blob.error());
    if (!*blob) return {};
    const std::string_view content = (*blob)->bytes();
    auto key = link ? annex::key_of_link(content) : annex::key_of_pointer(content);
    if (!key) return {};
    const auto [known, is_new] = places_.emplace(key->text(), static_cast<std::uint32_t>(tree_.keys.size()));
    if (is_new) tree_.keys.push_back(std::move(*key));
    tree_.files.push_back({path_, known->second, !link});
    return {};
  }

  const ObjectDatabase& objects_;
  const Limits& limits_;
  DatasetTree tree_;
  std::unordered_map<std::string, DatasetId> ids_;
  std::unordered_map<std::string, std::uint32_t> places_;
  std::string path_;
};

}  // namespace

Result<DatasetTree> read_tree(const ObjectDatabase& objects, const ObjectId& root, std::string_view path,
                              const Limits& limits) {
  return Walk(objects, limits).run(root, path);
}

Result<std::optional<DatasetId>> read_dataset_id(const ObjectDatabase& objects, const ObjectId& root,
                                                 const Limits& limits) {
  const auto listing = Listing::read(objects, root, limits);
  if (!listing) return fail(listing.error());
  return dataset_id_in(objects, *listing, limits);
}

}  // namespace microstage::repo
