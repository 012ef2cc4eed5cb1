// SpecialRemote: the requests that move content, TRANSFER STORE and RETRIEVE.

#include <unistd.h>

#include "lib/transfer/deliver.h"
#include "remote/follower.h"
#include "remote/reports.h"
#include "remote/special_remote.h"
#include "remote/throttle.h"
#include "remote/watched_source.h"

namespace microstage::remote {

Result<store::TransferControl> SpecialRemote::store_control(Conversation& conversation,
                                                            control::Report& told) {
  const auto known = settings();
  const auto config = known ? git_config() : fail(known.error());
  if (!config) return fail(config.error());
  const auto read_back = reads_back(**known, **config);
  if (!read_back) return fail(read_back.error());
  const auto limit = limiter();
  if (!limit) return fail(limit.error());
  store::TransferControl control;
  control.read_back = *read_back;
  control.progress = [&conversation, &told](std::uint64_t bytes) {
    told.bytes = bytes;
    conversation.progress(bytes);
  };
  control.stop = conversation.stop_token();
  const auto throttle = std::make_shared<Throttle>(*limit, control.stop);
  control.pace = [throttle](std::uint64_t bytes) { throttle->pass(bytes); };
  return control;
}

Status SpecialRemote::store(const Request& request, Conversation& conversation, control::Report& told) {
  memory_.note_other_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  const auto target = writable_dataset();
  if (!target) return fail(target.error());
  auto control = store_control(conversation, told);
  if (!control) return fail(control.error());
  control->replace = known_damage(*key).has_value();
  const auto report = (*target)->store(*key, request.file, *control);
  if (!report) return fail(report.error());
  note_stored(told, *key, *report, control->read_back);
  damage_marks().forget(*key);
  const bool kept = report->already_there || report->hashed;
  // A manifest is removed and stored anew on purpose.
  if (!key->is_mutable()) memory_.note_store(request.key, kept ? LastStore::kept : LastStore::unproven);
  conversation.debug(report->already_there
                         ? request.key + " is in the store already, with the right size"
                         : "stored " + request.key + ", " +
                               (report->hashed ? "every byte hashed"
                                               : "checked by its size only: its key has no usable digest"));
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

Status SpecialRemote::deliver_to_annex(const annex::Key& key, const std::string& file,
                                       transfer::Source& source, Conversation& conversation,
                                       control::Report& report) {
  const auto known = settings();
  if (!known) return fail(known.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  const bool verified_later = git_annex_verifies(**config, (*known)->git_remote);
  if (auto verifiable = check_verifiable(key, verified_later); !verifiable) return verifiable;
  const auto own = private_directory(**known);
  if (!own) return fail(own.error());
  transfer::Delivery delivery;
  delivery.path = file;
  delivery.private_directory = *own;
  delivery.private_name = key.file_name();
  delivery.digest = key.digest();
  delivery.mode = verified_later ? transfer::DeliveryMode::follow : transfer::DeliveryMode::verify_once;
  if (verified_later) watch_.keep_for(file);
  delivery.progress = [&](std::uint64_t bytes) {
    report.bytes = bytes;
    conversation.progress(bytes);
  };
  delivery.stop = conversation.stop_token();
  const auto limit = limiter();
  if (!limit) return fail(limit.error());
  Throttle throttle(*limit, delivery.stop);
  Follower follower(::getppid(), file);
  delivery.pace = [&](std::uint64_t bytes) {
    throttle.pass(bytes);
    if (verified_later) follower.wait_until_near(bytes, delivery.stop);
  };
  auto delivered = transfer::deliver(ops_, source, delivery);
  if (delivered) note_delivered(report, key, source.size(), verified_later);
  return delivered;
}

Status SpecialRemote::retrieve(const Request& request, Conversation& conversation, control::Report& report) {
  memory_.note_other_request(request.key);
  const auto key = annex::Key::parse(request.key);
  if (!key) return fail(key.error());
  const auto from = readable_dataset();
  if (!from) return fail(from.error());
  auto object = (*from)->open_object(*key);
  if (!object) return fail(note_unreadable(*key, (*from)->holder_of(*key), {}, std::move(object.error())));
  auto source = std::make_unique<WatchedSource>(std::move(object->source));
  const auto& failure = source->failure();
  object->source = std::move(source);
  auto delivered = deliver_to_annex(*key, request.file, *object->source, conversation, report);
  if (delivered && key->digest()) damage_marks().forget(*key);
  if (!delivered && delivered.error().kind == ErrorKind::integrity)
    delivered = fail(handle_damage(*key, *object, std::move(delivered.error()), conversation));
  if (delivered || !failure) return delivered;
  return fail(note_unreadable(*key, object->holder, {failure->offset, failure->size}, failure->error));
}

}  // namespace microstage::remote
