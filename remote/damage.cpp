// SpecialRemote: what is known and done about objects that are damaged or cannot be read.

#include <algorithm>
#include <cerrno>
#include <vector>

#include "lib/store/damaged_members.h"
#include "lib/transfer/copy.h"
#include "remote/special_remote.h"

namespace microstage::remote {

namespace {

// The medium or the file system's own checks, as opposed to a mount that went away.
bool is_unreadable(const Error& error) {
  switch (error.code) {
    case EIO:
    case EREMOTEIO:
    case ENODATA:  // a bad sector, read directly
    case EILSEQ:   // protection information that does not match
    case EBADMSG:  // a checksum of the file system that does not match
    case EUCLEAN:  // its metadata is damaged
      return true;
    default:
      return false;
  }
}

std::string state_of(const std::optional<fs::FileStatus>& holder) {
  return holder ? store::state_note(*holder) : std::string{};
}

}  // namespace

// While the file that the mark is about is still the one there.
std::optional<DamageMark> SpecialRemote::known_damage(const annex::Key& key) {
  auto mark = damage_marks().find(key);
  if (!mark || mark->state.empty()) return mark;
  const auto where = readable_dataset();
  const auto now = where ? (*where)->holder_of(key) : std::nullopt;
  if (now && store::state_note(*now) != mark->state) return std::nullopt;
  if (!mark->unreadable || !reads_again(key, *mark->unreadable)) return mark;
  damage_marks().forget(key);
  return std::nullopt;
}

// The same part once more, from the disk.
bool SpecialRemote::reads_again(const annex::Key& key, const ObjectPart& part) {
  constexpr std::uint64_t kMost = std::uint64_t{4} << 20U;
  const auto where = readable_dataset();
  const auto object = where ? (*where)->open_object(key) : fail(where.error());
  if (!object) return false;
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(part.size, kMost)));
  object->source->drop_cache(part.offset, buffer.size());
  const auto count = object->source->read_at(buffer, part.offset);
  return count && *count == buffer.size();
}

// A presence check would go on vouching for it by its size: git annex drop would then delete the last good
// copy elsewhere. What is behind a server is not marked; there the way to it fails more often than the disk.
Error SpecialRemote::note_unreadable(const annex::Key& key, const std::optional<fs::FileStatus>& holder,
                                     const ObjectPart& part, Error error) {
  if (!holder || !is_unreadable(error)) return error;
  damage_marks().note(key, {state_of(holder), part});
  error.message += "; until it can be read again it does not count as a copy";
  return error;
}

// git-annex itself asks for no removal after a retrieve that failed, not even in fsck, and a presence check
// would go on vouching for the object: git annex drop would then delete the last good copy elsewhere.
Error SpecialRemote::handle_damage(const annex::Key& key, const store::StoredObject& object, Error found,
                                   Conversation& conversation) {
  const auto digest = key.digest();
  if (!digest) return found;
  object.source->drop_cache(0, object.source->size());
  const auto hasher = make_hasher(digest->algorithm);
  if (!hasher) return found;
  const auto hashed = transfer::hash_bytes(*object.source, *hasher, conversation.stop_token());
  if (!hashed) return hashed.error();
  if (hasher->finish() == digest->hex) {
    return {ErrorKind::transient,
            object.source->name() + " was read wrongly once and rightly the second time", 0};
  }
  if (!object.holder) {
    // A server, or what lies on the way to it, may have damaged it: what is in the store may be good.
    damage_marks().note(key, {});
    found.message += "; ask who runs the server to have the store checked";
    return found;
  }
  if (object.archived) return damaged_member(key, object, std::move(found));
  const auto from = writable_dataset();
  const auto moved = from ? (*from)->quarantine(key, object.holder->identity) : fail(from.error());
  if (moved && *moved) {
    // Said apart from the error, which fsck does not show.
    conversation.inform("the damaged object of " + key.text() + " was moved to " + **moved +
                        "; run git annex fsck --from on this remote once more, then copy a good one there");
    return found;
  }
  // Also when nothing was moved: seen through another mount, the same file may have another identity.
  damage_marks().note(key, {state_of(object.holder), std::nullopt});
  if (!moved) found.message += ", and it could not be moved out of the way: " + moved.error().message;
  return found;
}

Error SpecialRemote::damaged_member(const annex::Key& key, const store::StoredObject& object, Error found) {
  const auto where = writable_dataset();
  const auto noted = where && object.holder ? (*where)->note_damaged_member(key, object.holder->identity)
                                            : Result<bool>(false);
  found.message += ". Nothing was moved, for an archive is only read";
  if (noted && *noted) {
    found.message +=
        "; it does not count as a copy any more: run git annex fsck --from on this remote, then copy a "
        "good one there, which goes beside the archive";
  } else {
    damage_marks().note(key, {state_of(object.holder), std::nullopt});
    found.message += ", and the damage could not be noted in the store" +
                     (noted ? std::string{} : " (" + noted.error().message + ")") +
                     ": keep every other copy, and write the archive anew";
  }
  return found;
}

}  // namespace microstage::remote
