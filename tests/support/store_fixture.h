#pragma once
// What the tests of a dataset in a store share: a store with one dataset, and objects to put into it.

#include "lib/store/ria_dataset.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

struct StoreFixture {
  explicit StoreFixture(std::string_view content = "the content\n", std::string_view version = "2",
                        const std::string& parent = {})
      : scratch(parent), bytes(content), dataset_path(make_ria_store(scratch / "store", version)) {
    write_file(source, bytes);
  }

  [[nodiscard]] Result<store::RiaDataset> try_open(fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto store = store::RiaStore::open(ops, scratch / "store");
    return store ? store::RiaDataset::open(*store, sample_dataset_id()) : fail(store.error());
  }
  [[nodiscard]] store::RiaDataset open(fs::FileOps& ops = fs::posix_file_ops()) const {
    auto dataset = try_open(ops);
    if (!dataset) throw std::runtime_error(dataset.error().message);
    return std::move(*dataset);
  }
  // Each as a program of its own would do it.
  [[nodiscard]] Result<store::StoreReport> store(fs::FileOps& ops = fs::posix_file_ops(),
                                                 const store::TransferControl& control = {}) const {
    auto dataset = try_open(ops);
    return dataset ? dataset->store(key, source, control) : fail(dataset.error());
  }
  [[nodiscard]] Status remove(fs::FileOps& ops = fs::posix_file_ops()) const {
    auto dataset = try_open(ops);
    return dataset ? dataset->remove(key) : fail(dataset.error());
  }
  [[nodiscard]] Result<store::Presence> find(fs::FileOps& ops = fs::posix_file_ops()) const {
    auto dataset = try_open(ops);
    return dataset ? dataset->find(key) : fail(dataset.error());
  }

  [[nodiscard]] std::string object() const { return dataset_path + "/" + open().object_path(key); }
  // Puts `content` under the object's name, as any other program might.
  void put(std::string_view content) const { write_file(object(), content); }
  // What is in the dataset, but for its version file and configuration.
  [[nodiscard]] std::vector<std::string> tree() const {
    std::vector<std::string> names;
    const std::string prefix = dataset_path.substr(scratch.path().size() + 1) + "/";
    for (const std::string& name : scratch.tree()) {
      if (!name.starts_with(prefix) || name == prefix) continue;
      const std::string below = name.substr(prefix.size());
      if (below != "ria-layout-version" && below != "config") names.push_back(below);
    }
    return names;
  }
  [[nodiscard]] std::vector<std::string> tree_with_object_only() const {
    const std::string path = open().object_path(key);
    std::vector<std::string> names;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      names.push_back(path.substr(0, slash + 1));
    names.push_back(path);
    return names;
  }

  Scratch scratch;
  std::string bytes;
  std::string source = scratch / "source";
  std::string dataset_path;
  annex::Key key = sha256_key(bytes);
};

// All that can be read of it; fewer bytes than its size when it was cut.
inline std::string content_of(const store::StoredObject& object) {
  std::string bytes(object.source->size(), '\0');
  const auto count = object.source->read_at(std::as_writable_bytes(std::span(bytes)), 0);
  bytes.resize(count.value_or(0));
  return bytes;
}

}  // namespace microstage::testing
