#include "daemon/cli/sibling.h"

#include <algorithm>
#include <cctype>

#include "lib/core/text.h"
#include "lib/store/ria_url.h"

namespace microstage::cli {

namespace {

// Both exist and are one directory, whatever the mount point or link by which they are reached.
bool same_directory(const std::string& one, const std::string& other) {
  const auto first = fs::Directory::open(fs::posix_file_ops(), one);
  const auto second = fs::Directory::open(fs::posix_file_ops(), other);
  if (!first || !second) return false;
  const auto first_status = first->status();
  const auto second_status = second->status();
  return first_status && second_status && first_status->identity == second_status->identity;
}

bool leads_to(const Clone& clone, const std::string& url, const std::string& place) {
  std::string path = store::local_path_of(store::rewrite_url(url, clone.config.instead_of()));
  if (path.empty()) return false;
  if (path.front() != '/') path = clone.path + "/" + path;
  return path == place || same_directory(path, place);
}

}  // namespace

Status check_sibling(const Clone& clone, const store::RiaStore& store, const std::string& name) {
  const std::string url = clone.config.value("remote." + name + ".url").value_or("");
  const std::string place = store.path() + "/" + clone.id.store_path();
  if (url.empty() || leads_to(clone, url, place)) return {};
  return fail(ErrorKind::invalid, clone.path + " already has a sibling " + name + " at " + url +
                                      ", which is not " + place + "; choose another name with --name");
}

Result<bool> set_sibling(const Clone& clone, const std::string& name, const std::string& place,
                         const std::string& storage) {
  const Git git = clone.git();
  const std::string section = "remote." + name + ".";
  bool changed = false;
  const auto set = [&](const std::string& variable, const std::string& value) -> Status {
    changed = true;
    return git.set_config(section + variable, value);
  };
  // The URL comes last: with it the sibling exists, and then it must be whole.
  if (clone.config.value(section + "annex-ignore").value_or("") != "true")
    if (auto done = set("annex-ignore", "true"); !done) return fail(done.error());
  const auto depends = clone.config.values(section + "datalad-publish-depends");
  if (std::find(depends.begin(), depends.end(), storage) == depends.end()) {
    changed = true;
    if (auto added = git.add_config(section + "datalad-publish-depends", storage); !added)
      return fail(added.error());
  }
  if (clone.config.value(section + "fetch").value_or("").empty()) {
    if (auto done = set("fetch", "+refs/heads/*:refs/remotes/" + name + "/*"); !done)
      return fail(done.error());
  }
  if (clone.config.value(section + "url").value_or("").empty())
    if (auto done = set("url", place); !done) return fail(done.error());
  return changed;
}

Status check_remote_name(const std::string& name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  const bool right = !name.empty() && std::all_of(name.begin(), name.end(), plain) && name.front() != '-' &&
                     name.front() != '.' && !name.ends_with(".lock") && name.find("..") == std::string::npos;
  if (right) return {};
  return fail(ErrorKind::invalid, "'" + one_line(name) +
                                      "' cannot be a sibling's name: use letters, digits, '-', '_' and "
                                      "'.', and begin with a letter or digit");
}

}  // namespace microstage::cli
