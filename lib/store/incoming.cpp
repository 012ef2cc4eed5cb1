#include "lib/store/incoming.h"

#include <cerrno>

#include "lib/transfer/copy.h"
#include "lib/transfer/read_back.h"

namespace microstage::store {

namespace {

// A sibling may prune a directory between our making and our using it; it cannot go on doing so for ever.
constexpr int kMostTries = 64;

}  // namespace

Result<LocalCopy> open_source(fs::FileOps& ops, const annex::Key& key, const std::string& path) {
  auto file = fs::File::open(ops, path, O_RDONLY | O_NONBLOCK);
  if (!file && file.error().code == ENOENT)
    return fail(ErrorKind::source_changed, path + " is gone: it was dropped or moved meanwhile", ENOENT);
  if (!file) return failure_of(file);
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (!status->is_regular()) return fail(ErrorKind::invalid, path + " is no regular file");
  const auto size = key.content_size();
  if (size && status->size != *size) {
    return fail(ErrorKind::integrity, path + " has " + std::to_string(status->size) +
                                          " bytes, but the key says " + std::to_string(*size) +
                                          "; the local copy is damaged: see git annex fsck");
  }
  return LocalCopy{std::make_shared<fs::File>(std::move(*file)), *status};
}

Result<ContentProof> proof_for(const annex::Key& key, std::uint64_t size) {
  const auto blob = key.git_blob();
  const auto digest = blob ? blob : key.digest();
  if (!digest) return ContentProof{};
  ContentProof proof{make_hasher(digest->algorithm), digest->hex};
  if (!proof.hasher) return fail(ErrorKind::unsupported, "its digest cannot be computed on this machine");
  if (blob) {
    const std::string header = "blob " + std::to_string(size) + '\0';
    proof.hasher->update(std::as_bytes(std::span(header)));
  }
  return proof;
}

namespace {

// A digest to compare with later, also where the key has none.
Result<std::unique_ptr<Hasher>> hasher_to_read_back(const annex::Key& key, std::uint64_t size) {
  auto proof = proof_for(key, size);
  if (!proof) return fail(proof.error());
  return proof->hasher ? std::move(proof->hasher) : make_hasher(HashAlgorithm{});
}

Status read_back(const fs::File& written, const annex::Key& key, std::uint64_t size,
                 const std::string& digest, const std::stop_token& stop) {
  if (auto synced = written.sync(); !synced) return synced;
  const auto hasher = hasher_to_read_back(key, size);
  if (!hasher) return fail(hasher.error());
  if (auto hashed = transfer::hash_from_medium(written, size, **hasher, stop); !hashed) return hashed;
  if ((*hasher)->finish() == digest) return {};
  return fail(ErrorKind::durability,
              written.name() +
                  " was read back differently from how it was written, and has been removed: have the "
                  "store's disks and this machine's memory checked");
}

}  // namespace

Result<bool> copy_verified(const LocalCopy& source, const fs::File& temporary, const annex::Key& key,
                           const TransferControl& control) {
  const std::uint64_t size = source.status.size;
  auto proof = proof_for(key, size);
  if (!proof) return fail(proof.error());
  const bool proven = proof->hasher != nullptr;
  if (!proven && control.read_back) proof->hasher = make_hasher(HashAlgorithm{});
  transfer::FileSource bytes(source.file, 0, size);
  transfer::CopyOptions options;
  options.size = size;
  options.hasher = proof->hasher.get();
  options.progress = control.progress;
  options.after_write = control.pace;
  options.stop = control.stop;
  if (auto copied = transfer::copy_bytes(bytes, temporary, options); !copied) return fail(copied.error());
  const auto now = source.file->status();
  if (!now) return fail(now.error());
  if (!now->unchanged_since(source.status))
    return fail(ErrorKind::source_changed, source.file->name() + " was changed while it was being copied");
  const std::string digest = proof->hasher ? proof->hasher->finish() : std::string{};
  if (proven && digest != proof->expected) {
    return fail(
        ErrorKind::integrity,
        source.file->name() + " does not match its key: the local copy is damaged; see git annex fsck");
  }
  if (control.read_back)
    if (auto same = read_back(temporary, key, size, digest, control.stop); !same) return fail(same.error());
  return proven;
}

Result<fs::TemporaryFile> create_temporary(const OpenDirectory& open_work,
                                           std::optional<fs::Directory>& work) {
  for (int tries = 0;; ++tries) {
    auto directory = open_work();
    if (!directory) return fail(directory.error());
    work.emplace(std::move(*directory));
    auto temporary = fs::TemporaryFile::create(*work, 0666);
    if (temporary || temporary.error().code != ENOENT || tries == kMostTries) return temporary;
  }
}

Status publish_in(fs::TemporaryFile& temporary, const OpenDirectory& make_directory,
                  const std::string& name) {
  for (int tries = 0;; ++tries) {
    const auto directory = make_directory();
    auto renamed = directory ? temporary.rename_to(*directory, name) : fail(directory.error());
    // By a removal of the last file beside ours.
    const bool pruned = !renamed && renamed.error().kind == ErrorKind::not_found;
    if (!pruned || tries == kMostTries) return renamed;
  }
}

Result<fs::Directory> make_durable_path(const fs::Directory& top, const std::string& path,
                                        const fs::Sharing& sharing) {
  auto existing = top.open_directory(path);
  if (!existing) return top.make_path(path, sharing);
  if (auto synced = top.sync_path(path); !synced) return fail(synced.error());
  return existing;
}

void prune_empty_directories(const fs::Directory& top, std::string path, std::size_t keep) {
  while (path.size() > keep) {
    const std::size_t slash = path.rfind('/');
    const bool outermost = slash == std::string::npos;
    const auto parent = top.open_directory(outermost ? "." : path.substr(0, slash));
    const auto removed = parent ? parent->remove_directory(path.substr(slash + 1)) : fail(parent.error());
    if (!removed && removed.error().code != ENOENT) return;  // others live there
    path.resize(outermost ? 0 : slash);
  }
}

}  // namespace microstage::store
