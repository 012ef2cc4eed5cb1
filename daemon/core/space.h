#pragma once
// The space of a tier: what it reported as free, less what is promised and not yet written, less what was
// written since it reported. Bytes and inodes alike.
//
// Threads: one at a time.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/settings.h"
#include "lib/core/error.h"

namespace microstage::core {

struct Room {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;

  bool operator==(const Room&) const = default;
};

enum class Shortage { none, unknown, bytes, inodes, paused };

class Space {
 public:
  void seen(const Room& free, Time now);

  // Why `room` cannot be promised now.
  [[nodiscard]] Shortage lacks(const Room& room, Time now) const;

  // Promises `room` to `holder`, instead of what it holds already. The caller has asked lacks() for the
  // difference.
  void reserve(const std::string& holder, const Room& room);
  // Something promised to `holder` has been written.
  void written(const std::string& holder, const Room& room);
  void release(const std::string& holder);
  [[nodiscard]] std::optional<Room> held(const std::string& holder) const;

  // The tier says that it is full, whatever it reported: nothing new is promised until `until`.
  void pause(ErrorKind kind, Time until);
  [[nodiscard]] std::optional<Time> paused_until(Time now) const;
  [[nodiscard]] ErrorKind pause_kind() const { return pause_kind_; }

  // Who holds most of what is promised; empty when nobody does.
  [[nodiscard]] std::string largest_holder() const;
  [[nodiscard]] Room available() const;

 private:
  std::optional<Room> free_;
  Room written_;   // since `free_` was seen
  Room promised_;  // and not yet written: the sum of what is in holders_
  std::map<std::string, Room> holders_;
  Time paused_until_{};
  ErrorKind pause_kind_ = ErrorKind::space_bytes;
};

}  // namespace microstage::core
