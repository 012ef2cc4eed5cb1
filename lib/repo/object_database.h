#pragma once
// The objects of one git repository: packs, by libgit2; loose ones, by ourselves; and those of repositories
// that it borrows from (alternates). No git_repository is opened: nothing of a dataset's configuration is
// read, let alone obeyed, so that datasets of other accounts can be read without being trusted (what
// safe.directory guards against is their configuration and hooks).
//
// Bounds: an object longer than the caller's limit is not unpacked. Named pipes and devices in place of
// files, and packs whose deltas lead to themselves, are refused. Who swaps one in for a pack between the look
// and the opening can hold up the reader.
//
// Threads: one at a time. Errors are copied from libgit2 where they arise.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/repo/loose_objects.h"

struct git_odb;
struct git_odb_object;

namespace microstage::repo {

class Object {
 public:
  [[nodiscard]] ObjectType type() const { return type_; }
  [[nodiscard]] std::string_view bytes() const;  // valid as long as this object

 private:
  friend class ObjectDatabase;
  struct Free {
    void operator()(git_odb_object* object) const;
  };
  std::unique_ptr<git_odb_object, Free> packed_;
  std::vector<char> loose_;  // where packed_ is null
  ObjectType type_ = ObjectType::blob;
};

struct ObjectHeader {
  ObjectType type = ObjectType::blob;
  std::uint64_t size = 0;
};

class ObjectDatabase {
 public:
  // `git_directory` is the repository's common one. Error: not_found without an objects directory, invalid
  // where something in it is no regular file.
  [[nodiscard]] static Result<ObjectDatabase> open(const fs::Directory& git_directory);

  // Errors of both: integrity for an object that is missing or damaged; of read also invalid, when the object
  // is of another type or longer than `limit`.
  [[nodiscard]] Result<ObjectHeader> header(const ObjectId& id) const;
  [[nodiscard]] Result<Object> read(const ObjectId& id, ObjectType type, std::size_t limit) const;

  // A blob that may be a pointer or a link: nothing when it is longer than `limit`.
  [[nodiscard]] Result<std::optional<Object>> read_blob_up_to(const ObjectId& id, std::size_t limit) const;

  // The one object whose name begins with these 4 to 40 hex digits; not_found when there is none, invalid
  // when there are several.
  [[nodiscard]] Result<ObjectId> complete(std::string_view digits) const;

 private:
  struct Free {
    void operator()(git_odb* database) const;
  };
  // Type and size, and the object itself unless it is longer than the limit.
  struct Found {
    ObjectHeader header;
    std::optional<Object> object;
  };
  ObjectDatabase() = default;
  [[nodiscard]] Status add_objects_of(fs::Directory objects, int depth);
  [[nodiscard]] Result<std::optional<Found>> find_loose(const ObjectId& id, std::size_t limit) const;
  [[nodiscard]] Result<std::optional<Found>> find_packed(const ObjectId& id, std::size_t limit) const;
  [[nodiscard]] Result<Found> find(const ObjectId& id, std::size_t limit) const;
  [[nodiscard]] Error wrong_type(const ObjectId& id, ObjectType found, ObjectType wanted) const;
  [[nodiscard]] Error damaged(const ObjectId& id, std::string_view why) const;

  std::string name_;
  std::unique_ptr<git_odb, Free> packs_;
  mutable std::vector<LooseObjects> loose_;  // our own first
};

}  // namespace microstage::repo
