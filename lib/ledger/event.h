#pragma once
// What the ledger records: one Event for each thing that happened. events.md says what each type and field
// means and who writes it; catalogue.h is the same as a table.
//
// Threads: values.

#include <cstdint>
#include <optional>
#include <string>

namespace microstage::ledger {

// The numbers are written to disk and never change their meaning; a type whose fields change gets a new
// number and the next version.
enum class EventType : std::uint8_t {
  daemon_started = 1,
  daemon_stopped = 2,
  daemon_paused = 3,
  daemon_resumed = 4,
  config_changed = 5,
  request_made = 10,
  request_ended = 11,
  request_refused = 12,
  job_made = 20,
  job_changed = 21,
  job_ended = 22,
  lease_given = 30,
  lease_ended = 31,
  transfer_finished = 40,
  transfer_failed = 41,
  object_verified = 50,
  object_found = 51,
  object_lost = 52,
  object_quarantined = 53,
  object_released = 54,
  object_removed = 55,
  dataset_sealed = 60,
  pin_made = 70,
  pin_ended = 71,
  reservation_made = 80,
  reservation_ended = 81,
  spool_imported = 90,
};

// An empty text or number is an absent field. Texts are bytes: keys and paths need not be UTF-8.
struct Event {
  EventType type{};
  std::int64_t time = 0;  // when it happened: nanoseconds since 1970, UTC

  // Names that recur; the ledger keeps each once.
  std::string request;
  std::string job;
  std::string dataset;
  std::string key;
  std::string from;
  std::string to;
  std::string actor;
  std::string host;
  std::string program;
  std::string verified;
  std::string basis;
  std::string result;

  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> duration;  // nanoseconds

  // Rarer fields.
  std::string path;
  std::string error;
  std::string digest;
  std::string proof;
  std::string state;
  std::string action;
  std::string owner;
  std::string slurm;
  std::string pin;
  std::string spool;
  std::string priority;
  std::string note;
  std::optional<std::uint64_t> evidence;
  std::optional<std::uint64_t> uid;
  std::optional<std::uint64_t> token;
  std::optional<std::uint64_t> attempt;
  std::optional<std::uint64_t> files;
  std::optional<std::uint64_t> inodes;
  std::optional<std::uint64_t> until;     // nanoseconds since 1970, UTC
  std::optional<std::uint64_t> recorded;  // likewise; only where the event was taken in later than `time`
  std::optional<std::uint64_t> position;
  std::optional<std::uint64_t> keep;  // nanoseconds

  bool operator==(const Event&) const = default;
};

}  // namespace microstage::ledger
