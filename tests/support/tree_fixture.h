#pragma once
// What the tests of an export tree share: an empty tree, content with its key, and a look at what is in the
// tree.

#include "lib/store/export_tree.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

inline store::ExportName name_of(std::string_view text) {
  auto name = store::ExportName::parse(text);
  if (!name) throw std::runtime_error(name.error().message);
  return *name;
}

struct TreeFixture {
  explicit TreeFixture(std::string_view content = "the content\n", const std::string& parent = {})
      : scratch(parent), bytes(content) {
    std::filesystem::create_directory(root);
    write_file(source, bytes);
  }

  [[nodiscard]] Result<std::unique_ptr<store::ExportTree>> try_open(
      fs::FileOps& ops = fs::posix_file_ops()) const {
    return store::ExportTree::open(ops, root);
  }
  // Each as a program of its own would do it.
  [[nodiscard]] Result<store::StoreReport> store(std::string_view name,
                                                 fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto tree = try_open(ops);
    return tree ? (*tree)->store(key, name_of(name), source, {}) : fail(tree.error());
  }
  [[nodiscard]] Result<bool> remove(std::string_view name, fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto tree = try_open(ops);
    return tree ? (*tree)->remove(key, name_of(name), {}) : fail(tree.error());
  }
  [[nodiscard]] Result<bool> remove_directory(std::string_view name,
                                              fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto tree = try_open(ops);
    return tree ? (*tree)->remove_directory(name_of(name)) : fail(tree.error());
  }
  [[nodiscard]] Status rename(std::string_view from, std::string_view to,
                              fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto tree = try_open(ops);
    return tree ? (*tree)->rename(key, name_of(from), name_of(to), {}) : fail(tree.error());
  }
  [[nodiscard]] Result<store::Presence> find(std::string_view name,
                                             fs::FileOps& ops = fs::posix_file_ops()) const {
    const auto tree = try_open(ops);
    return tree ? (*tree)->find(key, name_of(name), {}) : fail(tree.error());
  }

  void put(std::string_view name, std::string_view content) const { write_file(at(name), content); }
  [[nodiscard]] std::string at(std::string_view name) const { return root + "/" + std::string{name}; }
  // Every path below the root, sorted; directories end in a slash.
  [[nodiscard]] std::vector<std::string> tree() const {
    std::vector<std::string> names;
    for (const std::string& name : scratch.tree())
      if (name.starts_with("tree/") && name != "tree/") names.push_back(name.substr(5));
    return names;
  }

  Scratch scratch;
  std::string bytes;
  std::string root = scratch / "tree";
  std::string source = scratch / "source";
  annex::Key key = sha256_key(bytes);
};

}  // namespace microstage::testing
