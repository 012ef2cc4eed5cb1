#include "lib/store/ria_dataset.h"

#include <cerrno>

#include "lib/core/text.h"
#include "lib/store/damaged_members.h"
#include "lib/store/shared_repository.h"

namespace microstage::store {

namespace {

constexpr const char* kWorkDirectory = ".microstage";
constexpr int kMostTries = 16;

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

}  // namespace

Result<RiaDataset> RiaDataset::open(const RiaStore& store, const DatasetId& id, UnknownLayout unknown) {
  auto directory = store.open_dataset(id);
  if (!directory) return failure_of(directory);
  const auto version = read_layout_version(*directory);
  if (!version && is_missing(version.error())) return fail(store.absence_of(id));
  if (!version) return fail(version.error());
  const bool known = version->number == "1" || version->number == "2";
  if (!known && unknown == UnknownLayout::refuse) {
    return fail(ErrorKind::unsupported, "the dataset " + directory->name() + " has layout version '" +
                                            version->number +
                                            "', which this program does not know; it knows 1 and 2");
  }
  const auto hash_directories = version->number == "1" ? HashDirectories::lower : HashDirectories::mixed;
  return RiaDataset(store.path(), id.store_path(), std::move(*directory), hash_directories);
}

RiaDataset::RiaDataset(RiaDataset&& other) noexcept
    : store_path_(std::move(other.store_path_)),
      below_store_(std::move(other.below_store_)),
      directory_(std::move(other.directory_)),
      hash_directories_(other.hash_directories_),
      sharing_(other.sharing_),
      swept_(std::exchange(other.swept_, false)),
      objects_durable_(other.objects_durable_) {}

RiaDataset::~RiaDataset() {
  // Also what a process left that was killed: the one after it may have nothing to store.
  if (const auto work = directory_.open_directory(kWorkDirectory)) {
    sweep(*work);
    ignore_error(directory_.remove_directory(kWorkDirectory), "not empty, or in use by others");
  }
}

std::string RiaDataset::key_directory(const annex::Key& key) const {
  const std::string member = member_path(key);
  return std::string{kObjects} + "/" + member.substr(0, member.rfind('/'));
}

std::string RiaDataset::member_path(const annex::Key& key) const {
  return object_below_objects(hash_directories_, key);
}

std::string RiaDataset::object_path(const annex::Key& key) const {
  return key_directory(key) + "/" + key.file_name();
}

// A store that was unmounted under us, or whose server lost its mind, also answers "no such file". Absence is
// only believed while the path of the store still leads to the directory that we hold.
Status RiaDataset::confirm_still_there() const {
  const auto held = directory_.status();
  if (!held) return fail(held.error());
  const auto root = fs::Directory::open(directory_.ops(), store_path_);
  const auto named = root ? root->status_of(below_store_) : fail(root.error());
  if (named && named->identity == held->identity) return {};
  if (!named && !is_missing(named.error())) return fail(named.error());
  return fail(ErrorKind::mount_sick,
              "the dataset " + path() + " vanished while it was in use; is the store mounted?");
}

Result<Presence> RiaDataset::loose_presence(const annex::Key& key, std::optional<std::uint64_t> size) const {
  const auto status = directory_.status_of(object_path(key));
  if (!status && !is_missing(status.error())) return fail(status.error());
  // What we hold open may have been moved aside meanwhile: then neither its objects nor their absence count.
  if (auto there = confirm_still_there(); !there) return fail(there.error());
  if (!status) return Presence::absent;
  const bool right = status->is_regular() && (!size || status->size == *size);
  return right ? Presence::present : Presence::wrong_size;
}

Result<Presence> RiaDataset::archived_presence(const annex::Key& key,
                                               std::optional<std::uint64_t> size) const {
  const auto contents = archive_.contents(directory_);
  if (!contents) return fail(contents.error());
  const auto member = *contents ? (*contents)->members.find(member_path(key)) : std::nullopt;
  if (!member) return Presence::absent;
  if (size && member->size != *size) return Presence::wrong_size;
  const auto damaged = is_noted_damaged(directory_, key, (*contents)->status);
  if (!damaged) return fail(damaged.error());
  return *damaged ? Presence::wrong_size : Presence::archived;
}

std::string RiaDataset::storage_uuid() const {
  return read_storage_uuid(directory_);
}

std::optional<fs::FileStatus> RiaDataset::holder_of(const annex::Key& key) const {
  const auto presence = find(key);
  if (presence && *presence == Presence::archived) {
    const auto contents = archive_.contents(directory_);
    return contents && *contents ? std::optional((*contents)->status) : std::nullopt;
  }
  const auto status = directory_.status_of(object_path(key));
  return status ? std::optional(*status) : std::nullopt;
}

Result<Presence> RiaDataset::find(const annex::Key& key) const {
  const auto size = key.content_size();
  const auto loose = loose_presence(key, size);
  if (!loose || *loose == Presence::present) return loose;
  const auto archived = archived_presence(key, size);
  if (!archived || *archived != Presence::absent) return archived;
  // Whoever unpacks an archive by hand puts the objects down and then moves the archive away: between our two
  // looks, perhaps.
  return *loose == Presence::absent ? loose_presence(key, size) : loose;
}

namespace {

std::string size_mismatch(const std::string& name, std::uint64_t size, std::optional<std::uint64_t> wanted) {
  return name + " is damaged: it has " + std::to_string(size) + " bytes" +
         (wanted ? ", and the key says " + std::to_string(*wanted) : std::string{});
}

std::string member_name(const fs::Directory& dataset, std::string_view path) {
  return dataset.name_of(SealedArchive::kPath) + ", member " + std::string{path};
}

}  // namespace

Result<std::optional<StoredObject>> RiaDataset::open_archived(const annex::Key& key) const {
  const auto opened = archive_.open(directory_);
  if (!opened) return fail(opened.error());
  if (!*opened) return std::optional<StoredObject>{};
  const auto member = (*opened)->contents->members.find(member_path(key));
  if (!member) return std::optional<StoredObject>{};
  std::string name = member_name(directory_, member->path);
  const auto size = key.content_size();
  if (size && member->size != *size)
    return fail(ErrorKind::integrity, size_mismatch(name, member->size, size));
  auto source =
      std::make_unique<transfer::FileSource>((*opened)->file, member->offset, member->size, std::move(name));
  return StoredObject{std::move(source), (*opened)->contents->status, true};
}

Result<std::optional<StoredObject>> RiaDataset::open_loose(const annex::Key& key, Status& wrong) const {
  auto file = directory_.open_file(object_path(key), O_RDONLY | O_NONBLOCK);
  if (!file && is_missing(file.error())) return std::optional<StoredObject>{};
  if (!file) return failure_of(file);
  const auto status = file->status();
  if (!status) return fail(status.error());
  const auto size = key.content_size();
  if (!status->is_regular() || (size && status->size != *size)) {
    wrong = fail(ErrorKind::integrity, size_mismatch(file->name(), status->size, size));
    return std::optional<StoredObject>{};
  }
  auto source =
      std::make_unique<transfer::FileSource>(std::make_shared<fs::File>(std::move(*file)), 0, status->size);
  return StoredObject{std::move(source), *status};
}

Result<StoredObject> RiaDataset::open_object(const annex::Key& key) const {
  Status wrong{};
  for (const bool again : {false, true}) {
    auto loose = open_loose(key, wrong);
    if (!loose) return failure_of(loose);
    if (*loose) return std::move(**loose);
    if (again) break;  // the archive may have been unpacked between our looks, as in find
    auto archived = open_archived(key);
    if (!archived) return failure_of(archived);
    if (*archived) return std::move(**archived);
  }
  if (!wrong) return fail(wrong.error());
  if (auto there = confirm_still_there(); !there) return fail(there.error());
  return fail(ErrorKind::not_found, path() + " does not have it", ENOENT);
}

std::optional<std::string> RiaDataset::whereabouts(const annex::Key& key) const {
  const auto presence = find(key);
  if (presence && *presence == Presence::present) return directory_.name_of(object_path(key));
  if (presence && *presence == Presence::archived) return member_name(directory_, member_path(key));
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> RiaDataset::describe() const {
  const bool mixed = hash_directories_ == HashDirectories::mixed;
  std::vector<std::pair<std::string, std::string>> fields{
      {"layout", mixed ? "2 (mixed hash directories)" : "1 (lower hash directories)"}, {"path", path()}};
  if (const auto counts = count_objects()) {
    fields.emplace_back("loose objects",
                        std::to_string(counts->objects) + " (" + human_size(counts->bytes) + ")");
  }
  const auto archive = archive_.contents(directory_);
  if (!archive) {
    fields.emplace_back("archive", archive.error().message);
  } else if (*archive) {
    const auto& members = (*archive)->members;
    fields.emplace_back("archive",
                        std::to_string(members.size()) + " objects (" + human_size(members.bytes()) + ")");
  } else {
    fields.emplace_back("archive", "no");
  }
  return fields;
}

const fs::Sharing& RiaDataset::sharing() {
  const std::lock_guard lock(mutex_);
  if (!sharing_) sharing_ = read_shared_repository(directory_);
  return *sharing_;
}

Result<fs::Directory> RiaDataset::work_directory() {
  auto directory = directory_.make_path(kWorkDirectory, sharing());
  if (directory) sweep(*directory);
  return directory;
}

void RiaDataset::sweep(const fs::Directory& work) {
  const std::lock_guard lock(mutex_);
  if (swept_) return;
  ignore_error(fs::sweep_temporary_files(work), "litter that cannot be swept harms nobody");
  swept_ = true;
}

Result<fs::Directory> RiaDataset::make_key_directory(const annex::Key& key) {
  auto objects = directory_.open_directory(kObjects);
  if (!objects && objects.error().code == ENOENT) {
    objects = directory_.make_path(kObjects, sharing());
  } else if (objects) {
    const std::lock_guard lock(mutex_);
    if (!objects_durable_)
      if (auto synced = directory_.sync_path(kObjects); !synced) return fail(synced.error());
    objects_durable_ = true;
  }
  if (!objects) return objects;
  const std::string below = key_directory(key).substr(std::string_view{kObjects}.size() + 1);
  return make_durable_path(*objects, below, sharing());
}

Error RiaDataset::explained(Error error) const {
  if (!is_missing(error)) return error;
  auto there = confirm_still_there();
  return there ? std::move(error) : std::move(there.error());
}

void RiaDataset::prune_empty(const annex::Key& key) {
  prune_empty_directories(directory_, key_directory(key), std::string_view{kObjects}.size());
}

Status RiaDataset::check_unsealed(const annex::Key& key) const {
  const auto archived = archived_presence(key, std::nullopt);
  if (!archived) return fail(archived.error());
  if (*archived == Presence::absent) return {};
  return fail(ErrorKind::unsupported, "it is sealed in " + member_name(directory_, member_path(key)) +
                                          "; this program removes nothing from an archive");
}

Status RiaDataset::remove(const annex::Key& key) {
  if (auto unsealed = check_unsealed(key); !unsealed) return unsealed;
  for (int tries = 0;; ++tries) {
    const auto directory = directory_.open_directory(key_directory(key));
    const Status removed = directory ? directory->unlink(key.file_name()) : fail(directory.error());
    if (!removed && !is_missing(removed.error())) return removed;
    const auto presence = removed ? Presence::absent : loose_presence(key, std::nullopt);
    if (!presence) return fail(presence.error());
    if (*presence != Presence::absent) {  // stored at this moment
      if (tries < kMostTries) continue;
      return fail(ErrorKind::transient, directory_.name_of(object_path(key)) + " keeps coming back");
    }
    prune_empty(key);            // also what a removal left that was stopped in the middle
    return check_unsealed(key);  // it may have been sealed meanwhile
  }
}

Result<ObjectCounts> RiaDataset::count_objects() const {
  ObjectCounts counts;
  std::vector<std::string> todo{kObjects};
  while (!todo.empty()) {
    const std::string path = std::move(todo.back());
    todo.pop_back();
    const auto directory = directory_.open_directory(path);
    if (!directory && is_missing(directory.error())) continue;
    if (!directory) return fail(directory.error());
    const auto names = directory->list();
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      const auto status = directory->status_of(name);
      if (!status) continue;  // removed meanwhile
      if (status->is_directory()) todo.push_back(path + "/" + name);
      if (!status->is_regular()) continue;
      ++counts.objects;
      counts.bytes += status->size;
    }
  }
  return counts;
}

}  // namespace microstage::store
