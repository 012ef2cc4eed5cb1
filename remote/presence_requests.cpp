// SpecialRemote: the requests about what is where: CHECKPRESENT, REMOVE, WHEREIS, GETCOST, GETAVAILABILITY,
// GETINFO.

#include "remote/special_remote.h"

namespace microstage::remote {

std::string SpecialRemote::check_present(const Request& request, Conversation& conversation) {
  memory_.note_other_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return failure_reply(request, key.error().message);
  const auto where = readable_dataset();
  if (!where) return unknown(request, where.error(), conversation);
  const auto presence = (*where)->find(*key);
  if (!presence) return unknown(request, presence.error(), conversation);
  switch (*presence) {
    case store::Presence::present:
    case store::Presence::archived:
      if (const auto damage = known_damage(*key)) return no_copy(request, *damage, **where, conversation);
      return success_reply(request);
    case store::Presence::absent:
    case store::Presence::wrong_size:
      break;
  }
  return absent_reply(request.key);
}

// Of one that looks right and is known not to be.
std::string SpecialRemote::no_copy(const Request& request, const DamageMark& damage,
                                   const store::ReadableDataset& where, Conversation& conversation) {
  if (!damage.unreadable)
    return failure_reply(request, request.key + " was found damaged in " + where.path());
  const Error error{
      ErrorKind::transient,
      request.key + " in " + where.path() +
          " could not be read, and still cannot: is the disk well? To put a good copy in its place, run "
          "git annex drop --from this remote, then copy it there",
      0};
  return unknown(request, error, conversation);
}

Status SpecialRemote::remove(const Request& request, Conversation& conversation) {
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  const LastStore last = memory_.last_store(request.key);
  memory_.note_other_request(request.key);
  if (last == LastStore::kept) {
    return fail(
        ErrorKind::source_changed,
        "it was stored a moment ago, but the local file changed or vanished since; the store keeps its copy, "
        "which may be the last one");
  }
  const auto where = writable_dataset();
  if (!where) return fail(where.error());
  const auto presence = (*where)->find(*key);
  if (!presence) return fail(presence.error());
  // An unproven copy of a file that changed meanwhile is probably wrong: nobody must see it, nor must it be
  // lost.
  const bool suspect = last == LastStore::unproven || *presence == store::Presence::wrong_size ||
                       known_damage(*key).has_value();
  if (!suspect) return (*where)->remove(*key);
  const auto kept = (*where)->quarantine(*key);
  if (!kept) return fail(kept.error());
  if (*kept)
    conversation.inform("the object of " + request.key + " is not to be trusted and was moved to " + **kept);
  if (auto unsealed = (*where)->check_unsealed(*key); !unsealed) return unsealed;
  damage_marks().forget(*key);
  return {};
}

std::string SpecialRemote::where_is(const Request& request) {
  memory_.note_other_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return failure_reply(request, {});
  const auto where = readable_dataset();
  if (!where) return failure_reply(request, {});
  const auto place = (*where)->whereabouts(*key);
  return place ? where_is_reply(*place) : failure_reply(request, {});
}

unsigned SpecialRemote::cost() {
  // Just below the 100 and 200 that DataLad's ORA remote gives the same store: with both there, ours is used.
  constexpr unsigned kLocalCost = 90;
  constexpr unsigned kNetworkCost = 190;
  const auto where = url(Access::read);
  return where && where->is_local() ? kLocalCost : kNetworkCost;
}

Availability SpecialRemote::availability(const Conversation& conversation) {
  const auto where = url(Access::read);
  if (where && !where->is_local()) return Availability::global;
  if (conversation.has(Extension::unavailable_response) && !readable_dataset())
    return Availability::unavailable;
  return Availability::local;
}

std::vector<InfoField> SpecialRemote::info() {
  std::vector<InfoField> fields;
  // Also under another program's name.
  fields.push_back({"served by", "microstage " MICROSTAGE_VERSION});
  const auto where = url(Access::read);
  fields.push_back({"store", where ? where->text() : where.error().message});
  const auto known = settings();
  fields.push_back({"dataset", known ? (*known)->archive_id : known.error().message});
  const auto config = git_config();
  if (known && config) {
    const bool follow = git_annex_verifies(**config, (*known)->git_remote);
    fields.push_back({"verification", follow ? "git-annex follows the file" : "verify-once, by microstage"});
  }
  const auto opened = readable_dataset();
  if (!opened) {
    fields.push_back({"state", "not available: " + opened.error().message});
    return fields;
  }
  for (const auto& [name, value] : (*opened)->describe())
    fields.push_back({name, value});
  return fields;
}

}  // namespace microstage::remote
