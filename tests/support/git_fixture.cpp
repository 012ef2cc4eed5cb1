#include "tests/support/git_fixture.h"

#include <git2.h>

#include <filesystem>
#include <map>
#include <stdexcept>

namespace microstage::testing {

namespace {

git_object_t type_of(std::string_view type) {
  return git_object_string2type(std::string{type}.c_str());
}

}  // namespace

GitFixture::GitFixture(std::string path) : path_(std::move(path)) {
  git_libgit2_init();
  std::filesystem::create_directories(path_ + "/objects/pack");
  std::filesystem::create_directories(path_ + "/refs/heads");
  write_file(path_ + "/HEAD", "ref: refs/heads/main\n");
  write_file(path_ + "/config", "[core]\n\tbare = true\n");
}

repo::ObjectId GitFixture::add(std::string_view type, std::string_view bytes) const {
  git_odb* database = nullptr;
  git_oid oid;
  const bool written = git_odb_open(&database, (path_ + "/objects").c_str()) == 0 &&
                       git_odb_write(&oid, database, bytes.data(), bytes.size(), type_of(type)) == 0;
  git_odb_free(database);
  if (!written) throw std::runtime_error("cannot write a git object");
  repo::ObjectId id;
  std::copy(std::begin(oid.id), std::end(oid.id), id.bytes.begin());
  return id;
}

repo::ObjectId GitFixture::add_commit(const repo::ObjectId& tree) const {
  const std::string who = "A Tester <tester@example.org> 1700000000 +0000\n";
  return add("commit", "tree " + tree.hex() + "\nauthor " + who + "committer " + who + "\ntest\n");
}

repo::ObjectId GitFixture::add_tree(const std::vector<std::pair<std::string, std::string>>& files) const {
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> directories;
  std::map<std::string, std::string> entries;
  for (const auto& [path, content] : files) {
    const std::size_t slash = path.find('/');
    if (slash != std::string::npos) {
      directories[path.substr(0, slash)].emplace_back(path.substr(slash + 1), content);
    } else {
      const bool link = content.starts_with("-> ");
      const auto commit =
          content.starts_with("=> ") ? repo::ObjectId::parse(content.substr(3)) : std::nullopt;
      entries[path] = commit ? tree_entry("160000", path, *commit)
                             : tree_entry(link ? "120000" : "100644", path,
                                          add("blob", link ? content.substr(3) : content));
    }
  }
  for (const auto& [name, below] : directories)
    entries[name + "/"] = tree_entry("40000", name, add_tree(below));
  std::string bytes;
  for (const auto& [name, entry] : entries)
    bytes += entry;
  return add("tree", bytes);
}

repo::ObjectId GitFixture::add_files(const std::vector<std::pair<std::string, std::string>>& files) const {
  return add_commit(add_tree(files));
}

void GitFixture::set_reference(const std::string& name, const repo::ObjectId& id) const {
  write_file(path_ + "/" + name, id.hex() + "\n");
}

std::string GitFixture::pack() const {
  git_repository* repository = nullptr;
  git_packbuilder* builder = nullptr;
  bool packed = git_repository_open_bare(&repository, path_.c_str()) == 0 &&
                git_packbuilder_new(&builder, repository) == 0;
  std::vector<std::filesystem::path> loose;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_ + "/objects")) {
    const std::string name =
        entry.path().parent_path().filename().string() + entry.path().filename().string();
    const auto id = repo::ObjectId::parse(name);
    if (!id) continue;
    loose.push_back(entry.path());
    git_oid oid;
    std::copy(id->bytes.begin(), id->bytes.end(), std::begin(oid.id));
    packed = packed && git_packbuilder_insert(builder, &oid, nullptr) == 0;
  }
  packed =
      packed && git_packbuilder_write(builder, (path_ + "/objects/pack").c_str(), 0, nullptr, nullptr) == 0;
  const std::string name = packed ? git_packbuilder_name(builder) : "";
  git_packbuilder_free(builder);
  git_repository_free(repository);
  if (name.empty()) throw std::runtime_error("cannot pack " + path_);
  for (const auto& path : loose)
    std::filesystem::remove(path);
  return path_ + "/objects/pack/pack-" + name;
}

std::string GitFixture::object_path(const repo::ObjectId& id) const {
  const std::string hex = id.hex();
  return path_ + "/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

std::string log_path(const annex::Key& key) {
  return key.branch_directories() + "/" + key.file_name() + ".log";
}

std::string link_to(const annex::Key& key) {
  return "-> .git/annex/objects/xx/yy/" + key.file_name() + "/" + key.file_name();
}

}  // namespace microstage::testing
