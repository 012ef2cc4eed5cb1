#include "lib/repo/object_database.h"

#include <git2.h>

#include <algorithm>
#include <set>

#include "lib/core/text.h"
#include "lib/repo/pack_check.h"

namespace microstage::repo {

namespace {

constexpr int kDeepestAlternates = 5;  // as git has it
constexpr std::size_t kMostAlternates = 100;
constexpr std::size_t kLongestAlternates = 64 * 1024;

// libgit2's state of the process, made at first use. Objects are read once: keeping them costs memory, and
// hashing them again costs most of the time (zlib's checksums find damage all the same; who can forge those
// can forge refs).
void start_library() {
  static const bool started = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    return true;
  }();
  static_cast<void>(started);
}

std::string last_message() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? one_line(error->message) : "unknown error";
}

git_oid to_git(const ObjectId& id) {
  git_oid oid;
  std::copy(id.bytes.begin(), id.bytes.end(), std::begin(oid.id));
  return oid;
}

bool to_type(git_object_t type, ObjectType& result) {
  switch (type) {
    case GIT_OBJECT_COMMIT:
      result = ObjectType::commit;
      return true;
    case GIT_OBJECT_TREE:
      result = ObjectType::tree;
      return true;
    case GIT_OBJECT_BLOB:
      result = ObjectType::blob;
      return true;
    case GIT_OBJECT_TAG:
      result = ObjectType::tag;
      return true;
    default:
      return false;
  }
}

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

// Refuses what libgit2 would never return from.
Status check_packs(const fs::Directory& directory) {
  const auto names = directory.list();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!name.starts_with("pack-") && name != "multi-pack-index") continue;
    const auto file = directory.open_file(name, O_PATH);
    if (!file && is_missing(file.error())) continue;  // a repack has just replaced it
    const auto status = file ? file->status() : fail(file.error());
    if (!status) return fail(status.error());
    if (!status->is_regular())
      return fail(ErrorKind::invalid, directory.name_of(name) + " is no regular file; remove it");
  }
  for (const std::string& name : *names) {
    if (!name.starts_with("pack-") || !name.ends_with(".idx")) continue;
    const auto checked = check_pack(directory, name);
    // A repack has just replaced it, or its pack is not there yet: then git does not read it either.
    if (!checked && !is_missing(checked.error())) return checked;
  }
  return {};
}

Result<std::string> read_alternates(const fs::Directory& objects) {
  const auto file = objects.open_file("info/alternates", O_RDONLY | O_NONBLOCK);
  if (!file && is_missing(file.error())) return std::string{};
  if (!file) return fail(file.error());
  return read_small_file(*file, kLongestAlternates);
}

}  // namespace

void Object::Free::operator()(git_odb_object* object) const {
  git_odb_object_free(object);
}

void ObjectDatabase::Free::operator()(git_odb* database) const {
  git_odb_free(database);
}

std::string_view Object::bytes() const {
  if (!packed_) return {loose_.data(), loose_.size()};
  return {static_cast<const char*>(git_odb_object_data(packed_.get())), git_odb_object_size(packed_.get())};
}

