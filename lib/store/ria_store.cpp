#include "lib/store/ria_store.h"

#include <cerrno>

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr std::size_t kLongestVersionFile = 4096;

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

}  // namespace

LayoutVersion LayoutVersion::parse(std::string_view text) {
  std::string line = one_line(text.substr(0, text.find('\n')));
  const std::size_t bar = line.find('|');
  if (bar == std::string::npos) return {std::move(line), {}};
  return {line.substr(0, bar), line.substr(bar + 1)};
}

Result<LayoutVersion> read_layout_version(const fs::Directory& directory) {
  const auto file = directory.open_file(kLayoutVersionFile, O_RDONLY | O_NONBLOCK);
  if (!file) return fail(file.error());
  const auto text = read_small_file(*file, kLongestVersionFile);
  if (!text) return fail(text.error());
  return LayoutVersion::parse(*text);
}

Result<RiaStore> RiaStore::open(fs::FileOps& ops, const std::string& path, UnknownLayout unknown) {
  auto root = fs::Directory::open(ops, path);
  if (!root && is_missing(root.error())) {
    return fail(ErrorKind::mount_sick,
                "the store " + path + " is not there; is its file system mounted on this machine?",
                root.error().code);
  }
  if (!root) return failure_of(root);
  auto version = read_layout_version(*root);
  if (!version && is_missing(version.error())) {
    return fail(
        ErrorKind::mount_sick,
        path + " has no " + kLayoutVersionFile + ": it is no RIA store, or its file system is not mounted",
        version.error().code);
  }
  if (!version) return fail(version.error());
  if (version->number != kStoreVersion && unknown == UnknownLayout::refuse) {
    return fail(ErrorKind::unsupported, "the store " + path + " has layout version '" + version->number +
                                            "', which this program does not know; it knows 1");
  }
  return RiaStore(std::move(*root), std::move(*version));
}

Status RiaStore::confirm_still_there() const {
  const auto held = root_.status();
  if (!held) return fail(held.error());
  const auto now = fs::Directory::open(root_.ops(), path());
  const auto named = now ? now->status() : fail(now.error());
  if (named && named->identity == held->identity) return {};
  if (!named && !is_missing(named.error())) return fail(named.error());
  return fail(ErrorKind::mount_sick, "the store " + path() + " vanished while it was in use; is it mounted?");
}

Result<fs::Directory> RiaStore::open_dataset(const DatasetId& id) const {
  auto directory = root_.open_directory(id.store_path());
  if (!directory && is_missing(directory.error())) return fail(absence_of(id));
  return directory;
}

Error RiaStore::absence_of(const DatasetId& id) const {
  if (const auto there = confirm_still_there(); !there) return there.error();
  return {ErrorKind::not_found,
          "the store " + path() + " has no dataset " + id.text() +
              "; place it there with: microstage connect DATASET --store " + path(),
          ENOENT};
}

}  // namespace microstage::store
