#include "lib/ledger/catalogue.h"

#include <algorithm>
#include <array>
#include <limits>

namespace microstage::ledger {

namespace {

constexpr FieldSpec interned(Field field, std::string_view name, std::string_view column,
                             std::string Event::*text) {
  return {field, FieldKind::name, name, column, text, nullptr};
}
constexpr FieldSpec rare(Field field, std::string_view name, std::string Event::*text) {
  return {field, FieldKind::rare_text, name, {}, text, nullptr};
}
constexpr FieldSpec rare(Field field, std::string_view name, std::optional<std::uint64_t> Event::*number) {
  return {field, FieldKind::rare_number, name, {}, nullptr, number};
}

constexpr std::array kFields{
    interned(Field::request, "request", "request", &Event::request),
    interned(Field::job, "job", "job", &Event::job),
    interned(Field::dataset, "dataset", "dataset", &Event::dataset),
    interned(Field::key, "key", "key", &Event::key),
    interned(Field::from, "from", "source", &Event::from),
    interned(Field::to, "to", "target", &Event::to),
    interned(Field::actor, "actor", "actor", &Event::actor),
    interned(Field::host, "host", "host", &Event::host),
    interned(Field::program, "program", "program", &Event::program),
    interned(Field::verified, "verified", "verified", &Event::verified),
    interned(Field::basis, "basis", "basis", &Event::basis),
    interned(Field::result, "result", "result", &Event::result),
    FieldSpec{Field::bytes, FieldKind::number, "bytes", "bytes", nullptr, &Event::bytes},
    FieldSpec{Field::duration, FieldKind::number, "duration", "duration", nullptr, &Event::duration},
    rare(Field::path, "path", &Event::path),
    rare(Field::error, "error", &Event::error),
    rare(Field::digest, "digest", &Event::digest),
    rare(Field::proof, "proof", &Event::proof),
    rare(Field::state, "state", &Event::state),
    rare(Field::action, "action", &Event::action),
    rare(Field::owner, "owner", &Event::owner),
    rare(Field::slurm, "slurm", &Event::slurm),
    rare(Field::pin, "pin", &Event::pin),
    rare(Field::spool, "spool", &Event::spool),
    rare(Field::note, "note", &Event::note),
    rare(Field::evidence, "evidence", &Event::evidence),
    rare(Field::uid, "uid", &Event::uid),
    rare(Field::token, "token", &Event::token),
    rare(Field::attempt, "attempt", &Event::attempt),
    rare(Field::files, "files", &Event::files),
    rare(Field::inodes, "inodes", &Event::inodes),
    rare(Field::until, "until", &Event::until),
    rare(Field::recorded, "recorded", &Event::recorded),
    rare(Field::position, "position", &Event::position),
    rare(Field::priority, "priority", &Event::priority),
    rare(Field::keep, "keep", &Event::keep),
};

template <class... Fields>
constexpr FieldSet set(Fields... list) {
  return (FieldSet{0} | ... | bit(list));
}

using enum Field;

// Any event may come late, be somebody's, come from some host and program, and be explained.
constexpr FieldSet kAny = set(recorded, actor, uid, owner, host, program, slurm, note);
constexpr FieldSet kWork = kAny | set(request, job, token, attempt);
constexpr FieldSet kObject = kWork | set(dataset, key, path, bytes, duration, digest, proof, verified, basis);
constexpr FieldSet kAmount = set(bytes, files, inodes);

constexpr std::array kTypes{
    TypeSpec{EventType::daemon_started, "daemon.started", 1, set(host, program), kAny},
    TypeSpec{EventType::daemon_stopped, "daemon.stopped", 1, set(host, program), kAny | set(result, error)},
    TypeSpec{EventType::daemon_paused, "daemon.paused", 1, set(result, error), kAny | set(to, path)},
    TypeSpec{EventType::daemon_resumed, "daemon.resumed", 1, 0, kAny | set(to, path)},
    TypeSpec{EventType::config_changed, "config.changed", 1, set(path), kAny | set(digest)},
    TypeSpec{EventType::request_made, "request.made", 1, set(request, actor, action),
             kAny | kAmount | set(dataset, from, to, until, priority, keep), CopyEffect::none, Count::none,
             OpenKind::request, OpenEffect::opens},
    TypeSpec{EventType::request_ended, "request.ended", 1, set(request), kAny | kAmount | set(result, error),
             CopyEffect::none, Count::none, OpenKind::request, OpenEffect::closes},
    TypeSpec{EventType::request_refused, "request.refused", 1, set(actor, action, result, error),
             kAny | set(request, dataset, key, path, from, to)},
    TypeSpec{EventType::job_made, "job.made", 1, set(request, job, dataset, action),
             kWork | kAmount | set(from, to, until), CopyEffect::none, Count::none, OpenKind::job,
             OpenEffect::opens},
    TypeSpec{EventType::job_changed, "job.changed", 1, set(job, state),
             kWork | kAmount | set(dataset, until, result, error), CopyEffect::none, Count::none,
             OpenKind::job, OpenEffect::changes},
    TypeSpec{EventType::job_ended, "job.ended", 1, set(job, state),
             kWork | kAmount | set(dataset, duration, result, error), CopyEffect::none, Count::none,
             OpenKind::job, OpenEffect::closes},
    TypeSpec{EventType::lease_given, "lease.given", 1, set(job, token),
             kWork | set(dataset, action, from, to, until), CopyEffect::none, Count::none, OpenKind::lease,
             OpenEffect::opens},
    TypeSpec{EventType::lease_ended, "lease.ended", 1, set(job, token), kWork | set(dataset, result, error),
             CopyEffect::none, Count::none, OpenKind::lease, OpenEffect::closes},
    TypeSpec{EventType::transfer_finished, "transfer.finished", 1,
             set(key, from, to, bytes, actor, verified, basis), kObject, CopyEffect::arrives, Count::moved},
    TypeSpec{EventType::transfer_failed, "transfer.failed", 1,
             set(key, from, to, actor, basis, result, error), kObject, CopyEffect::none, Count::failed},
    TypeSpec{EventType::object_verified, "object.verified", 1, set(dataset, key, to, verified, basis),
             kObject | set(result, error), CopyEffect::proves},
    TypeSpec{EventType::object_found, "object.found", 1, set(dataset, key, to, basis), kObject,
             CopyEffect::arrives},
    TypeSpec{EventType::object_lost, "object.lost", 1, set(dataset, key, from, basis),
             kObject | set(result, error), CopyEffect::leaves},
    TypeSpec{EventType::object_quarantined, "object.quarantined", 1, set(dataset, key, from, basis, result),
             kObject | set(to, error), CopyEffect::leaves},
    TypeSpec{EventType::object_released, "object.released", 1, set(dataset, key, from, basis),
             kObject | set(to, evidence, inodes), CopyEffect::leaves, Count::removed},
    TypeSpec{EventType::object_removed, "object.removed", 1, set(dataset, key, from, actor, basis), kObject,
             CopyEffect::leaves, Count::removed},
    TypeSpec{EventType::dataset_sealed, "dataset.sealed", 1, set(dataset, to, basis),
             kWork | kAmount | set(path, duration, digest, proof, verified, result, error)},
    TypeSpec{EventType::pin_made, "pin.made", 1, set(pin, dataset, to, actor), kAny | set(request, until),
             CopyEffect::none, Count::none, OpenKind::pin, OpenEffect::opens},
    TypeSpec{EventType::pin_ended, "pin.ended", 1, set(pin), kAny | set(request, dataset, to),
             CopyEffect::none, Count::none, OpenKind::pin, OpenEffect::closes},
    TypeSpec{EventType::reservation_made, "reservation.made", 1, set(job, to, bytes, inodes),
             kWork | set(dataset, files), CopyEffect::none, Count::none, OpenKind::reservation,
             OpenEffect::opens},
    TypeSpec{EventType::reservation_ended, "reservation.ended", 1, set(job),
             kWork | kAmount | set(dataset, to), CopyEffect::none, Count::none, OpenKind::reservation,
             OpenEffect::closes},
    TypeSpec{EventType::spool_imported, "spool.imported", 1, set(spool, position),
             kAny | set(path, bytes, files, result, error)},
};

Status check_field(const FieldSpec& spec, const TypeSpec& type, const Event& event) {
  const FieldSet mask = bit(spec.field);
  const auto refuse = [&](const char* why) {
    return fail(ErrorKind::invalid, "an event " + std::string{type.name} + " is not recorded: its field '" +
                                        std::string{spec.name} + "' " + why);
  };
  if (!spec.present(event)) {
    if ((type.required & mask) != 0) return refuse("is missing");
    return {};
  }
  if (((type.required | type.optional) & mask) == 0) return refuse("does not belong to this type");
  if (spec.text != nullptr && (event.*spec.text).size() > kLongestText) return refuse("is too long");
  if (spec.number != nullptr && *(event.*spec.number) > std::numeric_limits<std::int64_t>::max())
    return refuse("is too large");
  return {};
}

bool in_taxonomy(std::string_view result) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::bug); ++kind)
    if (microstage::name(static_cast<ErrorKind>(kind)) == result) return true;
  return false;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::span<const FieldSpec> fields() {
  return kFields;
}

