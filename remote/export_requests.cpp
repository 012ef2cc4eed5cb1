// SpecialRemote with exporttree=yes: the requests about files of a plain tree.

#include "remote/special_remote.h"

#include "lib/core/text.h"
#include "remote/answer.h"
#include "remote/reports.h"
#include "remote/throttle.h"

namespace microstage::remote {

namespace {

// What the session remembers of a key at one name.
std::string memory_name(const Request& request) {
  return request.key + '\n' + request.export_name;
}

struct Place {
  annex::Key key;
  store::ExportName name;
};

// Without a name the key itself says where it is. git-annex asks so only in testremote, which takes
// exporttree=yes away for a part of its tests.
Result<Place> place_of(const Request& request) {
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  if (request.export_name.empty()) return Place{*key, store::ExportName::of_object(*key)};
  const auto name = store::ExportName::parse(request.export_name);
  if (!name) return fail(name.error());
  return Place{*key, *name};
}

// A name that no tree can have: nothing was ever exported there.
bool cannot_exist(const Result<Place>& place) {
  return !place && place.error().kind == ErrorKind::unsupported;
}

bool about_content(RequestType type) {
  return type == RequestType::store || type == RequestType::retrieve || type == RequestType::check_present ||
         type == RequestType::remove;
}

}  // namespace

// Asked with the configuration that the remote is about to have. Refusing a mixture is left to INITREMOTE,
// which can say why.
Result<bool> SpecialRemote::export_supported(Conversation& conversation) {
  const auto wanted = conversation.ask("GETCONFIG exporttree");
  if (!wanted) return fail(wanted.error());
  if (is_yes(*wanted)) return true;
  const auto where = conversation.ask("GETCONFIG url");
  if (!where) return fail(where.error());
  return store::is_tree_url(*where);
}

Result<std::shared_ptr<store::ExportTree>> SpecialRemote::tree(const CommittedSettings& known) {
  {
    const std::lock_guard lock(mutex_);
    if (tree_) return tree_;
  }
  const auto config = git_config();
  if (!config) return fail(config.error());
  const auto path = effective_tree(known, **config);
  if (!path) return fail(path.error());
  auto opened = store::ExportTree::open(ops_, *path);
  if (!opened) return fail(opened.error());
  const std::lock_guard lock(mutex_);
  if (!tree_) tree_ = std::move(*opened);
  return tree_;
}

std::vector<std::string> SpecialRemote::serve_tree(const Request& request, const CommittedSettings& known,
                                                   Conversation& conversation, control::Report& report) {
  if (known.export_tree && request.export_name.empty() && about_content(request.type)) {
    return {reply(
        request,
        fail(ErrorKind::unsupported, "this remote keeps a file tree (exporttree=yes); use git annex export"),
        report)};
  }
  constexpr unsigned kCost = 100;  // git-annex's for what is cheap; a store of ours costs less
  const auto opened = tree(known);
  switch (request.type) {
    case RequestType::get_cost:
      return {cost_reply(kCost)};
    case RequestType::get_availability: {
      const bool sick = !opened && conversation.has(Extension::unavailable_response);
      return {availability_reply(sick ? Availability::unavailable : Availability::local)};
    }
    case RequestType::get_info:
      return info_reply(tree_info(known));
    case RequestType::where_is:
      return {failure_reply(request, {})};
    default:
      break;
  }
  if (!opened) return {reply(request, fail(opened.error()), report)};
  store::ExportTree& where = **opened;
  switch (request.type) {
    case RequestType::store:
      return {reply(request, store_in_tree(request, where, conversation, report), report)};
    case RequestType::retrieve:
      return {reply(request, retrieve_from_tree(request, where, conversation, report), report)};
    case RequestType::check_present:
      return {check_tree(request, where, conversation)};
    case RequestType::remove:
      return {reply(request, note_change(remove_from_tree(request, where, conversation)), report)};
    case RequestType::rename_export:
      return {reply(request, note_change(rename_in_tree(request, where, conversation)), report)};
    case RequestType::remove_export_directory:
      return {reply(request, remove_directory_of_tree(request, where, conversation))};
    default:
      return {"UNSUPPORTED-REQUEST"};
  }
}

Status SpecialRemote::store_in_tree(const Request& request, store::ExportTree& to, Conversation& conversation,
                                    control::Report& told) {
  memory_.note_other_request(memory_name(request));
  const auto place = place_of(request);
  if (!place) return fail(place.error());
  const auto control = store_control(conversation, told);
  if (!control) return fail(control.error());
  const auto report = to.store(place->key, place->name, request.file, *control);
  if (!report) return fail(report.error());
  note_stored(told, place->key, *report, control->read_back);
  if (report->hashed && !request.export_name.empty())
    memory_.note_store(memory_name(request), LastStore::kept);
  conversation.debug(
      "exported " + place->name.path() + ", " +
      (report->hashed ? "every byte hashed" : "checked by its size only: its key has no usable digest"));
  return {};
}

Status SpecialRemote::retrieve_from_tree(const Request& request, store::ExportTree& from,
                                         Conversation& conversation, control::Report& report) {
  memory_.note_other_request(memory_name(request));
  const auto place = place_of(request);
  if (!place) return fail(place.error());
  const auto file = from.open_file(place->key, place->name);
  if (!file) return fail(file.error());
  auto delivered = deliver_to_annex(place->key, request.file, *file->source, conversation, report);
  if (delivered || delivered.error().kind != ErrorKind::integrity) return delivered;
  from.note_wrong(place->key, place->name, *file);
  return fail(ErrorKind::integrity,
              file->source->name() +
                  " is not the file that was exported: somebody changed it. Remove it there, then run git "
                  "annex fsck --fast --from on this remote and export again");
}

Status SpecialRemote::note_change(Status done) {
  if (!done) tree_settled_ = false;
  return done;
}

// Where a removal or a renaming did not happen, git-annex notes the failure and asks about the new files all
// the same: another content of the same size must not pass for one of them, for it is removed in the next
// export and the new one, noted as present, never exported.
std::string SpecialRemote::check_tree(const Request& request, store::ExportTree& where,
                                      const Conversation& conversation) {
  memory_.note_other_request(memory_name(request));
  const auto place = place_of(request);
  if (cannot_exist(place)) return absent_reply(request.key);
  if (!place) return reply(request, fail(place.error()));
  const auto presence = where.find(place->key, place->name, conversation.stop_token(), !tree_settled_);
  if (!presence) return reply(request, fail(presence.error()));
  return *presence == store::Presence::present ? success_reply(request) : absent_reply(request.key);
}

// A process that died after a renaming and before its answer leaves the file under git-annex's temporary
// name, where nothing would ever look for it; what git-annex then asks for is to remove it by its old name.
Status SpecialRemote::remove_left_behind(const annex::Key& key, store::ExportTree& where,
                                         Conversation& conversation) {
  const auto temporary = store::ExportName::temporary_of(key);
  if (tree_settled_ || !temporary) return {};
  const auto removed = where.remove(key, *temporary, conversation.stop_token());
  return removed ? Status{} : fail(removed.error());
}

Status SpecialRemote::remove_from_tree(const Request& request, store::ExportTree& where,
                                       Conversation& conversation) {
  const LastStore last = memory_.last_store(memory_name(request));
  memory_.note_other_request(memory_name(request));
  const auto place = place_of(request);
  if (cannot_exist(place)) return {};
  if (!place) return fail(place.error());
  if (last == LastStore::kept) {
    return fail(
        ErrorKind::source_changed,
        "it was exported a moment ago, but the local file changed or vanished since; the tree keeps its "
        "copy, which may be the last one");
  }
  const auto removed = where.remove(place->key, place->name, conversation.stop_token());
  if (!removed) return fail(removed.error());
  if (!*removed) {
    conversation.inform(where.path() + "/" + place->name.path() +
                        " stays: it holds something else than what is to be removed");
  }
  return remove_left_behind(place->key, where, conversation);
}

// The replies to the next two have no place for a reason, so it is told apart.

Status SpecialRemote::rename_in_tree(const Request& request, store::ExportTree& where,
                                     Conversation& conversation) {
  memory_.note_other_request(memory_name(request));
  const auto place = place_of(request);
  const auto to = store::ExportName::parse(request.new_name);
  Status renamed = !place ? fail(place.error())
                   : !to  ? fail(to.error())
                          : where.rename(place->key, place->name, *to, conversation.stop_token());
  if (!renamed) conversation.debug("not renamed: " + renamed.error().message);
  return renamed;
}

Status SpecialRemote::remove_directory_of_tree(const Request& request, store::ExportTree& where,
                                               Conversation& conversation) {
  const auto name = store::ExportName::parse(request.export_name);
  if (!name && name.error().kind == ErrorKind::unsupported) return {};
  const auto removed = name ? where.remove_directory(*name) : fail(name.error());
  if (!removed) {
    conversation.inform("cannot remove the directory: " + removed.error().message);
    return fail(removed.error());
  }
  // An error would come again at each export, for something that is not git-annex's.
  if (!*removed)
    conversation.inform(where.path() + "/" + name->path() + " stays: it holds files that were not exported");
  return {};
}

std::vector<InfoField> SpecialRemote::tree_info(const CommittedSettings& known) {
  std::vector<InfoField> fields;
  const auto config = git_config();
  const auto path = config ? effective_tree(known, **config) : fail(config.error());
  fields.push_back({"tree", path ? *path : path.error().message});
  if (config) {
    const bool follow = git_annex_verifies(**config, known.git_remote);
    fields.push_back({"verification", follow ? "git-annex follows the file" : "verify-once, by microstage"});
  }
  if (const auto opened = tree(known); !opened)
    fields.push_back({"state", "not available: " + opened.error().message});
  return fields;
}

}  // namespace microstage::remote
