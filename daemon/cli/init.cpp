#include "daemon/cli/init.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "daemon/cli/store_files.h"
#include "lib/core/text.h"
#include "lib/fs/temporary_file.h"
#include "lib/store/ria_store.h"
#include "lib/store/ria_url.h"

namespace microstage::cli {

namespace {

// The parents get the umask's modes; the root's are set afterwards.
Result<fs::Directory> make_root(const std::string& path) {
  std::string existing = path;
  auto above = fs::Directory::open(fs::posix_file_ops(), existing);
  while (!above && above.error().code == ENOENT && existing.size() > 1) {
    existing = existing.substr(0, existing.rfind('/'));
    if (existing.empty()) existing = "/";
    above = fs::Directory::open(fs::posix_file_ops(), existing);
  }
  if (!above || existing == path) return above;
  if (auto made = above->make_path(path.substr(existing == "/" ? 1 : existing.size() + 1), {}); !made)
    return failure_of(made);
  return fs::Directory::open(fs::posix_file_ops(), path);
}

// A store, or nothing yet (what a killed init left counts as nothing). Swept is only what is one of them.
Status check_content(const fs::Directory& root) {
  const auto version = store::read_layout_version(root);
  if (version && version->number == store::kStoreVersion) {
    ignore_error(fs::sweep_temporary_files(root), "litter that stays harms nobody");
    return {};
  }
  if (version) {
    return fail(ErrorKind::unsupported, root.name() + " is a RIA store of layout version '" +
                                            version->number +
                                            "', which this program does not know; choose another directory");
  }
  if (version.error().code != ENOENT) return fail(version.error());
  const auto names = root.list();
  if (!names) return fail(names.error());
  const auto foreign = std::find_if_not(names->begin(), names->end(), fs::is_temporary_name);
  if (foreign != names->end()) {
    return fail(ErrorKind::invalid, root.name() + " is not empty and no RIA store (it holds " +
                                        one_line(*foreign) + "); choose an empty or a new directory");
  }
  ignore_error(fs::sweep_temporary_files(root), "litter that stays harms nobody");
  return {};
}

Status share_root(const std::string& path, const fs::Sharing& sharing) {
  const auto root = fs::File::open(fs::posix_file_ops(), path, O_RDONLY | O_DIRECTORY);
  if (!root) return fail(root.error());
  const auto before = root->status();
  if (!before) return fail(before.error());
  const mode_t wanted = sharing.directory_mode(before->mode & 07777);
  if (auto changed = root->change_mode(wanted); !changed) return changed;
  const auto after = root->status();
  if (!after) return fail(after.error());
  if ((after->mode & 07777) == wanted) return {};
  return fail(ErrorKind::permission,
              path + " did not take the setgid bit: you are not in its group; chgrp it first");
}

struct Made {
  std::string path;
  bool version = false;
  bool error_logs = false;
};

Result<Made> make_store(const InitOptions& options) {
  auto path = store_path_of(options.store);
  if (!path) return failure_of(path);
  const auto sharing = fs::Sharing::parse(options.shared);
  const auto root = make_root(*path);
  if (!root) return fail(root.error());
  if (auto content = check_content(*root); !content) return fail(content.error());
  if (!sharing->umask_decides())
    if (auto shared = share_root(*path, *sharing); !shared) return fail(shared.error());
  Made made{*path, false, false};
  const auto version = write_file_once(*root, store::kLayoutVersionFile, "1\n", *sharing);
  if (!version) return fail(version.error());
  made.version = *version;
  const auto logs = exists(*root, "error_logs");
  if (!logs) return fail(logs.error());
  made.error_logs = !*logs;
  if (made.error_logs)
    if (auto directory = root->make_path("error_logs", *sharing); !directory) return fail(directory.error());
  return made;
}

constexpr const char* kSafeDirectory = "git config --global --add safe.directory '*'";

void print_for_people(const Made& made) {
  const std::string url = one_line(store::RiaUrl::of_path(made.path).text());
  std::printf("%s the RIA store %s\n",
              made.version      ? "made"
              : made.error_logs ? "completed"
                                : "already there:",
              one_line(made.path).c_str());
  std::printf(
      "git refuses repositories of other accounts. Who reads or pushes what another account placed here runs "
      "once:\n"
      "  %s\n"
      "(git before 2.46 takes '*' or each dataset's exact path, also one by one its alias path; newer git "
      "takes\n"
      "'%s/*' too. It must be in the global or system configuration: git does not look elsewhere.)\n",
      kSafeDirectory, one_line(made.path).c_str());
  std::printf("next: microstage connect DATASET --store %s\n", url.c_str());
}

}  // namespace

ExitStatus run_init(const InitOptions& options) {
  if (!fs::Sharing::parse(options.shared)) {
    print_error("--shared takes group, all or an octal mode like 0660, not '" + options.shared + "'");
    return kUsage;
  }
  const auto made = make_store(options);
  if (!made) return report(made.error());
  if (!options.json) {
    print_for_people(*made);
    return kDone;
  }
  JsonObject json;
  json.text("type", "init").text("path", made->path).text("url", store::RiaUrl::of_path(made->path).text());
  json.text("result", made->version || made->error_logs ? "made" : "unchanged")
      .text("safe_directory", kSafeDirectory);
  std::fputs(json.line().c_str(), stdout);
  return kDone;
}

}  // namespace microstage::cli
