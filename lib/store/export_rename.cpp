// ExportTree::rename. A name says nothing about its content, and an interrupted export leaves git-annex with
// a wrong idea of it: two files that were to change places, one rename done and not recorded. So the file is
// read first.

#include <algorithm>
#include <cerrno>

#include "lib/store/export_tree.h"

namespace microstage::store {

Result<fs::FileStatus> ExportTree::prove(const annex::Key& key, const ExportName& name,
                                         const std::stop_token& stop) {
  auto file = root_.open_file(name.path(), O_RDONLY | O_NONBLOCK);
  if (!file) return fail(explained(std::move(file.error())));
  const auto status = file->status();
  if (!status) return status;
  const auto size = key.content_size();
  const auto known = noted(key, *status);
  Result<bool> holds = known.value_or(false);
  const bool possible = status->is_regular() && (!size || *size == status->size);
  if (possible && !known) {
    holds = hash_matches(key, *status, std::move(*file), stop);
    if (!holds) return fail(holds.error());
    note(key, *status, *holds);
  }
  if (!possible || !*holds)
    return fail(ErrorKind::integrity, root_.name_of(name.path()) + " holds something else");
  return status;
}

Status ExportTree::check_destination(const annex::Key& key, const ExportName& to,
                                     const std::stop_token& stop) {
  const auto there = root_.status_of(to.path());
  if (!there) return is_missing_file(there.error()) ? Status{} : fail(there.error());
  if (there->is_directory()) {
    make_way(to);
    return {};  // the rename itself fails where the directory had to stay
  }
  const auto same = prove(key, to, stop);
  if (same) return {};
  Error error = same.error();
  error.message += "; it is not replaced";
  return fail(std::move(error));
}

// Removing one spelling would remove the file. A directory lists its entry under one of them.
Result<bool> ExportTree::is_same_entry(const ExportName& a, const ExportName& b) const {
  const auto directory = root_.open_directory(a.parent());
  const auto other = root_.open_directory(b.parent());
  const auto status = directory ? directory->status() : fail(directory.error());
  const auto other_status = other ? other->status() : fail(other.error());
  if (!status) return fail(status.error());
  if (!other_status) return fail(other_status.error());
  if (status->identity != other_status->identity) return false;
  const auto names = directory->list();
  if (!names) return fail(names.error());
  const auto lists = [&](const std::string& name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  return a.leaf() == b.leaf() || !lists(a.leaf()) || !lists(b.leaf());
}

Status ExportTree::move(const ExportName& from, const ExportName& to) {
  for (int tries = 0;; ++tries) {
    constexpr int kMostTries = 64;
    const auto source = root_.open_directory(from.parent());
    if (!source) return fail(source.error());
    const auto target = make_durable_path(root_, to.parent(), sharing_);
    if (!target) return fail(target.error());
    const auto moved = source->rename(from.leaf(), *target, to.leaf());
    // The target may have been pruned, by a removal of the last file beside it.
    if (!moved && moved.error().code == ENOENT && tries < kMostTries && root_.status_of(from.path()))
      continue;
    if (!moved) return moved;
    if (auto synced = target->sync(); !synced) return synced;
    return source->sync();
  }
}

Status ExportTree::rename(const annex::Key& key, const ExportName& from, const ExportName& to,
                          const std::stop_token& stop) {
  const auto proven = prove(key, from, stop);
  if (!proven) {
    if (!is_missing_file(proven.error())) return fail(proven.error());
    if (prove(key, to, stop)) return {};  // done before, by one who did not live to say so
    return fail(missing(from));
  }
  if (from == to) return {};
  if (auto free = check_destination(key, to, stop); !free) return free;
  const auto there = root_.status_of(to.path());
  if (there && there->identity == proven->identity) {
    const auto same = is_same_entry(from, to);
    if (!same) return fail(same.error());
    // To the kernel two links to one file are the same, and it renames nothing.
    if (!*same) return unlink(from);
  }
  if (auto moved = move(from, to); !moved) {
    prune_above(to);
    return fail(explained(std::move(moved.error())));
  }
  if (const auto now = root_.status_of(to.path()); now && now->unchanged_since(*proven))
    note(key, *now, true);
  prune_above(from);
  return {};
}

}  // namespace microstage::store
