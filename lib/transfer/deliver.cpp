#include "lib/transfer/deliver.h"

#include <sys/stat.h>

#include <cerrno>

#include "lib/core/text.h"
#include "lib/transfer/copy.h"

namespace microstage::transfer {

namespace {

constexpr int kOpenGrowing = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
constexpr int kMostTries = 16;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<fs::FileStatus> status_of_path(fs::FileOps& ops, const std::string& path) {
  struct ::stat raw {};
  if (const int result = ops.stat_path(AT_FDCWD, path.c_str(), raw); result < 0)
    return fail(system_error(-result, "stat " + path));
  return fs::to_file_status(raw);
}

// A file that this process alone writes, found at `path`: locked, and still named by the path.
class GrowingFile {
 public:
  // Somebody else writing it is an error, not a wait: git-annex itself fails a second transfer of a key at
  // once.
  static Result<GrowingFile> open(fs::FileOps& ops, const std::string& path) {
    for (int tries = 0; tries < kMostTries; ++tries) {
      auto file = fs::File::open(ops, path, kOpenGrowing);
      if (!file && file.error().code == EACCES && unlink_path(ops, path)) continue;  // a read-only leftover
      if (!file) return failure_of(file);
      const auto status = file->status();
      if (!status) return fail(status.error());
      if (!status->is_regular()) return fail(ErrorKind::invalid, path + " is no regular file");
      const auto locked = file->try_lock();
      if (locked && !*locked)
        return fail(ErrorKind::transient, path + " is being written by another transfer");
      GrowingFile growing(std::move(*file), path, status->identity);
      // Between our opening and our locking its former writer may have handed it over.
      if (growing.still_named()) return growing;
    }
    return fail(ErrorKind::transient, path + " keeps being replaced by other transfers");
  }

  [[nodiscard]] const fs::File& file() const { return file_; }

  [[nodiscard]] bool still_named() const {
    const auto status = status_of_path(file_.ops(), path_);
    return status && status->identity == identity_;
  }

  // Removing the name, where truncating would reach into a file that somebody has taken over in the meantime.
  void discard() const {
    if (still_named()) unlink_path(file_.ops(), path_);
  }

  [[nodiscard]] Status check_before_write(std::uint64_t offset) const {
    const auto status = status_of_path(file_.ops(), path_);
    if (status && status->identity == identity_ && status->size == offset) return {};
    if (!status && status.error().code != ENOENT) return fail(status.error());
    return meddled_with();
  }

  [[nodiscard]] Status meddled_with() const {
    return fail(ErrorKind::transient, path_ + " was replaced or written by another transfer meanwhile");
  }

  static bool unlink_path(fs::FileOps& ops, const std::string& path) {
    return ops.unlink(AT_FDCWD, path.c_str()) == 0;
  }

 private:
  GrowingFile(fs::File file, std::string path, fs::Identity identity)
      : file_(std::move(file)), path_(std::move(path)), identity_(identity) {}

