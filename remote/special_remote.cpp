#include "remote/special_remote.h"

#include <ctime>

#include "lib/core/text.h"
#include "lib/transfer/copy.h"
#include "lib/transfer/deliver.h"
#include "lib/transfer/partials.h"
#include "remote/init_remote.h"

namespace microstage::remote {

namespace {

// What to do next, where the message of the error does not already say it.
std::string_view advice(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::space_bytes:
    case ErrorKind::space_inodes:
    case ErrorKind::space_quota:
      return "; free some space, then run the command again";
    case ErrorKind::permission:
      return "; ask who owns it for access";
    case ErrorKind::transient:
    case ErrorKind::source_changed:
    case ErrorKind::durability:
      return "; run the command again";
    default:
      return "";
  }
}

std::string explain(std::string_view what, const std::string& key, const Error& error) {
  return std::string{what} + " " + key + ": " + error.message + std::string{advice(error.kind)};
}

std::string_view what(RequestType type) {
  switch (type) {
    case RequestType::store:
      return "cannot store";
    case RequestType::retrieve:
      return "cannot retrieve";
    case RequestType::remove:
      return "cannot remove";
    default:
      return "cannot look for";
  }
}

std::string reply_to(const Request& request, const Status& status) {
  if (status) return success_reply(request);
  if (request.key.empty()) return failure_reply(request, status.error().message);
  return failure_reply(request, explain(what(request.type), request.key, status.error()));
}

}  // namespace

std::vector<std::string> SpecialRemote::serve(const Request& request, Conversation& conversation) {
  switch (request.type) {
    case RequestType::init_remote:
      return {reply_to(request, init_remote(conversation))};
    case RequestType::prepare:
      return {reply_to(request, prepare(conversation))};
    case RequestType::store:
      return {reply(request, store(request, conversation))};
    case RequestType::retrieve:
      return {reply(request, retrieve(request, conversation))};
    case RequestType::check_present:
      return {check_present(request)};
    case RequestType::remove:
      return {reply(request, remove(request, conversation))};
    case RequestType::get_cost:
      return {cost_reply(cost())};
    case RequestType::get_availability:
      return {availability_reply(availability(conversation))};
    case RequestType::where_is:
      return {where_is(request)};
    case RequestType::get_info:
      return info_reply(info());
  }
  return {"UNSUPPORTED-REQUEST"};
}

std::string SpecialRemote::reply(const Request& request, const Status& status) {
  if (!status) forget_if_stale(status.error());
  return reply_to(request, status);
}

void SpecialRemote::forget_if_stale(const Error& error) {
  if (error.kind != ErrorKind::mount_sick) return;
  const std::lock_guard lock(mutex_);
  read_dataset_.reset();
  write_dataset_.reset();
}

Status SpecialRemote::prepare(Conversation& conversation) {
  auto asked = ask_for_settings(conversation);
  if (!asked) return fail(asked.error());
  const std::lock_guard lock(mutex_);
  settings_ = std::make_shared<const CommittedSettings>(std::move(*asked));
  return {};
}

