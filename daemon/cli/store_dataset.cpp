#include "daemon/cli/store_dataset.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "daemon/cli/store_files.h"
#include "lib/core/text.h"
#include "lib/fs/temporary_file.h"
#include "lib/store/ria_dataset.h"
#include "lib/store/shared_repository.h"

namespace microstage::cli {

namespace {

constexpr std::string_view kDatasetVersion = "2\n";
constexpr std::string_view kMaking = ".new";
constexpr const char* kConfig = "config";
constexpr const char* kUuid = "datalad.ora-remote.uuid";
constexpr std::size_t kLongestConfig = std::size_t{1} << 20U;

struct Place {
  std::string prefix;  // "b24"
  std::string rest;
};

Place place_of(const DatasetId& id) {
  const std::string path = id.store_path();
  const std::size_t slash = path.find('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// git's own `init --bare` would add a description, branches, info and a dozen sample hooks. Auto-gc is off
// because it explodes packs into loose files while readers look on; unpackLimit keeps every push in one pack.
std::string initial_config(const Clone& clone, const std::string& sharing) {
  const bool sha1 = clone.object_format == "sha1";
  std::string text =
      "[core]\n\trepositoryformatversion = " + std::string{sha1 ? "0" : "1"} + "\n\tbare = true\n";
  if (!sharing.empty()) text += "\tsharedRepository = " + sharing + "\n";
  if (!sha1) text += "[extensions]\n\tobjectFormat = " + clone.object_format + "\n";
  text += "[receive]\n\tautogc = false\n\tunpackLimit = 1\n";
  if (!sharing.empty()) text += "\tdenyNonFastforwards = true\n";  // as git does for shared repositories
  return text;
}

// Completes what is missing. What is there is left alone: it may be DataLad's, or an older clone's choice.
Status complete(const fs::Directory& directory, const Clone& clone, const std::string& text,
                const fs::Sharing& sharing) {
  for (const char* name : {"objects", "refs", "archives"})
    if (auto made = directory.make_path(name, sharing); !made) return fail(made.error());
  for (const auto& [name, content] :
       {std::pair<std::string, std::string>{"HEAD", "ref: refs/heads/" + clone.branch + "\n"},
        {kConfig, text}}) {
    if (auto written = write_file_once(directory, name, content, sharing); !written)
      return fail(written.error());
  }
  return {};
}

// The version file is also what holders of a dataset lock: it is never replaced.
Result<fs::File> open_lock(const fs::Directory& directory) {
  return directory.open_file(store::kLayoutVersionFile, O_RDWR);
}

// Somebody else's connect takes a second or so.
Status wait_for_lock(const fs::File& lock) {
  constexpr int kTries = 600;
  constexpr std::chrono::milliseconds kPause{50};
  for (int i = 0; i < kTries; ++i) {
    const auto locked = lock.try_lock();
    if (!locked || *locked) return {};  // where locks do not work, renames alone have to do
    std::this_thread::sleep_for(kPause);
  }
  return fail(ErrorKind::transient, "another 'microstage connect' has been working on " + lock.name() +
                                        " for 30 seconds; run it again when that has ended");
}

std::string making_name(const std::string& rest) {
  std::array<char, 32> suffix{};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::snprintf(suffix.data(), suffix.size(), "-%ld-%lx", static_cast<long>(::getpid()),
                static_cast<unsigned long>(now));
  return "." + rest + suffix.data() + std::string{kMaking};
}

void remove_tree(const fs::Directory& parent, const std::string& name) {
  if (const auto directory = parent.open_directory(name)) {
    if (const auto entries = directory->list()) {
      for (const std::string& entry : *entries) {
        if (!directory->unlink(entry))
          ignore_error(directory->remove_directory(entry), "the parent's removal tells");
      }
    }
  }
  ignore_error(parent.remove_directory(name), "litter that stays is seen by the next connect");
}

// What killed connects of this dataset left. One at work holds its version file locked.
void sweep(const fs::Directory& prefix, const std::string& rest) {
  const auto names = prefix.list();
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with("." + rest + "-") || !name.ends_with(kMaking)) continue;
    const auto directory = prefix.open_directory(name);
    if (!directory) continue;
    const auto lock = open_lock(*directory);
    const auto ours = lock ? lock->try_lock() : Result<bool>{false};
    if (lock && ours && *ours) remove_tree(prefix, name);
    if (lock) continue;
    ignore_error(fs::sweep_temporary_files(*directory), "the directory then stays");
    ignore_error(prefix.remove_directory(name), "only when nothing is in it yet");
  }
}

Result<GitConfig> read_config(const fs::Directory& directory) {
  const auto file = open_regular(directory, kConfig);
  if (!file) return fail(file.error());
  return read_config_file(*file);
}

// "a.b.c" as the lines [a "b"] and c = value.
std::string text_of(const Setting& setting) {
  const std::string& name = setting.name;
  const std::size_t first = name.find('.');
  const std::size_t last = name.rfind('.');
  const std::string between = first == last ? "" : " \"" + name.substr(first + 1, last - first - 1) + "\"";
  return "[" + name.substr(0, first) + between + "]\n\t" + name.substr(last + 1) + " = " + setting.value +
         "\n";
}

// Builds the dataset beside its place and renames it there. The returned lock was taken before anybody could
// see it.
Result<fs::File> build(const fs::Directory& prefix, const std::string& rest, const Clone& clone,
                       const std::string& sharing_text) {
  const fs::Sharing sharing = fs::Sharing::parse(sharing_text).value_or(fs::Sharing{});
  const std::string name = making_name(rest);
  const auto directory = prefix.make_path(name, sharing);
  if (!directory) return fail(directory.error());
  const auto work = [&]() -> Result<fs::File> {
    if (auto written = write_file(*directory, store::kLayoutVersionFile, kDatasetVersion, sharing); !written)
      return fail(written.error());
    auto lock = open_lock(*directory);
    if (!lock) return lock;
    ignore_error(lock->try_lock(), "where locks do not work, renames alone have to do");
    if (auto done = complete(*directory, clone, initial_config(clone, sharing_text), sharing); !done)
      return fail(done.error());
    if (auto renamed = prefix.rename(name, prefix, rest); !renamed) return fail(renamed.error());
    if (auto synced = prefix.sync(); !synced) return fail(synced.error());
    return lock;
  };
  auto lock = work();
  if (!lock) remove_tree(prefix, name);
  return lock;
}

Result<fs::File> open_itself(const fs::Directory& directory) {
  return directory.open_file(".", O_RDONLY | O_DIRECTORY);
}

Result<fs::Directory> look_at_existing(const store::RiaStore& store, const DatasetId& id) {
  const std::string path = id.store_path();
  auto directory = store.root().open_directory(path);
  if (!directory) return directory;
  const auto itself = open_itself(*directory);
  if (!itself) return fail(itself.error());
  struct ::stat status {};
  if (const int result = itself->ops().stat(itself->descriptor(), status); result < 0)
    return fail(system_error(-result, "look at " + directory->name()));
  if (status.st_uid != ::geteuid() && store::read_shared_repository(*directory).umask_decides()) {
    return fail(ErrorKind::permission, directory->name() + " belongs to uid " +
                                           std::to_string(status.st_uid) +
                                           " and is not shared; connect as its owner, or let the owner set "
                                           "core.sharedRepository=group in its "
                                           "config and its modes");
  }
  return directory;
}

// The lock of a dataset made now; nothing when it is there already, perhaps since a moment.
Result<std::optional<fs::File>> build_unless_there(const store::RiaStore& store, const Clone& clone,
                                                   const std::string& sharing) {
  const Place place = place_of(clone.id);
  const auto modes = fs::Sharing::parse(sharing).value_or(fs::Sharing{});
  const auto prefix = store.root().make_path(place.prefix, modes);
  if (!prefix) return fail(prefix.error());
  sweep(*prefix, place.rest);
  if (look_at_existing(store, clone.id)) return std::nullopt;
  // Another connect's sweep may take a directory that has nothing in it yet.
  constexpr int kMostTries = 16;
  for (int tries = 1;; ++tries) {
    auto built = build(*prefix, place.rest, clone, sharing);
    if (built) return std::optional<fs::File>{std::move(*built)};
    if (look_at_existing(store, clone.id)) return std::nullopt;
    if (built.error().code != ENOENT || tries == kMostTries) return failure_of(built);
  }
}

// Takes the lock of a dataset that somebody else made, and completes it.
Result<fs::File> adopt(const store::RiaStore& store, const fs::Directory& directory, const Clone& clone,
                       const std::string& sharing_text) {
  const fs::Sharing sharing = store::read_shared_repository(directory);
  const auto objects = exists(directory, "annex/objects");
  if (!objects) return fail(objects.error());
  if (!*objects) {  // with objects but without a version nobody can know where they lie
    if (auto written = write_file_once(directory, store::kLayoutVersionFile, kDatasetVersion, sharing);
        !written)
      return fail(written.error());
  }
  if (const auto understood = store::RiaDataset::open(store, clone.id); !understood)
    return fail(understood.error());
  auto lock = open_lock(directory);
  if (!lock) return lock;
  if (auto locked = wait_for_lock(*lock); !locked) return fail(locked.error());
  ignore_error(fs::sweep_temporary_files(directory), "litter that stays harms nobody");
  if (auto done = complete(directory, clone, initial_config(clone, sharing_text), sharing); !done)
    return fail(done.error());
  return lock;
}

}  // namespace

Result<std::string> sharing_of(const store::RiaStore& store) {
  const auto status = store.root().status();
  if (!status) return fail(status.error());
  if ((status->mode & S_ISGID) == 0) return std::string{};
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0%03o", static_cast<unsigned>((status->mode & 0666U) | 0600U));
  return std::string{text.data()};
}

Result<std::string> StoreDataset::check(const store::RiaStore& store, const DatasetId& id) {
  const auto existing = look_at_existing(store, id);
  const auto config = existing ? read_config(*existing) : fail(existing.error());
  if (!config && config.error().code == ENOENT) return std::string{};
  if (!config) return fail(config.error());
  return config->value(kUuid).value_or("");
}

Result<StoreDataset> StoreDataset::make(const store::RiaStore& store, const Clone& clone,
                                        const std::string& sharing) {
  auto built = build_unless_there(store, clone, sharing);
  if (!built) return failure_of(built);
  auto directory = look_at_existing(store, clone.id);
  if (!directory) return failure_of(directory);
  const bool made = built->has_value();
  auto lock = made ? Result<fs::File>{std::move(**built)} : adopt(store, *directory, clone, sharing);
  if (!lock) return failure_of(lock);
  return StoreDataset(std::move(*directory), std::move(*lock), made);
}

Result<std::string> StoreDataset::uuid() const {
  const auto config = read_config(directory_);
  if (!config) return fail(config.error());
  return config->value(kUuid).value_or("");
}

// Appended, for the last value is the one that holds: `git config` would write to wherever a link leads that
// somebody puts in its way.
Status StoreDataset::configure(const std::vector<Setting>& settings) {
  const auto file = open_regular(directory_, kConfig);
  if (!file) return fail(file.error());
  const auto config = read_config_file(*file);
  if (!config) return fail(config.error());
  std::string added;
  for (const Setting& setting : settings)
    if (config->value(setting.name).value_or("") != setting.value) added += text_of(setting);
  if (added.empty()) return {};
  const auto status = file->status();
  if (!status) return fail(status.error());
  const auto text = fs::read_small_file(*file, kLongestConfig);
  if (!text) return fail(text.error());
  const bool whole = text->empty() || text->ends_with('\n');
  return replace_file(directory_, kConfig, *text + (whole ? "" : "\n") + added, status->mode);
}

Status StoreDataset::update_server_info() {
  const fs::Sharing sharing = store::read_shared_repository(directory_);
  for (const char* written : {"info", "objects/info"})  // not where links lead
    if (auto made = directory_.make_path(written, sharing); !made) return fail(made.error());
  if (auto config = open_regular(directory_, kConfig); !config) return fail(config.error());
  const auto itself = open_itself(directory_);
  if (!itself) return fail(itself.error());
  const auto updated = Git(*itself).output({"--git-dir=.", "update-server-info"});
  if (!updated) return fail(updated.error());
  return {};
}

}  // namespace microstage::cli