Status ObjectDatabase::add_objects_of(fs::Directory objects, int depth) {
  const auto packs = objects.open_directory("pack");
  if (packs || !is_missing(packs.error())) {
    const auto checked = packs ? check_packs(*packs) : fail(packs.error());
    if (!checked) return fail(checked.error());
  }
  git_odb_backend* backend = nullptr;
  if (git_odb_backend_pack(&backend, objects.name().c_str()) < 0 ||
      git_odb_add_backend(packs_.get(), backend, 1) < 0) {
    return fail(ErrorKind::integrity,
                objects.name() + ": its packs cannot be read: " + last_message() + "; run git fsck there");
  }
  const auto alternates = read_alternates(objects);
  if (!alternates) return fail(alternates.error());
  const std::string name = objects.name();
  fs::FileOps& ops = objects.ops();
  auto loose = LooseObjects::open(std::move(objects));
  if (!loose) return fail(loose.error());
  loose_.push_back(std::move(*loose));
  for (const std::string_view line : split(*alternates, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    if (depth == kDeepestAlternates || loose_.size() > kMostAlternates)
      return fail(ErrorKind::invalid, name + ": its alternates go on for too long");
    const std::string path = line.front() == '/' ? std::string{line} : name + "/" + std::string{line};
    auto alternate = fs::Directory::open(ops, path);
    if (!alternate) return fail(alternate.error());
    if (auto added = add_objects_of(std::move(*alternate), depth + 1); !added) return added;
  }
  return {};
}

Result<ObjectDatabase> ObjectDatabase::open(const fs::Directory& git_directory) {
  start_library();
  ObjectDatabase made;
  made.name_ = git_directory.name();
  git_odb* packs = nullptr;
  if (git_odb_new(&packs) < 0) return fail(ErrorKind::transient, made.name_ + ": " + last_message());
  made.packs_.reset(packs);
  auto objects = fs::Directory::open(git_directory.ops(), git_directory.name_of("objects"));
  if (!objects) return fail(objects.error());
  if (auto added = made.add_objects_of(std::move(*objects), 0); !added) return fail(added.error());
  return made;
}

Error ObjectDatabase::damaged(const ObjectId& id, std::string_view why) const {
  return {ErrorKind::integrity,
          name_ + ": git object " + id.hex() + " cannot be read (" + std::string{why} +
              "); run git fsck there, and fetch the dataset again",
          0};
}

Error ObjectDatabase::wrong_type(const ObjectId& id, ObjectType found, ObjectType wanted) const {
  return {ErrorKind::integrity,
          name_ + ": git object " + id.hex() + " is a " + std::string{name(found)} + " where a " +
              std::string{name(wanted)} + " should be; run git fsck there",
          0};
}

Result<std::optional<ObjectDatabase::Found>> ObjectDatabase::find_loose(const ObjectId& id,
                                                                        std::size_t limit) const {
  for (const LooseObjects& loose : loose_) {
    auto read = loose.read(id, limit);
    if (!read) return failure_of(read);
    if (!*read) continue;
    Found found;
    found.header = {(*read)->type, (*read)->size};
    if ((*read)->size <= limit) {
      found.object.emplace();
      found.object->type_ = (*read)->type;
      found.object->loose_ = std::move((*read)->bytes);
    }
    return std::optional<Found>{std::move(found)};
  }
  return std::optional<Found>{};
}

Result<std::optional<ObjectDatabase::Found>> ObjectDatabase::find_packed(const ObjectId& id,
                                                                         std::size_t limit) const {
  const git_oid oid = to_git(id);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  Found found;
  const int result = git_odb_read_header(&size, &type, packs_.get(), &oid);
  if (result == GIT_ENOTFOUND) return std::optional<Found>{};
  if (result < 0) return fail(damaged(id, last_message()));
  if (!to_type(type, found.header.type)) return fail(damaged(id, "it has an unknown type"));
  found.header.size = size;
  if (size > limit) return std::optional<Found>{std::move(found)};
  git_odb_object* raw = nullptr;
  if (git_odb_read(&raw, packs_.get(), &oid) < 0) return fail(damaged(id, last_message()));
  found.object.emplace();
  found.object->packed_.reset(raw);
  found.object->type_ = found.header.type;
  return std::optional<Found>{std::move(found)};
}

// Loose first, for libgit2 searches long for what is in no pack. What is nowhere may have come since we
// looked.
Result<ObjectDatabase::Found> ObjectDatabase::find(const ObjectId& id, std::size_t limit) const {
  for (const bool again : {false, true}) {
    if (again) {
      for (LooseObjects& loose : loose_)
        if (auto refreshed = loose.refresh(); !refreshed) return fail(refreshed.error());
    }
    auto found = find_loose(id, limit);
    if (found && !*found) found = find_packed(id, limit);
    if (!found) return failure_of(found);
    if (*found) return std::move(**found);
  }
  return fail(damaged(id, "it is not there"));
}

Result<ObjectHeader> ObjectDatabase::header(const ObjectId& id) const {
  const auto found = find(id, 0);
  if (!found) return fail(found.error());
  return found->header;
}

Result<Object> ObjectDatabase::read(const ObjectId& id, ObjectType type, std::size_t limit) const {
  auto found = find(id, limit);
  if (!found) return failure_of(found);
  if (found->header.type != type) return fail(wrong_type(id, found->header.type, type));
  if (found->object) return std::move(*found->object);
  return fail(ErrorKind::invalid, name_ + ": git object " + id.hex() + " has " +
                                      std::to_string(found->header.size) + " bytes; at most " +
                                      std::to_string(limit) + " are read");
}

Result<std::optional<Object>> ObjectDatabase::read_blob_up_to(const ObjectId& id, std::size_t limit) const {
  auto found = find(id, limit);
  if (!found) return failure_of(found);
  if (found->header.type != ObjectType::blob)
    return fail(wrong_type(id, found->header.type, ObjectType::blob));
  return std::move(found->object);
}

Result<ObjectId> ObjectDatabase::complete(std::string_view digits) const {
  const auto none = [&] {
    return fail(ErrorKind::not_found, name_ + " has no commit '" + one_line(digits) + "'");
  };
  const auto several = [&] {
    return fail(ErrorKind::invalid, name_ + " has several objects whose names begin with " +
                                        std::string{digits} + "; give more of it");
  };
  if (digits.size() < GIT_OID_MINPREFIXLEN || digits.size() > GIT_OID_HEXSZ) return none();
  const auto prefix = ObjectId::parse(std::string{digits} + std::string(GIT_OID_HEXSZ - digits.size(), '0'));
  if (!prefix) return none();
  std::set<ObjectId> found;
  const std::string lower = prefix->hex().substr(0, digits.size());
  for (const LooseObjects& loose : loose_) {
    const auto some = loose.find(lower, 2);
    if (!some) return fail(some.error());
    found.insert(some->begin(), some->end());
  }
  const git_oid oid = to_git(*prefix);
  git_oid full;
  const int result = git_odb_exists_prefix(&full, packs_.get(), &oid, digits.size());
  if (result == GIT_EAMBIGUOUS) return several();
  if (result == 0) {
    ObjectId id;
    std::copy(std::begin(full.id), std::end(full.id), id.bytes.begin());
    found.insert(id);
  }
  if (found.size() > 1) return several();
  if (found.empty()) return none();
  return *found.begin();
}

}  // namespace microstage::repo