Status SpecialRemote::init_remote(Conversation& conversation) {
  auto asked = ask_for_settings(conversation);
  if (!asked) return fail(asked.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  if (auto done = initialise(ops_, *asked, **config, conversation); !done) return done;
  const std::lock_guard lock(mutex_);
  settings_ = std::make_shared<const CommittedSettings>(std::move(*asked));
  return {};
}

Result<std::shared_ptr<const CommittedSettings>> SpecialRemote::settings() {
  const std::lock_guard lock(mutex_);
  if (!settings_) return fail(ErrorKind::invalid, "git-annex sent a request before PREPARE was answered");
  return settings_;
}

Result<const GitConfig*> SpecialRemote::git_config() {
  const std::lock_guard lock(mutex_);
  if (!git_config_) {
    auto loaded = load_git_config();
    if (!loaded) return failure_of(loaded);
    git_config_ = std::make_unique<GitConfig>(std::move(*loaded));
  }
  return git_config_.get();
}

Result<store::RiaUrl> SpecialRemote::url(Access access) {
  const auto known = settings();
  if (!known) return fail(known.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  return access == Access::write ? effective_push_url(**known, **config) : effective_url(**known, **config);
}

Result<SpecialRemote::Dataset> SpecialRemote::dataset(Access access) {
  const auto where = url(access);
  if (!where) return fail(where.error());
  if (!where->is_local())
    return fail(ErrorKind::unsupported,
                where->text() + " cannot be reached by this program yet: it knows ria+file only");
  const auto known = settings();
  if (!known) return fail(known.error());
  const auto id = DatasetId::parse((*known)->archive_id);
  if (!id) return fail(id.error());
  const std::lock_guard lock(mutex_);
  Dataset& open = access == Access::write ? write_dataset_ : read_dataset_;
  if (open) return open;
  const auto store = store::RiaStore::open(ops_, where->path);
  if (!store) return fail(store.error());
  auto opened = store::RiaDataset::open(*store, *id);
  if (!opened) return failure_of(opened);
  open = std::make_shared<store::RiaDataset>(std::move(*opened));
  return open;
}

void SpecialRemote::note_request(const std::string& key) {
  const std::lock_guard lock(mutex_);
  just_stored_.erase(key);
}

std::string SpecialRemote::private_directory(const CommittedSettings& settings) {
  const std::lock_guard lock(mutex_);
  private_directory_ = settings.git_dir + "/annex/microstage/" + settings.uuid;
  return private_directory_;
}

SpecialRemote::~SpecialRemote() {
  constexpr std::int64_t kKeepPartials = 7 * 24 * 3600;  // seconds
  if (!private_directory_.empty())
    transfer::tidy_partials(ops_, private_directory_, std::time(nullptr) - kKeepPartials);
}

Status SpecialRemote::store(const Request& request, Conversation& conversation) {
  note_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  const auto target = dataset(Access::write);
  if (!target) return fail(target.error());
  store::TransferControl control;
  control.progress = [&](std::uint64_t bytes) { conversation.progress(bytes); };
  control.stop = conversation.stop_token();
  // "It is there already" is no answer for what we know to be damaged.
  if (is_damaged(request.key))
    if (const auto moved = (*target)->quarantine(*key); !moved) return fail(moved.error());
  const auto report = (*target)->store(*key, request.file, control);
  if (!report) return fail(report.error());
  const std::lock_guard lock(mutex_);
  damaged_.erase(request.key);
  if (report->already_there) {
    conversation.debug(request.key + " is in the store already, with the right size");
    return {};
  }
  if (!key->is_mutable()) just_stored_.insert(request.key);
  conversation.debug(
      "stored " + request.key + ", " +
      (report->hashed ? "every byte hashed" : "checked by its size only: its key has no usable digest"));
  return {};
}

namespace {

// In verify-once nobody compares after us, so what we cannot compare must not pass. A manifest has no digest
// by design and git-annex never checks it.
Status check_verifiable(const annex::Key& key, bool git_annex_verifies) {
  if (git_annex_verifies || key.digest() || key.is_mutable()) return {};
  return fail(
      ErrorKind::unsupported,
      "it cannot be verified (chunked, encrypted, or without a digest in its key), and unverified downloads "
      "are "
      "allowed here; unset remote.NAME.annex-security-allow-unverified-downloads to let git-annex verify it");
}

}  // namespace

bool SpecialRemote::is_damaged(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return damaged_.contains(key);
}

// git-annex itself asks for no removal after a retrieve that failed, not even in fsck, and a presence check
// would go on vouching for the object: git annex drop would then delete the last good copy elsewhere.
Error SpecialRemote::handle_damage(const annex::Key& key, const fs::File& object, Error found,
                                   Conversation& conversation) {
  const auto digest = key.digest();
  const auto status = object.status();
  if (!digest || !status) return found;
  ops_.drop_cache(object.descriptor(), 0, status->size);
  const auto hasher = make_hasher(digest->algorithm);
  const auto hashed = transfer::hash_bytes(object, status->size, *hasher, conversation.stop_token());
  if (!hashed) return hashed.error();
  if (hasher->finish() == digest->hex)
    return {ErrorKind::transient, object.name() + " was read wrongly once and rightly the second time", 0};
  const auto from = dataset(Access::write);
  const auto moved = from ? (*from)->quarantine(key, status->identity) : fail(from.error());
  if (moved && *moved)
    // Said apart from the error, which fsck does not show.
    conversation.inform("the damaged object of " + key.text() + " was moved to " + **moved +
                        "; run git annex fsck --from on this remote once more, then copy a good one there");
  if (moved) return found;
  const std::lock_guard lock(mutex_);
  damaged_.insert(key.text());
  found.message += ", and it could not be moved out of the way: " + moved.error().message;
  return found;
}

Status SpecialRemote::retrieve(const Request& request, Conversation& conversation) {
  note_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  const auto known = settings();
  if (!known) return fail(known.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  const bool verified_later = git_annex_verifies(**config, (*known)->git_remote);
  if (auto verifiable = check_verifiable(*key, verified_later); !verifiable) return verifiable;
  const auto from = dataset(Access::read);
  if (!from) return fail(from.error());
  const auto object = (*from)->open_object(*key);
  if (!object) return fail(object.error());
  const auto status = object->status();
  if (!status) return fail(status.error());
  transfer::Delivery delivery;
  delivery.path = request.file;
  delivery.private_directory = private_directory(**known);
  delivery.private_name = key->file_name();
  delivery.size = status->size;
  delivery.digest = key->digest();
  delivery.mode = verified_later ? transfer::DeliveryMode::follow : transfer::DeliveryMode::verify_once;
  delivery.progress = [&](std::uint64_t bytes) { conversation.progress(bytes); };
  delivery.stop = conversation.stop_token();
  auto delivered = transfer::deliver(*object, delivery);
  if (delivered || delivered.error().kind != ErrorKind::integrity) return delivered;
  return fail(handle_damage(*key, *object, delivered.error(), conversation));
}

std::string SpecialRemote::check_present(const Request& request) {
  note_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return failure_reply(request, key.error().message);
  const auto where = dataset(Access::read);
  if (!where) return reply(request, fail(where.error()));
  const auto presence = (*where)->find(*key);
  if (!presence) return reply(request, fail(presence.error()));
  switch (*presence) {
    case store::Presence::present:
      if (is_damaged(request.key))
        return failure_reply(request, request.key + " was found damaged in " + (*where)->path());
      return success_reply(request);
    case store::Presence::absent:
    case store::Presence::wrong_size:
      return absent_reply(request.key);
    case store::Presence::archived:
      break;
  }
  return failure_reply(request, request.key + " is not loose in " + (*where)->path() +
                                    ", and this program does not yet read archives/archive.7z");
}

Status SpecialRemote::remove(const Request& request, Conversation& conversation) {
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  bool damaged = false;
  {
    const std::lock_guard lock(mutex_);
    if (just_stored_.erase(request.key) > 0)
      return fail(
          ErrorKind::source_changed,
          "it was stored a moment ago and every byte was good, but the local file changed or vanished since; "
          "the store keeps its copy, which may be the last one");
    damaged = damaged_.contains(request.key);
  }
  const auto where = dataset(Access::write);
  if (!where) return fail(where.error());
  const auto presence = (*where)->find(*key);
  if (!presence) return fail(presence.error());
  if (!damaged && *presence != store::Presence::wrong_size) return (*where)->remove(*key);
  const auto kept = (*where)->quarantine(*key);
  if (!kept) return fail(kept.error());
  {
    const std::lock_guard lock(mutex_);
    damaged_.erase(request.key);
  }
  if (*kept) conversation.inform("the damaged object of " + request.key + " was moved to " + **kept);
  return {};
}

std::string SpecialRemote::where_is(const Request& request) {
  note_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return failure_reply(request, {});
  const auto where = dataset(Access::read);
  if (!where) return failure_reply(request, {});
  const auto presence = (*where)->find(*key);
  if (!presence || *presence != store::Presence::present) return failure_reply(request, {});
  return where_is_reply((*where)->path() + "/" + (*where)->object_path(*key));
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
  if (conversation.has(Extension::unavailable_response) && !dataset(Access::read))
    return Availability::unavailable;
  return Availability::local;
}

std::vector<InfoField> SpecialRemote::info() {
  std::vector<InfoField> fields;
  const auto where = url(Access::read);
  fields.push_back({"store", where ? where->text() : where.error().message});
  const auto known = settings();
  fields.push_back({"dataset", known ? (*known)->archive_id : known.error().message});
  const auto config = git_config();
  if (known && config) {
    const bool follow = git_annex_verifies(**config, (*known)->git_remote);
    fields.push_back({"verification", follow ? "git-annex follows the file" : "verify-once, by microstage"});
  }
  const auto opened = dataset(Access::read);
  if (!opened) {
    fields.push_back({"state", "not available: " + opened.error().message});
    return fields;
  }
  const bool mixed = (*opened)->hash_directories() == store::HashDirectories::mixed;
  fields.push_back({"layout", mixed ? "2 (mixed hash directories)" : "1 (lower hash directories)"});
  fields.push_back({"path", (*opened)->path()});
  if (const auto counts = (*opened)->count_objects()) {
    fields.push_back(
        {"loose objects", std::to_string(counts->objects) + " (" + human_size(counts->bytes) + ")"});
    fields.push_back({"archive", counts->archive ? "yes" : "no"});
  }
  return fields;
}

}  // namespace microstage::remote