const FieldSpec* find_field(std::uint64_t number) {
  return number == 0 || number > kFields.size() ? nullptr : &kFields.at(number - 1);
}

std::span<const TypeSpec> types() {
  return kTypes;
}

const TypeSpec* find_type(EventType type) {
  static const auto by_number = [] {
    std::array<const TypeSpec*, 256> table{};
    for (const TypeSpec& spec : kTypes)
      table.at(static_cast<std::size_t>(spec.type)) = &spec;
    return table;
  }();
  return by_number.at(static_cast<std::size_t>(type));
}

const TypeSpec* find_type(std::string_view name) {
  const TypeSpec* newest = nullptr;
  for (const TypeSpec& spec : kTypes)
    if (spec.name == name && (newest == nullptr || newest->version < spec.version)) newest = &spec;
  return newest;
}

std::string_view name(EventType type) {
  const TypeSpec* spec = find_type(type);
  return spec == nullptr ? "unknown" : spec->name;
}

Status check(const Event& event) {
  const TypeSpec* type = find_type(event.type);
  if (type == nullptr) {
    return fail(ErrorKind::invalid, "an event of the unknown type " +
                                        std::to_string(static_cast<int>(event.type)) + " is not recorded");
  }
  if (event.time < 0) {
    return fail(ErrorKind::invalid,
                "an event " + std::string{type->name} + " from before 1970 is not recorded");
  }
  for (const FieldSpec& spec : kFields)
    if (auto good = check_field(spec, *type, event); !good) return good;
  if (!event.result.empty() && !in_taxonomy(event.result)) {
    return fail(ErrorKind::invalid, "an event " + std::string{type->name} + " is not recorded: its result '" +
                                        event.result + "' is no kind of error");
  }
  if (!is_one_of(event.basis, {"", "claim", "proof"}) ||
      !is_one_of(event.verified, {"", "hash", "read-back", "size", "git-annex", "none"})) {
    return fail(ErrorKind::invalid,
                "an event " + std::string{type->name} +
                    " is not recorded: its basis or verified is no word of the catalogue");
  }
  return {};
}

}  // namespace microstage::ledger