  fs::File file_;
  std::string path_;
  fs::Identity identity_;
};

Status damaged(const Source& source) {
  return fail(ErrorKind::integrity, source.name() + " is damaged: its bytes do not match the key");
}

// Fills `target` from the end of what it holds to the full size and compares the digest. `resumed` tells
// afterwards whether bytes of an earlier attempt were part of it.
Result<bool> fill(Source& source, const GrowingFile& target, const Delivery& delivery, bool& resumed) {
  const auto status = target.file().status();
  if (!status) return fail(status.error());
  if (status->size > source.size()) return fail(target.meddled_with().error());
  resumed = status->size > 0;
  const auto hasher = delivery.digest ? make_hasher(delivery.digest->algorithm) : nullptr;
  if (delivery.digest && !hasher)
    return fail(ErrorKind::unsupported, "its digest cannot be computed on this machine");
  CopyOptions options;
  options.size = source.size();
  options.offset = status->size;
  options.hasher = hasher.get();
  options.progress = delivery.progress;
  options.stop = delivery.stop;
  options.after_write = delivery.pace;
  options.keep_cached = delivery.mode == DeliveryMode::follow;
  options.before_write = [&](std::uint64_t offset) { return target.check_before_write(offset); };
  if (auto copied = copy_bytes(source, target.file(), options); !copied) return fail(copied.error());
  return !hasher || hasher->finish() == delivery.digest->hex;
}

// Bytes that a later attempt would find in the cache did not reach the medium.
bool is_lost(const Error& error) {
  return error.kind == ErrorKind::durability;
}

// After a resumed file came out wrong: was it the source or the earlier bytes?
Result<bool> source_is_good(Source& source, const Delivery& delivery) {
  const auto hasher = make_hasher(delivery.digest->algorithm);
  if (auto hashed = hash_bytes(source, *hasher, delivery.stop); !hashed) return fail(hashed.error());
  return hasher->finish() == delivery.digest->hex;
}

// Opens the file at `path`; one that is longer than the object, or must not be resumed, makes room for a new
// one.
Result<GrowingFile> open_to_fill(fs::FileOps& ops, const std::string& path, std::uint64_t longest_resumable) {
  auto target = GrowingFile::open(ops, path);
  if (!target) return target;
  const auto status = target->file().status();
  if (!status) return fail(status.error());
  if (status->size <= longest_resumable) return target;
  target->discard();
  return GrowingFile::open(ops, path);
}

Status follow(fs::FileOps& ops, Source& source, const Delivery& delivery) {
  auto target = open_to_fill(ops, delivery.path, source.size());
  if (!target) return fail(target.error());
  bool resumed = false;
  const auto right = fill(source, *target, delivery, resumed);
  if (!right && is_lost(right.error())) target->discard();
  if (!right) return fail(right.error());
  if (*right) return {};
  target->discard();
  if (!resumed) return damaged(source);
  const auto good = source_is_good(source, delivery);
  if (!good) return fail(good.error());
  if (!*good) return damaged(source);
  return fail(ErrorKind::transient, "an earlier partial copy at " + delivery.path +
                                        " was damaged and has been removed; the next attempt starts afresh");
}

// A hidden name beside the path, of this remote alone: short, for a key may be as long as a file name can be,
// and no key itself, for git-annex reads keys from the names around it.
std::string private_path_beside(const Delivery& delivery) {
  return parent_of(delivery.path) + "/.microstage." +
         hex(md5_of(delivery.private_directory + "/" + delivery.private_name));
}

// Where the private file goes: the directory meant for it, unless a rename from there could not reach the
// path.
Result<std::string> private_path(fs::FileOps& ops, const Delivery& delivery) {
  const std::string parent = parent_of(delivery.path);
  const auto parent_status = status_of_path(ops, parent + "/.");
  if (!parent_status) return fail(parent_status.error());
  auto own = status_of_path(ops, delivery.private_directory + "/.");
  if (!own && own.error().code == ENOENT) {
    for (std::size_t slash = delivery.private_directory.find('/', 1);;
         slash = delivery.private_directory.find('/', slash + 1)) {
      const std::string part = delivery.private_directory.substr(0, slash);
      const int made = ops.make_directory(AT_FDCWD, part.c_str(), 0777);
      if (made < 0 && made != -EEXIST) return fail(system_error(-made, "make directory " + part));
      if (slash == std::string::npos) break;
    }
    own = status_of_path(ops, delivery.private_directory + "/.");
  }
  if (!own) return fail(own.error());
  const bool reachable = own->identity.device == parent_status->identity.device;
  return reachable ? delivery.private_directory + "/" + delivery.private_name : private_path_beside(delivery);
}

// The private file. Whoever leaves its directory empty removes it, perhaps just when we want to use it.
Result<GrowingFile> open_private(fs::FileOps& ops, const Delivery& delivery,
                                 std::uint64_t longest_resumable) {
  for (int tries = 0;; ++tries) {
    const auto path = private_path(ops, delivery);
    auto target =
        path ? open_to_fill(ops, *path, longest_resumable) : Result<GrowingFile>(fail(path.error()));
    if (target || target.error().code != ENOENT || tries == kMostTries) return target;
  }
}

Status verify_once(fs::FileOps& ops, Source& source, const Delivery& delivery) {
  const bool resumable = source.size() >= kSmallObject && delivery.digest;
  for (bool again = false;; again = true) {
    const auto target = open_private(ops, delivery, resumable && !again ? source.size() : 0);
    if (!target) return fail(target.error());
    bool resumed = false;
    const auto right = fill(source, *target, delivery, resumed);
    if (!right) {
      if (!resumable || is_lost(right.error())) target->discard();
      return fail(right.error());
    }
    if (*right) {
      const std::string& path = target->file().name();
      const int renamed = ops.rename(AT_FDCWD, path.c_str(), AT_FDCWD, delivery.path.c_str());
      if (renamed == 0) return {};
      if (!resumable) target->discard();
      return fail(system_error(-renamed, "rename " + path + " to " + delivery.path));
    }
    target->discard();
    if (!resumed) return damaged(source);
  }
}

}  // namespace

Status deliver(fs::FileOps& ops, Source& source, const Delivery& delivery) {
  const bool in_place = delivery.mode == DeliveryMode::follow && source.size() >= kSmallObject;
  return in_place ? follow(ops, source, delivery) : verify_once(ops, source, delivery);
}

}  // namespace microstage::transfer
